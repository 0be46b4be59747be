'use strict'

const { createApp } = require('../../src/app.js')
const { refusal } = require('../../src/service.js')

/** A service behind the gateway that answers from a table: `METHOD path` → `[status, body]`, or an error. */
function upstream(answers, check = async () => {}) {
  const asked = []
  return {
    asked,
    check,
    send: async (method, path, body) => {
      asked.push({ method, path, body })
      const answer = answers[`${method} ${path}`]
      if (answer instanceof Error) throw answer
      return { status: answer?.[0] ?? 404, body: answer?.[1] ?? { error: 'not found' } }
    },
  }
}

const ada = { id: 1, name: 'Ada' }

test('an overview is a user and their orders in one answer', async () => {
  const users = upstream({ 'GET /users/1': [200, ada] })
  const orders = upstream({ 'GET /orders?userId=1': [200, { orders: [{ id: 5 }] }] })
  const { app } = createApp({ users, orders, logger: false })
  expect((await app.inject('/api/users/1/overview')).json()).toEqual({ user: ada, orders: [{ id: 5 }] })
})

test('an overview is given without the orders when these can not be had', async () => {
  const orders = upstream({ 'GET /orders?userId=1': refusal(502, 'order-service cannot be reached') })
  const { app } = createApp({ users: upstream({ 'GET /users/1': [200, ada] }), orders, logger: false })
  expect((await app.inject('/api/users/1/overview')).json()).toEqual({ user: ada, orders: null })
})

test('an order for nobody is refused and not sent on', async () => {
  const orders = upstream({})
  const { app } = createApp({ users: upstream({}), orders, logger: false })
  const response = await app.inject({ method: 'POST', url: '/api/orders', payload: { userId: 9, items: [] } })
  expect([response.statusCode, response.json()]).toEqual([422, { error: 'userId is not the id of a user' }])
  expect(orders.asked).toEqual([])
})

test('what is behind answers as it is, queries too', async () => {
  const orders = upstream({ 'GET /orders?userId=1': [200, { orders: [] }] })
  const { app } = createApp({ users: upstream({}), orders, logger: false })
  expect((await app.inject('/api/orders?userId=1')).json()).toEqual({ orders: [] })
  expect((await app.inject('/api/users/9')).statusCode).toBe(404)
})

test('a service that is away is a 502 with its name', async () => {
  const { app } = createApp({ users: upstream({ 'GET /users': refusal(502, 'user-service cannot be reached') }), orders: upstream({}), logger: false })
  const response = await app.inject('/api/users')
  expect([response.statusCode, response.json()]).toEqual([502, { error: 'user-service cannot be reached' }])
})

test('it is ready when what it needs is ready, and says what is not', async () => {
  const broken = upstream({}, async () => Promise.reject(new Error('database: no answer')))
  const { app } = createApp({ users: broken, orders: upstream({}), logger: false })
  const response = await app.inject('/ready')
  expect([response.statusCode, response.json()]).toEqual([503, { status: 'not ready', problems: { 'user-service': 'database: no answer' } }])
  expect((await app.inject('/health')).statusCode).toBe(200)
})

test('a trace is continued, and made when there is none', async () => {
  const { app } = createApp({ users: upstream({}), orders: upstream({}), logger: false })
  const trace = '0af7651916cd43dd8448eb211c80319c'
  const headers = { traceparent: `00-${trace}-b7ad6b7169203331-01` }
  expect((await app.inject({ url: '/', headers })).headers.traceparent).toMatch(new RegExp(`^00-${trace}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`))
  expect((await app.inject({ url: '/', headers: { traceparent: '00-0-0-01' } })).headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
})

test('requests are counted and timed by route', async () => {
  const { app } = createApp({ users: upstream({}), orders: upstream({}), logger: false })
  await app.inject('/api/users/9')
  const { body } = await app.inject('/metrics')
  expect(body).toContain('http_requests_total{method="GET",route="/api/users/:id",status="404",service="api-gateway"} 1')
  expect(body).toContain('http_request_duration_seconds_count{service="api-gateway",route="/api/users/:id"} 1')
})
