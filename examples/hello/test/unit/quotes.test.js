'use strict'

const { quote } = require('../../src/quotes.js')

test('adds up the lines', () => {
  const { lines, total } = quote({ items: [{ sku: 'apple', quantity: 3 }, { sku: 'tea', quantity: 1 }] })
  expect(lines.map((line) => line.amount)).toEqual([120, 499])
  expect(total).toBe(619)
})

test.each([
  [undefined, 'items must be a list'],
  [null, 'items must be a list'],
  [{ items: [] }, 'items must be a list'],
  [{ items: Array.from({ length: 101 }, () => ({ sku: 'tea', quantity: 1 })) }, 'at most 100'],
  [{ items: [{ sku: 'tea', quantity: 1 }, { sku: 'gold', quantity: 1 }] }, 'items[1].sku'],
  [{ items: [{ sku: 'toString', quantity: 1 }] }, 'items[0].sku'],
  [{ items: [null] }, 'items[0].sku'],
  [{ items: [{ sku: 'tea', quantity: 0 }] }, 'items[0].quantity'],
  [{ items: [{ sku: 'tea', quantity: 1.5 }] }, 'items[0].quantity'],
  [{ items: [{ sku: 'tea', quantity: 1001 }] }, 'items[0].quantity'],
])('refuses %j', (order, message) => {
  expect(() => quote(order)).toThrow(message)
})
