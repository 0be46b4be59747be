// Checks a running shop end to end: a user is made, orders, and the order comes back counted through every part. Address from TARGET_URL or PUSHWAY_URL.

import { setTimeout as sleep } from 'node:timers/promises'

const url = (process.env.TARGET_URL || process.env.PUSHWAY_URL || '').replace(/\/$/, '')
if (url === '') fail('no address: set PUSHWAY_URL')
let requests = 0

await expectStatus(200, 'GET', '/health')
await expectStatus(200, 'GET', '/ready')

const email = `ada.${Date.now()}.${process.pid}@example.org`
const user = await expectStatus(201, 'POST', '/api/users', { name: 'Ada', email })
await expectStatus(409, 'POST', '/api/users', { name: 'Ada again', email })
await expectStatus(422, 'POST', '/api/users', { name: '', email: 'nobody' })

const order = await expectStatus(201, 'POST', '/api/orders', { userId: user.id, items: [{ sku: 'tea', quantity: 2 }, { sku: 'apple', quantity: 1 }] })
expectThat(order.totalCents === 1038, `an order of 10.38 costs ${order.totalCents}`)
await expectStatus(422, 'POST', '/api/orders', { userId: user.id, items: [] })
await expectStatus(422, 'POST', '/api/orders', { userId: 2_000_000_000, items: [{ sku: 'tea', quantity: 1 }] })

// The order is told through the broker: the user's own count follows within moments.
const counted = await eventually(() => ask('GET', `/api/users/${user.id}/overview`), ({ body }) => body.user?.orders === 1)
expectThat(counted.body.user.spentCents === 1038, `the user spent ${counted.body.user.spentCents}`)
expectThat(counted.body.orders?.[0]?.id === order.id, 'the overview lacks the order')
await ask('GET', `/api/users/${user.id}`)
expectThat((await ask('GET', `/api/users/${user.id}`)).cache === 'hit', 'the second look at a user does not come from the cache')
await expectStatus(404, 'GET', '/nowhere')
process.stdout.write(`${requests} requests to ${url}, all as expected\n`)

async function ask(method, path, body) {
  requests += 1
  try {
    const headers = body ? { 'content-type': 'application/json' } : {}
    const response = await fetch(`${url}${path}`, { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(10_000) })
    return { status: response.status, body: await response.json(), cache: response.headers.get('x-cache') }
  } catch (error) {
    fail(`${path} did not answer: ${error.cause?.message ?? error.message}`)
  }
}

async function expectStatus(status, method, path, body) {
  const answer = await ask(method, path, body)
  expectThat(answer.status === status, `${method} ${path} answered ${answer.status}, not ${status}: ${JSON.stringify(answer.body)}`)
  return answer.body
}

async function eventually(look, holds) {
  for (let tries = 0; ; tries++) {
    const seen = await look()
    if (holds(seen)) return seen
    if (tries === 100) fail(`still not so after 20 s: ${JSON.stringify(seen.body)}`)
    await sleep(200)
  }
}

function expectThat(holds, problem) {
  if (!holds) fail(problem)
}

function fail(problem) {
  process.stderr.write(`end-to-end check failed: ${problem}\n`)
  process.exit(1)
}
