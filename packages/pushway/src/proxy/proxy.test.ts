import { Agent, request } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { groupOf, never, routeOf, urlOf } from '../../../../test/contract/router.contract.ts'
import { startTestProxy, type TestProxy } from '../../../../test/support/proxy.ts'
import { startUpstream, type Upstream } from '../../../../test/support/upstream.ts'
import { createEmbeddedRouter } from '../drivers/router/embedded/index.ts'
import type { Router } from '../ports/router.ts'
import { startLoad } from '../util/load.ts'

const megabyte = 1 << 20
let proxy: TestProxy
let router: Router
let a: Upstream
let url: string

beforeAll(async () => {
  proxy = await startTestProxy()
  router = createEmbeddedRouter({ socket: proxy.socket })
  a = await startUpstream('a')
  url = await urlOf(router, routeOf('web', [groupOf('web', 'a', 100, a.address)]))
})
afterAll(async () => {
  await Promise.all([proxy?.close(), a?.close()])
})

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** What a server answers to exactly these bytes. */
function sendRaw(text: string): Promise<string> {
  return new Promise((resolve) => {
    let received = ''
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text))
    socket.on('data', (chunk) => (received += chunk))
    socket.on('error', () => resolve(received))
    socket.on('close', () => resolve(received))
  })
}

async function* slowBytes(count: number, pauseMs: number): AsyncGenerator<Buffer> {
  for (let i = 0; i < count; i++) {
    yield Buffer.alloc(64 << 10, 'u')
    await sleep(pauseMs)
  }
}

function upload(body: AsyncIterable<Buffer>): Promise<string> {
  return new Promise((resolve, reject) => {
    const req = request(`${url}/upload`, { method: 'POST' }, (res) => {
      let text = ''
      res.on('data', (chunk) => (text += chunk))
      res.on('end', () => resolve(`${res.statusCode} ${text}`))
    })
    req.on('error', reject)
    Readable.from(body).pipe(req)
  })
}

describe('what passes', () => {
  test('headers: ours replace what a client claims, connection headers stay behind, Host is kept', async () => {
    const answer = await sendRaw(
      'GET /headers HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nForwarded: for=6.6.6.6\r\nConnection: close, X-Private\r\nX-Private: 1\r\nX-Kept: yes\r\n\r\n',
    )
    const headers = JSON.parse(/\{.*\}/.exec(answer)?.[0] ?? '{}') as Record<string, string>
    expect(headers).toMatchObject({
      host: 'shop.example',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'shop.example',
      'x-kept': 'yes',
    })
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['x-private']))
    expect(headers.forwarded).toBeUndefined()
  })

  test('HEAD, 204 and 304 have no body; keep-alive uses one connection', async () => {
    expect((await fetch(`${url}/download/10`, { method: 'HEAD' })).headers.get('content-length')).toBe('10')
    expect((await fetch(`${url}/status/204`)).status).toBe(204)
    expect((await fetch(`${url}/empty`)).status).toBe(304)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ports = new Set<number | undefined>()
    for (let i = 0; i < 5; i++) ports.add(await portUsed(agent))
    agent.destroy()
    expect(ports.size).toBe(1)
  })

  test('50 MB up and down, streaming', async () => {
    const sent = await fetch(`${url}/upload`, { method: 'POST', body: Buffer.alloc(50 * megabyte) })
    expect(await sent.text()).toBe(String(50 * megabyte))
    const received = await fetch(`${url}/download/${50 * megabyte}`)
    expect((await received.arrayBuffer()).byteLength).toBe(50 * megabyte)
  })

  test('server-sent events come one by one', async () => {
    const answer = await fetch(`${url}/events`)
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('data: 1\n\n')
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('data: 2\n\n')
  })

  test('a WebSocket echoes both kinds of messages and closes', async () => {
    const socket = new WebSocket(url.replace('http', 'ws'))
    const echoed = await new Promise<string>((resolve, reject) => {
      socket.on('error', reject)
      socket.on('open', () => socket.send('hello'))
      socket.on('message', (data) => resolve(String(data)))
    })
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.close(1000)
    expect([echoed, await closed]).toEqual(['hello', 1000])
  })

  test('plain TCP, each end passed on by itself', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      let text = ''
      socket.on('data', (chunk) => (text += chunk))
      socket.on('end', () => socket.end(text.toUpperCase()))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const target = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const status = await router.setRoute(routeOf('db', [groupOf('db', 'a', 100, target)], { protocol: 'tcp' }), never)
    const answer = await new Promise<string>((resolve) => {
      let text = ''
      const socket = connect({ port: status.bound?.port ?? 0, host: '127.0.0.1', allowHalfOpen: true }, () => socket.end('select 1'))
      socket.on('data', (chunk) => (text += chunk))
      socket.on('end', () => resolve(text))
    })
    server.close()
    expect(answer).toBe('SELECT 1')
  })
})

