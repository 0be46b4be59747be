// Checks a running release end to end, one request after another. Takes its address from TARGET_URL or PUSHWAY_URL.

const url = (process.env.TARGET_URL || process.env.PUSHWAY_URL || '').replace(/\/$/, '')
if (url === '') fail('no address: set PUSHWAY_URL')

const names = ['Ada', 'Grace', 'Zoë', 'Linus', 'Margaret', 'Barbara']
const orders = [
  { items: [{ sku: 'apple', quantity: 3 }], total: 120 },
  { items: [{ sku: 'tea', quantity: 1 }, { sku: 'bread', quantity: 2 }], total: 1199 },
]
let requests = 0

await expectStatus('/health', 200)
await expectStatus('/ready', 200)
for (let round = 0; round < 3; round++) {
  const about = await ask('/')
  expectThat(about.service === 'hello', `/ answered ${JSON.stringify(about)}`)
  for (const name of names) {
    const { greeting } = await ask(`/greet/${encodeURIComponent(name)}`)
    expectThat(greeting.includes(name), `${name} was greeted with ${greeting}`)
  }
  for (const { items, total } of orders) {
    const answer = await ask('/quotes', { method: 'POST', body: JSON.stringify({ items }) })
    expectThat(answer.total === total, `an order of ${total} was quoted as ${answer.total}`)
  }
}
await expectStatus('/quotes', 422, { method: 'POST', body: '{}' })
await expectStatus('/nowhere', 404)
process.stdout.write(`${requests} requests to ${url}, all as expected\n`)

async function send(path, options) {
  requests += 1
  try {
    return await fetch(`${url}${path}`, { ...options, signal: AbortSignal.timeout(5000) })
  } catch (error) {
    fail(`${path} did not answer: ${error.cause?.message ?? error.message}`)
  }
}

async function ask(path, options) {
  const response = await send(path, options)
  expectThat(response.status === 200, `${path} answered ${response.status}`)
  return response.json()
}

async function expectStatus(path, status, options) {
  const response = await send(path, options)
  expectThat(response.status === status, `${path} answered ${response.status}, not ${status}`)
  await response.text()
}

function expectThat(holds, problem) {
  if (!holds) fail(problem)
}

function fail(problem) {
  process.stderr.write(`end-to-end check failed: ${problem}\n`)
  process.exit(1)
}
