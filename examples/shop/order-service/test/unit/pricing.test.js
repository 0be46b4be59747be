'use strict'

const { priceOrder } = require('../../src/pricing.js')

test('an order costs what its lines cost', () => {
  const order = priceOrder({ userId: 7, items: [{ sku: 'tea', quantity: 2 }, { sku: 'apple', quantity: 1 }] })
  expect(order).toEqual({
    userId: 7,
    lines: [{ sku: 'tea', quantity: 2, amountCents: 998 }, { sku: 'apple', quantity: 1, amountCents: 40 }],
    totalCents: 1038,
  })
})

test.each([
  ['nothing', undefined, 'userId must be the id of a user'],
  ['a user who can not be', { userId: 0, items: [{ sku: 'tea', quantity: 1 }] }, 'userId must be the id of a user'],
  ['no items', { userId: 7, items: [] }, 'items must be a list with at least one item'],
  ['too many lines', { userId: 7, items: Array(101).fill({ sku: 'tea', quantity: 1 }) }, 'items may hold at most 100 items'],
  ['what is not sold', { userId: 7, items: [{ sku: 'constructor', quantity: 1 }] }, 'items[0].sku is not something we sell'],
  ['half a thing', { userId: 7, items: [{ sku: 'tea', quantity: 0.5 }] }, 'items[0].quantity must be a whole number from 1 to 1000'],
])('%s is refused', (_, body, problem) => {
  expect(() => priceOrder(body)).toThrow(new RangeError(problem))
})
