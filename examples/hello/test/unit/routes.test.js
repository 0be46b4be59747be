'use strict'

const { matchRoute } = require('../../src/routes.js')

test.each([
  ['GET', '/', '/'],
  ['HEAD', '/', '/'],
  ['GET', '/health', '/health'],
  ['GET', '/greet/Ada', '/greet/:name'],
  ['POST', '/quotes', '/quotes'],
])('%s %s is answered by %s', (method, path, route) => {
  expect(matchRoute(method, path)).toMatchObject({ route, handler: expect.any(Function) })
})

test.each([
  ['GET', '/nowhere', 404],
  ['GET', '/greet/Ada/again', 404],
  ['DELETE', '/', 405],
  ['GET', '/quotes', 405],
])('%s %s is answered with %i', (method, path, status) => {
  expect(matchRoute(method, path).status).toBe(status)
})

test('a name is decoded; one that can not be is empty', () => {
  expect(matchRoute('GET', '/greet/Zo%C3%AB').param).toBe('Zoë')
  expect(matchRoute('GET', '/greet/%FF').param).toBe('')
})
