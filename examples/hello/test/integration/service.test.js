'use strict'

// Starts the real program on a free port, talks HTTP to it, and stops it as a platform would.
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { join } = require('node:path')

const main = join(__dirname, '../../src/main.js')
let service
let url

beforeAll(async () => {
  service = spawn(process.execPath, [main], { env: { ...process.env, PORT: '0', GREETING: 'Hi' }, stdio: ['ignore', 'pipe', 'inherit'] })
  url = `http://127.0.0.1:${await readPort(service.stdout)}`
}, 15_000)

afterAll(() => service.kill('SIGKILL'))

async function readPort(stdout) {
  let text = ''
  for await (const chunk of stdout.iterator({ destroyOnReturn: false })) {
    text += chunk
    const port = /listens on port (\d+)/.exec(text)?.[1]
    if (port !== undefined) {
      stdout.resume()
      return port
    }
  }
  throw new Error(`the service ended: ${text}`)
}

test('says who it is', async () => {
  const response = await fetch(url)
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ service: 'hello', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) })
})

test('is healthy and ready', async () => {
  expect((await fetch(`${url}/health`)).status).toBe(200)
  expect((await fetch(`${url}/ready`)).status).toBe(200)
})

test('greets with the configured opening', async () => {
  const { greeting } = await (await fetch(`${url}/greet/Ada`)).json()
  expect(greeting).toMatch(/^Hi, Ada/)
  expect((await fetch(`${url}/greet/%20`)).status).toBe(400)
})

test('quotes an order and refuses a wrong one', async () => {
  const ask = (body) => fetch(`${url}/quotes`, { method: 'POST', body })
  expect(await (await ask(JSON.stringify({ items: [{ sku: 'coffee', quantity: 2 }] }))).json()).toMatchObject({ total: 1798 })
  expect((await ask(JSON.stringify({ items: [{ sku: 'coffee', quantity: -1 }] }))).status).toBe(422)
  expect((await ask('{')).status).toBe(400)
  expect((await ask('x'.repeat(65 * 1024))).status).toBe(413)
})

test('counts what it answered', async () => {
  const text = await (await fetch(`${url}/metrics`)).text()
  expect(text).toMatch(/http_requests_total\{method="GET",route="\/health",status="200"\} \d+/)
  expect(text).toMatch(/http_request_duration_seconds_count\{route="\/quotes"\} 4/)
})

test('stops on SIGTERM', async () => {
  const ended = once(service, 'exit')
  service.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})
