// Requests that leave the machine: which addresses are refused, also by name and after a redirect, and what becomes of credentials.

import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { isPublicAddress } from './addresses.ts'
import { createOutbound } from './index.ts'

const close: (() => void)[] = []
afterAll(() => {
  for (const one of close) one()
})

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  close.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function textOf(body: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

describe('addresses', () => {
  test.each(['8.8.8.8', '1.1.1.1', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808'])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })
  test.each([
    ...['127.0.0.1', '0.0.0.0', '10.1.2.3', '172.20.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '224.0.0.1', '255.255.255.255'],
    ...['::1', '::', 'fe80::1', 'fd00::1', '::ffff:127.0.0.1', '::ffff:a9fe:a9fe', '64:ff9b::7f00:1', 'ff02::1', 'no address', ''],
  ])('"%s" is not', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })
})

describe('a request', () => {
  test.each([
    'http://127.0.0.1:1/',
    'http://[::1]:1/',
    'http://localhost:1/',
    'http://0x7f.1/',
    'http://169.254.169.254/latest/meta-data',
    'file:///etc/passwd',
  ])('to %s is refused', async (url) => {
    await expect(createOutbound()({ url: new URL(url) })).rejects.toMatchObject({ code: 'address-refused' })
  })

  test('goes to a private address that is configured, and only to that one', async () => {
    const host = await listen((req, res) => res.end(`${req.method} ${req.headers.authorization}`))
    const other = await listen((_, res) => res.end('other'))
    const outbound = createOutbound({ allowPrivate: [host] })
    const answer = await outbound({ url: new URL(`http://${host}/`), headers: { authorization: 'Basic x' } })
    expect([answer.status, await textOf(answer.body)]).toEqual([200, 'GET Basic x'])
    await expect(outbound({ url: new URL(`http://${other}/`) })).rejects.toMatchObject({ code: 'address-refused' })
  })

  test('is checked again when it is redirected', async () => {
    const inner = await listen((_, res) => res.end('secret'))
    const host = await listen((_, res) => res.writeHead(302, { location: `http://${inner}/` }).end())
    await expect(createOutbound({ allowPrivate: [host] })({ url: new URL(`http://${host}/`) })).rejects.toMatchObject({ code: 'address-refused' })
  })

  test('leaves its credential behind when it is sent to another origin, and keeps it on its own', async () => {
    const seen: IncomingMessage['headers'][] = []
    const other = await listen((req, res) => {
      seen.push(req.headers)
      res.end('there')
    })
    const host = await listen((req, res) => {
      if (req.url === '/own') return void res.writeHead(307, { location: '/end' }).end()
      if (req.url === '/end') return void res.end(String(req.headers.authorization))
      res.writeHead(307, { location: `http://${other}/` }).end()
    })
    const outbound = createOutbound({ allowPrivate: [host, other] })
    const headers = { authorization: 'Bearer secret', accept: 'x/y' }
    expect(await textOf((await outbound({ url: new URL(`http://${host}/`), headers })).body)).toBe('there')
    expect(seen).toMatchObject([{ accept: 'x/y' }])
    expect(seen[0]?.authorization).toBeUndefined()
    expect(await textOf((await outbound({ url: new URL(`http://${host}/own`), headers })).body)).toBe('Bearer secret')
  })

  test('that goes in a circle ends; one to nobody, and one that is not answered, say so', async () => {
    const host = await listen((_, res) => res.writeHead(302, { location: '/' }).end())
    await expect(createOutbound({ allowPrivate: [host] })({ url: new URL(`http://${host}/`) })).rejects.toMatchObject({ code: 'address-refused' })
    const silent = await listen(() => undefined)
    const outbound = createOutbound({ allowPrivate: [silent, '127.0.0.1:1'], silenceMs: 50 })
    await expect(outbound({ url: new URL(`http://${silent}/`) })).rejects.toMatchObject({
      code: 'server-unreachable',
      message: expect.stringContaining('ETIMEDOUT'),
    })
    await expect(outbound({ url: new URL('http://127.0.0.1:1/') })).rejects.toMatchObject({ code: 'server-unreachable' })
  })
})
