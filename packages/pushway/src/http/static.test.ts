import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createStatic } from './static.ts'

let dir: string
let server: Server
let url: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pushway-web-'))
  await mkdir(join(dir, 'web'))
  await writeFile(join(dir, 'outside.txt'), 'secret')
  await writeFile(join(dir, 'web', 'index.html'), '<!doctype html>page')
  await writeFile(join(dir, 'web', 'main-ABCD1234.js'), 'code')
  const serve = createStatic(join(dir, 'web'))
  server = createServer((req, res) => void serve(req, res, decodeURIComponent(req.url ?? '/')))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rm(dir, { recursive: true, force: true })
})

it.each([
  ['/', 200, 'page'],
  ['/acme/web.app/runs/1', 200, 'page'],
  ['/main-ABCD1234.js', 200, 'code'],
  ['/gone-ABCD1234.js', 404, 'There is no such page.'],
  ['/..%2foutside.txt', 200, 'page'],
])('%s: %i with %s', async (path, status, text) => {
  const answer = await fetch(url + path)
  expect(answer.status).toBe(status)
  expect(await answer.text()).toContain(text)
})

it('caches what never changes, and asks again for the page', async () => {
  expect((await fetch(`${url}/main-ABCD1234.js`)).headers.get('cache-control')).toContain('immutable')
  const page = await fetch(`${url}/`)
  expect(page.headers.get('cache-control')).toBe('no-cache')
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self'; style-src 'self'")
  expect((await fetch(`${url}/`, { headers: { 'if-none-match': page.headers.get('etag') ?? '' } })).status).toBe(304)
})

it('takes no other method', async () => {
  expect((await fetch(`${url}/`, { method: 'POST' })).status).toBe(405)
})
