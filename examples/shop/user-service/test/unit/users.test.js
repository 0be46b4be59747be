'use strict'

const { readId, readNewUser } = require('../../src/users.js')

test('a new user is trimmed, and the address is in small letters', () => {
  expect(readNewUser({ name: ' Ada ', email: 'Ada@Example.org ' })).toEqual({ name: 'Ada', email: 'ada@example.org' })
})

test.each([
  [undefined, 'name must have 1 to 100 characters'],
  [{ name: '  ', email: 'ada@example.org' }, 'name must have 1 to 100 characters'],
  [{ name: 'a'.repeat(101), email: 'ada@example.org' }, 'name must have 1 to 100 characters'],
  [{ name: 'Ada', email: 'ada' }, 'email must be an address'],
  [{ name: 'Ada', email: ['ada@example.org'] }, 'email must be an address'],
])('%j is refused', (body, problem) => {
  expect(() => readNewUser(body)).toThrow(new RangeError(problem))
})

test.each([
  ['1', 1],
  ['0', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['1e3', 1000],
  ['one', undefined],
  ['99999999999999999999', undefined],
])('%s as an id is %s', (text, id) => {
  expect(readId(text)).toBe(id)
})
