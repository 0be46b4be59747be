'use strict'

const { greet, readName } = require('../../src/greeting.js')

test('greets by name', async () => {
  expect(await greet('Ada')).toContain('Ada')
  expect(await greet('Ada', 'Bonjour')).toMatch(/^Bonjour, Ada/)
})

test.each([
  ['Ada', 'Ada'],
  ['  Grace Hopper ', 'Grace Hopper'],
  ['Zoë', 'Zoë'],
])('%j is a name', (text, name) => {
  expect(readName(text)).toBe(name)
})

test.each([[''], ['   '], ['<script>'], ['a\u0000b'], ['x'.repeat(51)]])('%j is no name', (text) => {
  expect(readName(text)).toBeUndefined()
})
