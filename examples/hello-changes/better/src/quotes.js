'use strict'

/** Prices in cents. */
const prices = { apple: 40, bread: 350, coffee: 899, tea: 499 }

const mostLines = 100
const mostOfOne = 1000

/** From this many of one thing on, its line costs a tenth less. */
const bulkFrom = 10

/**
 * The price of an order, in cents.
 * Takes `{ items: [{ sku, quantity }] }`; throws a RangeError that says what is wrong with it.
 */
function quote(order) {
  if (!Array.isArray(order?.items) || order.items.length === 0) throw new RangeError('items must be a list with at least one item')
  if (order.items.length > mostLines) throw new RangeError(`items may hold at most ${mostLines} items`)
  const lines = order.items.map(quoteLine)
  return { lines, total: lines.reduce((sum, line) => sum + line.amount, 0) }
}

function quoteLine(item, index) {
  if (!Object.hasOwn(prices, item?.sku ?? '')) throw new RangeError(`items[${index}].sku is not something we sell`)
  if (!Number.isInteger(item.quantity) || item.quantity < 1 || item.quantity > mostOfOne) {
    throw new RangeError(`items[${index}].quantity must be a whole number from 1 to ${mostOfOne}`)
  }
  const full = prices[item.sku] * item.quantity
  const discount = item.quantity >= bulkFrom ? Math.floor(full / 10) : 0
  return { sku: item.sku, quantity: item.quantity, amount: full - discount, discount }
}

module.exports = { quote }
