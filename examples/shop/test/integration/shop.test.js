'use strict'

// The three services as processes over real Postgres, Redis and RabbitMQ. Without these programs (and without SHOP_POSTGRES, SHOP_REDIS, SHOP_RABBITMQ)
// only what needs none of them is tested, and the name of the skipped group says what to install.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { join } = require('node:path')
const { Client } = require('pg')
const { find, startBacking, stopBacking } = require('../support/backing.js')

const root = join(__dirname, '../..')
const installed =
  (process.env.SHOP_POSTGRES || find('initdb')) && (process.env.SHOP_REDIS || find('redis-server')) && (process.env.SHOP_RABBITMQ || find('rabbitmq-server'))
const children = []
jest.setTimeout(90_000)

/** Starts a service; gives its address, what it has logged, and how to stop it. */
async function start(name, env) {
  const options = { cwd: join(root, name), env: { ...process.env, PORT: '0', ...env }, stdio: ['ignore', 'pipe', 'inherit'] }
  const child = spawn(process.execPath, ['src/main.js'], options)
  children.push(child)
  const lines = []
  let rest = ''
  const url = await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}: ${lines.join('\n')}`)))
    child.stdout.on('data', (chunk) => {
      const parts = (rest + chunk).split('\n')
      rest = parts.pop()
      lines.push(...parts)
      const port = parts.map((line) => /listening at http:\/\/[^"]*:(\d+)/.exec(line)?.[1]).find(Boolean)
      if (port) resolve(`http://127.0.0.1:${port}`)
    })
  })
  return { url, lines, child }
}

async function ask(url, body, headers = {}) {
  const init = body && { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }
  const response = await fetch(url, init ?? { headers })
  return { status: response.status, body: await response.json(), headers: response.headers }
}

async function until(look, holds) {
  for (let tries = 0; ; tries++) {
    const seen = await look()
    if (holds(seen)) return seen
    if (tries === 300) throw new Error(`still not so: ${JSON.stringify(seen.body ?? seen)}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await stopBacking()
})

test('a gateway alone is healthy, and not ready: it says what is missing', async () => {
  const { url } = await start('api-gateway', { USER_SERVICE_URL: 'http://127.0.0.1:9', ORDER_SERVICE_URL: 'http://127.0.0.1:9' })
  expect((await ask(`${url}/health`)).status).toBe(200)
  const { status, body } = await ask(`${url}/ready`)
  expect(status).toBe(503)
  expect(body.problems).toEqual({ 'user-service': 'user-service cannot be reached', 'order-service': 'order-service cannot be reached' })
})

test('a service whose database is away is healthy, and not ready', async () => {
  const nothing = { DB_HOST: '127.0.0.1', DB_PORT: '9', REDIS_URL: 'redis://127.0.0.1:9', RABBITMQ_URL: 'amqp://127.0.0.1:9' }
  const { url, child } = await start('user-service', nothing)
  expect((await ask(`${url}/health`)).status).toBe(200)
  expect((await ask(`${url}/ready`)).body.problems).toMatchObject({ schema: 'is being brought up to date' })
  child.kill('SIGKILL')
})

const whole = installed ? describe : describe.skip
whole('the shop over Postgres, Redis and RabbitMQ (skipped without postgresql, redis-server and rabbitmq-server)', () => {
  let gateway
  let users
  let orders

  beforeAll(async () => {
    const { postgres, redis, rabbitmq } = await startBacking()
    const [host, port] = postgres.split(':')
    await createDatabases({ host, port })
    const database = { DB_HOST: host, DB_PORT: port, DB_PASSWORD: 'password', RABBITMQ_URL: rabbitmq }
    users = await start('user-service', { ...database, DB_NAME: 'users', REDIS_URL: redis })
    orders = await start('order-service', { ...database, DB_NAME: 'orders' })
    gateway = await start('api-gateway', { USER_SERVICE_URL: users.url, ORDER_SERVICE_URL: orders.url })
    await until(() => ask(`${gateway.url}/ready`), ({ status }) => status === 200)
  })

  async function createDatabases({ host, port }) {
    const connect = async () => {
      const client = new Client({ host, port: Number(port), user: 'user', password: 'password', database: 'postgres' })
      await client.connect()
      return client
    }
    const client = await until(() => connect().catch(() => undefined), (one) => one !== undefined)
    for (const name of ['users', 'orders']) {
      const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name])
      if (rowCount === 0) await client.query(`CREATE DATABASE ${name}`)
    }
    await client.end()
  }

  const newUser = async () => (await ask(`${gateway.url}/api/users`, { name: 'Ada', email: `${Math.random()}@example.org` })).body

  test('an order is counted to its user, once, through the broker, in one trace', async () => {
    const user = await newUser()
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` }
    const order = await ask(`${gateway.url}/api/orders`, { userId: user.id, items: [{ sku: 'tea', quantity: 2 }] }, headers)
    expect([order.status, order.body.totalCents]).toEqual([201, 998])
    const seen = await until(() => ask(`${gateway.url}/api/users/${user.id}/overview`), ({ body }) => body.user.orders === 1)
    expect(seen.body.user.spentCents).toBe(998)
    expect(seen.body.orders).toMatchObject([{ id: order.body.id, userId: user.id }])
    const traced = (service, text) => service.lines.some((line) => line.includes(traceId) && line.includes(text))
    expect([traced(gateway, 'answered'), traced(orders, 'answered'), traced(users, 'order counted')]).toEqual([true, true, true])
  })

  test('a user is cached, and no longer when an order was counted', async () => {
    const user = await newUser()
    const look = () => ask(`${gateway.url}/api/users/${user.id}`)
    expect((await look()).headers.get('x-cache')).toBe('miss')
    expect((await look()).headers.get('x-cache')).toBe('hit')
    await ask(`${gateway.url}/api/orders`, { userId: user.id, items: [{ sku: 'apple', quantity: 1 }] })
    expect((await until(look, ({ body }) => body.orders === 1)).body.spentCents).toBe(40)
  })

  test('an address is taken once; an order for nobody is refused', async () => {
    const email = `${Math.random()}@example.org`
    expect((await ask(`${gateway.url}/api/users`, { name: 'Ada', email })).status).toBe(201)
    expect(await ask(`${gateway.url}/api/users`, { name: 'Bob', email })).toMatchObject({ status: 409, body: { error: 'that address is taken' } })
    const order = await ask(`${gateway.url}/api/orders`, { userId: 2_000_000_000, items: [{ sku: 'tea', quantity: 1 }] })
    expect(order).toMatchObject({ status: 422, body: { error: 'userId is not the id of a user' } })
  })

  test('the end-to-end check passes', async () => {
    const options = { cwd: root, env: { ...process.env, TARGET_URL: gateway.url }, stdio: ['ignore', 'ignore', 'inherit'] }
    const child = spawn(process.execPath, ['e2e/check.mjs'], options)
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  test('a service that is asked to stop answers what is in flight and ends well', async () => {
    const ends = [users, orders, gateway].map(async ({ child }) => {
      child.kill('SIGTERM')
      return once(child, 'exit')
    })
    expect(await Promise.all(ends)).toEqual([[0, null], [0, null], [0, null]])
  })
})
