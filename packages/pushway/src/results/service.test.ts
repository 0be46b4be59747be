// The results service over real HTTP against what clients do wrong or want to reach: truncated and foreign uploads, forged addresses, other runs.

import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import type { JobServices } from '@pushway/core/run/types.ts'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ResultsWorld, startResults } from '../../../../test/support/results.ts'
import { signUrl } from './signed-url.ts'

let world: ResultsWorld
beforeAll(async () => {
  world = await startResults({ cacheBytes: 1000 })
})
afterAll(async () => {
  await world.close()
  expect(world.mistakes).toEqual([])
})

async function call(services: JobServices, method: string, body: unknown) {
  const service = method.includes('Cache') ? 'CacheService' : 'ArtifactService'
  const answer = await fetch(`${world.url}/twirp/github.actions.results.api.v1.${service}/${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${services.token}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: answer.status, ...((await answer.json()) as Record<string, unknown>) } as {
    status: number
    code?: string
    msg?: string
    [name: string]: unknown
  }
}

/** The backend ids that the token itself names, as the toolkit reads them. */
function ids({ token }: JobServices) {
  const [, run, job] = String(decodeJwt(token).scp).split(':')
  return { workflow_run_backend_id: run, workflow_job_run_backend_id: job }
}

const put = (url: unknown, body: string, over: { query?: string; headers?: Record<string, string> } = {}) =>
  fetch(`${url}${over.query ?? ''}`, { method: 'PUT', headers: { 'x-ms-blob-type': 'BlockBlob', ...over.headers }, body })

async function upload(services: JobServices, name: string, text: string) {
  const created = await call(services, 'CreateArtifact', { ...ids(services), name, version: 4 })
  await put(created.signed_upload_url, text)
  return call(services, 'FinalizeArtifact', { ...ids(services), name, size: String(text.length) })
}

async function saveCache(services: JobServices, key: string, text: string, version = 'v1') {
  const created = await call(services, 'CreateCacheEntry', { key, version })
  if (created.status !== 200) return created
  const sent = await put(created.signed_upload_url, text)
  if (!sent.ok) return { status: sent.status }
  return call(services, 'FinalizeCacheEntryUpload', { key, version, size_bytes: String(text.length) })
}

const findCache = (services: JobServices, key: string, restoreKeys: readonly string[] = []) =>
  call(services, 'GetCacheEntryDownloadURL', { key, restore_keys: restoreKeys, version: 'v1' })

describe('uploads', () => {
  test('blocks come in any order, the list gives theirs; ranges are served', async () => {
    const job = await world.issue({ run: 'blocks' })
    const { signed_upload_url: url } = await call(job, 'CreateArtifact', { ...ids(job), name: 'a', version: 7, mime_type: 'text/plain' })
    const id = (n: number) => encodeURIComponent(Buffer.from(`block-${n}`).toString('base64'))
    expect((await put(url, 'world', { query: `&comp=block&blockid=${id(2)}` })).status).toBe(201)
    expect((await put(url, 'unused', { query: `&comp=block&blockid=${id(3)}` })).status).toBe(201)
    expect((await put(url, 'hello ', { query: `&comp=block&blockid=${id(1)}` })).status).toBe(201)
    const list = (...blocks: number[]) =>
      `<?xml version="1.0"?><BlockList>${blocks.map((n) => `<Latest>${decodeURIComponent(id(n))}</Latest>`).join('')}</BlockList>`
    const missing = await put(url, list(1, 9), { query: '&comp=blocklist' })
    expect([missing.status, missing.headers.get('x-ms-error-code')]).toEqual([400, 'InvalidBlockList'])
    expect((await put(url, list(1, 1), { query: '&comp=blocklist' })).status).toBe(400)
    expect((await put(url, list(1, 2), { query: '&comp=blocklist' })).status).toBe(201)
    const hash = `sha256:${createHash('sha256').update('hello world').digest('hex')}`
    expect(await call(job, 'FinalizeArtifact', { ...ids(job), name: 'a', size: '11', hash })).toMatchObject({ status: 200, ok: true })
    const { signed_url: signed } = await call(job, 'GetSignedArtifactURL', { ...ids(job), name: 'a' })
    const get = async (range?: string) => {
      const answer = await fetch(String(signed), range ? { headers: { range } } : {})
      return [answer.status, answer.headers.get('content-range'), await answer.text()]
    }
    expect(await get()).toEqual([200, null, 'hello world'])
    expect(await get('bytes=4-7')).toEqual([206, 'bytes 4-7/11', 'o wo'])
    expect(await get('bytes=6-')).toEqual([206, 'bytes 6-10/11', 'world'])
    expect((await get('bytes=11-12'))[0]).toBe(416)
    const head = await fetch(String(signed), { method: 'HEAD' })
    expect([head.headers.get('content-length'), head.headers.get('content-type'), head.headers.get('content-disposition')]).toEqual([
      '11',
      'text/plain',
      `attachment; filename="a"; filename*=UTF-8''a`,
    ])
  })

  test('that are truncated, too long, of another digest or finished are refused, and leave nothing behind', async () => {
    const job = await world.issue({ run: 'broken' })
    const { signed_upload_url: url } = await call(job, 'CreateArtifact', { ...ids(job), name: 'a', version: 4 })
    await new Promise<void>((resolve) => {
      const cut = request(String(url), { method: 'PUT', headers: { 'x-ms-blob-type': 'BlockBlob', 'content-length': '1000' } })
      cut.on('error', () => resolve())
      cut.write('only so much', () => cut.destroy())
      cut.on('close', () => resolve())
    })
    expect((await put(url, 'text', { headers: { 'content-md5': createHash('md5').update('other').digest('base64') } })).headers.get('x-ms-error-code')).toBe(
      'Md5Mismatch',
    )
    expect(await call(job, 'FinalizeArtifact', { ...ids(job), name: 'a', size: '1000' })).toMatchObject({
      status: 412,
      msg: expect.stringContaining('0 bytes, not 1000'),
    })
    expect((await put(url, 'text')).status).toBe(201)
    const wrong = { ...ids(job), name: 'a', size: '4', hash: `sha256:${'0'.repeat(64)}` }
    expect(await call(job, 'FinalizeArtifact', wrong)).toMatchObject({ status: 412, code: 'failed_precondition', msg: expect.stringContaining('digest') })
    expect(world.results.artifacts.list('broken')).toEqual([])
    expect(await call(job, 'FinalizeArtifact', { ...ids(job), name: 'a', size: '4' })).toMatchObject({ ok: true })
    expect((await put(url, 'TEXT')).status).toBe(409)
    expect(await call(job, 'DeleteArtifact', { ...ids(job), name: 'a' })).toMatchObject({ ok: true })
    expect((await put(url, 'TEXT')).status).toBe(404)
    expect(readdirSync(join(world.dir, 'blobs', 'uploads'))).toEqual([])
  })

  test.each([
    ['POST', '', 405],
    ['PUT', '&comp=page', 400],
    ['PUT', '&comp=block&blockid=../x', 400],
    ['PUT', '&comp=block', 400],
    ['GET', '', 403],
  ])('%s %s is refused', async (method, query, status) => {
    const job = await world.issue({ run: `odd-${method}-${query}` })
    const { signed_upload_url: url } = await call(job, 'CreateArtifact', { ...ids(job), name: 'a', version: 4 })
    const answer = await fetch(`${url}${query}`, { method, ...(method === 'GET' ? {} : { body: 'x', headers: { 'x-ms-blob-type': 'BlockBlob' } }) })
    expect(answer.status).toBe(status)
    expect(await answer.text()).toContain('<Code>')
  })
})

describe('signed addresses', () => {
  test('are for one upload, one use and a time', async () => {
    const job = await world.issue({ run: 'signed' })
    await upload(job, 'a', 'aaa')
    await upload(job, 'b', 'bbb')
    const link = async (name: string) => new URL(String((await call(job, 'GetSignedArtifactURL', { ...ids(job), name })).signed_url))
    const [a, b] = await Promise.all([link('a'), link('b')])
    const status = async (change: (url: URL) => void) => {
      const url = new URL(a)
      change(url)
      return (await fetch(url)).status
    }
    expect(await status(() => undefined)).toBe(200)
    expect(await status((url) => (url.pathname = b.pathname))).toBe(403)
    expect(await status((url) => url.searchParams.set('se', `${url.searchParams.get('se')}0`))).toBe(403)
    expect(await status((url) => url.searchParams.set('sp', 'w'))).toBe(403)
    expect(await status((url) => url.searchParams.delete('sig'))).toBe(403)
    expect((await put(a, 'x')).status).toBe(403)
    world.clock.offset = 2 * 3_600_000
    try {
      const late = await fetch(a)
      expect([late.status, await late.text()]).toEqual([403, expect.stringContaining('expired')])
    } finally {
      world.clock.offset = 0
    }
  })

  test('no two grants have one signature, wherever their fields are cut', () => {
    const key = new Uint8Array(32)
    const grants = [1, 12, 123].flatMap((expiresAt) =>
      (['read', 'write'] as const).map((use) => signUrl(key, 'http://h', { upload: 'a'.repeat(32), use, expiresAt })),
    )
    expect(new Set(grants.map((url) => new URL(url).searchParams.get('sig'))).size).toBe(grants.length)
  })
})

describe('a token', () => {
  test('reaches its own run and job only', async () => {
    const [mine, other, sibling] = await Promise.all([world.issue({ run: 'mine' }), world.issue({ run: 'other' }), world.issue({ run: 'mine', job: 'deploy' })])
    await upload(mine, 'a', 'aaa')
    for (const method of ['ListArtifacts', 'GetSignedArtifactURL', 'DeleteArtifact', 'CreateArtifact']) {
      expect(await call(other, method, { ...ids(mine), name: 'a', version: 4 }), method).toMatchObject({ status: 403, code: 'permission_denied' })
    }
    expect(await call(sibling, 'GetSignedArtifactURL', { ...ids(sibling), name: 'a' })).toMatchObject({ status: 200 })
    expect(await call(sibling, 'CreateArtifact', { ...ids(mine), name: 'x', version: 4 })).toMatchObject({ status: 403 })
    expect(await call(sibling, 'ListArtifacts', ids(sibling))).toMatchObject({ artifacts: [{ name: 'a', size: '3', workflow_run_backend_id: 'mine' }] })
  })

  test('that is forged, of another use, late, or of a run that has ended is refused', async () => {
    const job = await world.issue({ run: 'ended', idToken: true })
    const list = (token: string) => call({ url: '', token }, 'ListArtifacts', ids(job))
    expect((await list(job.token)).status).toBe(200)
    expect((await list(job.idToken?.token ?? '')).status).toBe(401)
    expect((await list(`${job.token.slice(0, -4)}AAAA`)).status).toBe(401)
    expect((await list('pwr_other')).status).toBe(401)
    world.clock.offset = 3_600_000
    expect((await list(job.token)).status).toBe(401)
    world.clock.offset = 0
    world.ended.add('ended')
    expect((await list(job.token)).status).toBe(401)
    const asked = await fetch(job.idToken?.url ?? '', { headers: { authorization: `Bearer ${job.idToken?.token}` } })
    expect(asked.status).toBe(401)
  })

  test.each([
    ['no JSON', '{', 400],
    ['no name', { version: 4 }, 400],
    ['a number as name', { name: 4 }, 400],
    ['a name with a slash', { name: 'a/b' }, 400],
    ['a name that leads up', { name: '..' }, 400],
    ['a large body', 'x'.repeat(300_000), 400],
  ])('with %s gets one clear error', async (_, body, status) => {
    const job = await world.issue({ run: 'shapes' })
    const answer = await call(job, 'CreateArtifact', typeof body === 'string' ? body : { ...ids(job), version: 4, ...body })
    expect(answer.status).toBe(status)
    expect(answer.msg).toMatch(/\w+/)
  })

  test('of an unknown method or path hears so', async () => {
    const job = await world.issue({ run: 'paths' })
    expect(await call(job, 'constructor', {})).toMatchObject({ status: 404, code: 'bad_route' })
    expect((await fetch(`${world.url}/twirp/x`)).status).toBe(404)
  })
})

describe('caches', () => {
  const on = (ref: string, over = {}) => world.issue({ run: `on-${ref}`, github: { ref, ...over } })
  test('are not poisoned from another branch, nor from a fork whose branch has a trusted name', async () => {
    const main = await on('refs/heads/main')
    const evil = await on('refs/heads/evil')
    const fork = await on('refs/heads/main', {
      event_name: 'pull_request',
      event: { pull_request: { number: 3, base: { ref: 'main' }, head: { repo: { fork: true } } } },
    })
    expect(await saveCache(evil, 'deps', 'EVIL')).toMatchObject({ ok: true })
    expect(await saveCache(fork, 'deps', 'FORK')).toMatchObject({ ok: true })
    expect(await findCache(main, 'deps')).toMatchObject({ ok: false })
    expect(await saveCache(main, 'deps', 'GOOD')).toMatchObject({ ok: true })
    const read = async (services: JobServices) => (await fetch(String((await findCache(services, 'deps')).signed_download_url))).text()
    expect(await read(main)).toBe('GOOD')
    expect(await read(await on('refs/tags/v1'))).toBe('GOOD')
    expect(await read(await on('refs/heads/other'))).toBe('GOOD')
    expect(await read(evil)).toBe('EVIL')
    expect(await read(fork)).toBe('FORK')
  })

  test('never change: a key is taken for good, also while it is uploaded', async () => {
    const job = await on('refs/heads/fixed')
    expect(await saveCache(job, 'a/b c', 'one')).toMatchObject({ ok: true })
    expect(await saveCache(job, 'a/b c', 'two')).toMatchObject({ status: 409, code: 'already_exists' })
    expect(await call(job, 'CreateCacheEntry', { key: 'half', version: 'v1' })).toMatchObject({ ok: true })
    expect(await call(job, 'CreateCacheEntry', { key: 'half', version: 'v1' })).toMatchObject({ status: 409 })
    expect(await call(job, 'FinalizeCacheEntryUpload', { key: 'half', version: 'v1', size_bytes: '9' })).toMatchObject({ status: 412 })
    expect(await call(job, 'CreateCacheEntry', { key: 'half', version: 'v1' })).toMatchObject({ ok: true })
    expect(await call(job, 'CreateCacheEntry', { key: 'a,b', version: 'v1' })).toMatchObject({ status: 400 })
  })

  test('of a project stay below the limit: what was used longest ago goes, bytes that others share stay', async () => {
    const job = await world.issue({ project: 'acme/large', run: 'large' })
    const text = (letter: string) => letter.repeat(400)
    await saveCache(job, 'one', text('1'))
    world.clock.offset = 1000
    await saveCache(job, 'two', text('2'))
    world.clock.offset = 2000
    expect(await findCache(job, 'one')).toMatchObject({ ok: true })
    world.clock.offset = 3000
    await saveCache(job, 'three', text('1'))
    expect(await findCache(job, 'two')).toMatchObject({ ok: false })
    const found = await findCache(job, 'one')
    expect(await (await fetch(String(found.signed_download_url))).text()).toBe(text('1'))
    world.clock.offset = 0
    expect(await saveCache(job, 'too much', 'x'.repeat(1001))).toEqual({ status: 413 })
    world.clock.offset = 8 * 86_400_000
    expect(await world.results.sweep()).toBeGreaterThan(1)
    world.clock.offset = 0
    expect(await findCache(job, 'one')).toMatchObject({ ok: false })
  })
})

describe('identity tokens', () => {
  async function ask(services: JobServices, audience = '') {
    const answer = await fetch(`${services.idToken?.url}${audience}`, { headers: { authorization: `bearer ${services.idToken?.token}` } })
    return ((await answer.json()) as { value: string }).value
  }
  test('are signed by a published key that outlives its rotation, and are for the owner unless told', async () => {
    const job = await world.issue({ run: 'identity', idToken: true })
    const before = await ask(job)
    await world.results.idTokenKeys.rotate()
    const after = await ask(job, '&audience=api%3A%2F%2Fx')
    expect(decodeProtectedHeader(before).kid).not.toBe(decodeProtectedHeader(after).kid)
    const keys = createLocalJWKSet((await (await fetch(`${world.url}/.well-known/jwks`)).json()) as { keys: [] })
    const { payload } = await jwtVerify(before, keys, { issuer: world.url, audience: `${world.url}/acme` })
    expect(payload).toMatchObject({ sub: 'repo:acme/hello:ref:refs/heads/main', ref: 'refs/heads/main', event_name: 'push' })
    await jwtVerify(after, keys, { issuer: world.url, audience: 'api://x' })
    expect(JSON.stringify(keys.jwks())).not.toContain('"d":')
    expect((await world.issue({ run: 'identity' })).idToken).toBeUndefined()
  })
})
