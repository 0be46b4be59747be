'use strict'

/** Prices in cents. */
const prices = { apple: 40, bread: 350, coffee: 899, tea: 499 }

const mostLines = 100
const mostOfOne = 1000

/**
 * An order from outside, checked and priced: `{ userId, lines: [{ sku, quantity, amountCents }], totalCents }`.
 * Throws a RangeError that says what is wrong with it.
 */
function priceOrder(body) {
  if (!Number.isSafeInteger(body?.userId) || body.userId < 1) throw new RangeError('userId must be the id of a user')
  if (!Array.isArray(body.items) || body.items.length === 0) throw new RangeError('items must be a list with at least one item')
  if (body.items.length > mostLines) throw new RangeError(`items may hold at most ${mostLines} items`)
  const lines = body.items.map(priceLine)
  return { userId: body.userId, lines, totalCents: lines.reduce((sum, line) => sum + line.amountCents, 0) }
}

function priceLine(item, index) {
  if (!Object.hasOwn(prices, item?.sku ?? '')) throw new RangeError(`items[${index}].sku is not something we sell`)
  if (!Number.isInteger(item.quantity) || item.quantity < 1 || item.quantity > mostOfOne) {
    throw new RangeError(`items[${index}].quantity must be a whole number from 1 to ${mostOfOne}`)
  }
  return { sku: item.sku, quantity: item.quantity, amountCents: prices[item.sku] * item.quantity }
}

module.exports = { priceOrder, prices }
