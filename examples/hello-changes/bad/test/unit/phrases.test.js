'use strict'

const { createPool, readPhrase } = require('../../src/phrases.js')

test('the same name gets the same phrase', async () => {
  expect(await readPhrase('Ada')).toBe(await readPhrase('Ada'))
})

test('a connection can be used again once it is given back', () => {
  const pool = createPool(1)
  pool.acquire()
  pool.release()
  expect(() => pool.acquire()).not.toThrow()
})

test('a pool never hands out more connections than it has', () => {
  const pool = createPool(2)
  pool.acquire()
  pool.acquire()
  expect(() => pool.acquire()).toThrow('no free connection')
})