describe('what does not', () => {
  test.each([
    ['both lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd'],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n'],
    ['a bare line feed in a header', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\nX-Smuggled: 1\rq\r\n\r\n'],
    ['a strange encoding', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\nConnection: close\r\n\r\n0\r\n\r\n'],
  ])('a request with %s is refused and reaches no target', async (_name, text) => {
    const before = a.requests.length
    expect(await sendRaw(text)).toMatch(/^HTTP\/1\.1 400 /)
    expect(a.requests.length).toBe(before)
  })

  test('a client that goes away ends the request at the target', async () => {
    const before = a.aborted()
    const leave = new AbortController()
    const asked = fetch(`${url}/wait/3000`, { signal: leave.signal }).catch(() => 'left')
    await sleep(150)
    leave.abort()
    expect(await asked).toBe('left')
    await expect.poll(() => a.aborted()).toBe(before + 1)
  })

  test('a target that breaks off in mid-body breaks the client off too', async () => {
    await expect(fetch(`${url}/cut`).then((answer) => answer.text())).rejects.toThrow()
  })
})

test('three replacements under keep-alive load, with a WebSocket and a slow upload open, lose nothing', async () => {
  const socket = new WebSocket(url.replace('http', 'ws'))
  await new Promise((resolve) => socket.on('open', resolve))
  const load = startLoad({ targets: [url, `${url}/wait/20`], concurrency: 12, ratePerSecond: 300, keepAlive: true })
  const uploaded = upload(slowBytes(60, 100))
  const seen = new Set([await proxy.pid()])
  for (const launch of [proxy.nextLaunch, proxy.launch, proxy.nextLaunch]) {
    await sleep(500)
    const replaced = proxy.ensure(launch)
    // Changes at the same moment reach the one that serves from then on.
    for (let i = 0; i < 10; i++) await Promise.all([router.setRoute(routeOf(`during-${seen.size}-${i}`, []), never), sleep(60)])
    const found = await replaced
    expect(found).toMatchObject({ adopted: true, replaced: true })
    seen.add(found.pid)
  }
  await sleep(1000)
  const result = await load.stop()
  expect(seen.size).toBe(4)
  expect((await router.read(undefined, never)).filter((one) => one.service.startsWith('during-'))).toHaveLength(30)
  expect(result.total).toBeGreaterThan(500)
  expect(result).toMatchObject({ failed: 0 })
  const echoed = new Promise((resolve) => socket.on('message', (data) => resolve(String(data))))
  socket.send('still here')
  expect(await echoed).toBe('still here')
  expect(await uploaded).toBe(`200 ${60 * (64 << 10)}`)
  socket.close()
}, 60_000)

function portUsed(agent: Agent): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const req = request(url, { agent }, (res) => {
      const port = res.socket.localPort
      res.on('end', () => resolve(port))
      res.resume()
    })
    req.on('error', reject)
    req.end()
  })
}
