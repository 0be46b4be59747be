// The registry over real HTTP, as clients use it.

import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ServedRegistry, serveRegistry } from '../../../../test/support/registry.ts'
import { digestOf } from '../oci/digest.ts'

let registry: ServedRegistry
beforeAll(async () => {
  registry = await serveRegistry()
})
afterAll(() => registry.close())

const manifestType = 'application/vnd.oci.image.manifest.v1+json'

async function call(
  method: string,
  path: string,
  options: { token?: string; body?: string | Uint8Array; headers?: Record<string, string> } = {},
): Promise<Response> {
  const token = options.token ?? 'hello-token'
  const authorization: Record<string, string> = token === '' ? {} : { authorization: `Basic ${Buffer.from(`anyone:${token}`).toString('base64')}` }
  return fetch(registry.url + path, { method, headers: { ...authorization, ...options.headers }, body: options.body ?? null })
}

async function errorCode(response: Response): Promise<string> {
  const body = (await response.json()) as { errors: { code: string; message: string }[] }
  expect(body.errors[0]?.message).not.toBe('')
  return `${response.status} ${body.errors[0]?.code}`
}

async function pushBlob(name: string, bytes: string, token?: string): Promise<string> {
  const digest = digestOf(bytes)
  const response = await call('POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, { body: bytes, ...(token ? { token } : {}) })
  expect(response.status).toBe(201)
  return digest
}

async function makeManifest(name: string, seed: string, more: object = {}): Promise<string> {
  const config = await pushBlob(name, JSON.stringify({ config: { Labels: { 'dev.pushway.build.context': '.', seed } } }))
  const layer = await pushBlob(name, `layer ${seed}`)
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config, size: 1 },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layer, size: 1 }],
    ...more,
  })
}

function putManifest(name: string, reference: string, body: string, type = manifestType): Promise<Response> {
  return call('PUT', `/v2/${name}/manifests/${reference}`, { body, headers: { 'content-type': type } })
}

describe('who may', () => {
  test('without a credential /v2/ asks for one, in the way docker login understands', async () => {
    const response = await call('GET', '/v2/', { token: '' })
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer realm="http:\/\/127\.0\.0\.1:\d+\/v2\/token",service=/)
    expect(await errorCode(response)).toBe('401 UNAUTHORIZED')
  })

  test('Basic with the token as password, and Bearer, are both taken', async () => {
    expect((await call('GET', '/v2/')).status).toBe(200)
    const bearer = await fetch(`${registry.url}/v2/`, { headers: { authorization: 'Bearer hello-token' } })
    expect(bearer.status).toBe(200)
    expect(bearer.headers.get('docker-distribution-api-version')).toBe('registry/2.0')
  })

  test('a wrong token is refused, also where everyone may read', async () => {
    expect(await errorCode(await call('GET', '/v2/', { token: 'wrong' }))).toBe('401 UNAUTHORIZED')
    expect(await errorCode(await call('GET', '/v2/public/x/tags/list', { token: 'wrong' }))).toBe('401 UNAUTHORIZED')
  })

  test("a run's token does not push to another project", async () => {
    expect(await errorCode(await call('POST', '/v2/acme/other/blobs/uploads/'))).toBe('403 DENIED')
    expect(await errorCode(await putManifest('acme/other', 'x', '{}'))).toBe('403 DENIED')
    expect(await errorCode(await call('POST', '/v2/acme/hello/blobs/uploads/', { token: 'reader-token' }))).toBe('403 DENIED')
  })

  test('someone without a credential may not push, and is asked for one', async () => {
    expect(await errorCode(await call('POST', '/v2/public/x/blobs/uploads/', { token: '' }))).toBe('401 UNAUTHORIZED')
  })
})

describe('blobs', () => {
  test('pushed whole and read back, with ranges', async () => {
    const digest = await pushBlob('acme/hello', '0123456789')
    const head = await call('HEAD', `/v2/acme/hello/blobs/${digest}`)
    expect([head.status, head.headers.get('content-length'), head.headers.get('docker-content-digest')]).toEqual([200, '10', digest])
    const part = await call('GET', `/v2/acme/hello/blobs/${digest}`, { headers: { range: 'bytes=2-4' } })
    expect([part.status, await part.text(), part.headers.get('content-range')]).toEqual([206, '234', 'bytes 2-4/10'])
    const none = await call('GET', `/v2/acme/hello/blobs/${digest}`, { headers: { range: 'bytes=50-' } })
    expect(none.status).toBe(416)
  })

  test('pushed in chunks, asked where it stands, finished', async () => {
    const start = await call('POST', '/v2/acme/hello/blobs/uploads/')
    const location = start.headers.get('location') ?? ''
    expect(start.status).toBe(202)
    const first = await call('PATCH', location, { body: 'chunk one, ', headers: { 'content-range': '0-10' } })
    expect([first.status, first.headers.get('range')]).toEqual([202, '0-10'])
    const misplaced = await call('PATCH', location, { body: 'x', headers: { 'content-range': '5-5' } })
    expect([misplaced.headers.get('range'), await errorCode(misplaced)]).toEqual(['0-10', '416 BLOB_UPLOAD_INVALID'])
    const status = await call('GET', location)
    expect([status.status, status.headers.get('range')]).toEqual([204, '0-10'])
    const digest = digestOf('chunk one, chunk two')
    expect((await call('PUT', `${location}?digest=${digest}`, { body: 'chunk two' })).status).toBe(201)
    expect(await (await call('GET', `/v2/acme/hello/blobs/${digest}`)).text()).toBe('chunk one, chunk two')
    expect(await errorCode(await call('GET', location))).toBe('404 BLOB_UPLOAD_UNKNOWN')
  })

  test('an upload can be given up', async () => {
    const location = (await call('POST', '/v2/acme/hello/blobs/uploads/')).headers.get('location') ?? ''
    expect((await call('DELETE', location)).status).toBe(204)
    expect((await call('DELETE', location)).status).toBe(404)
  })

  test('content that is not what its digest says is refused', async () => {
    const digest = digestOf('announced')
    expect(await errorCode(await call('POST', `/v2/acme/hello/blobs/uploads/?digest=${digest}`, { body: 'sent' }))).toBe('400 DIGEST_INVALID')
    expect((await call('HEAD', `/v2/acme/hello/blobs/${digest}`)).status).toBe(404)
    expect(await errorCode(await call('POST', '/v2/acme/hello/blobs/uploads/?digest=md5:1', { body: 'sent' }))).toBe('400 DIGEST_INVALID')
  })

  test('an upload that breaks off stores no blob and can go on', async () => {
    const location = (await call('POST', '/v2/acme/hello/blobs/uploads/')).headers.get('location') ?? ''
    const [host = '', port] = registry.host.split(':')
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), host, () => {
        socket.write(`PATCH ${location} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer hello-token\r\ncontent-length: 1000\r\n\r\nfirst half`)
        setTimeout(() => socket.destroy(), 100)
      })
      socket.on('close', () => resolve())
    })
    await expect.poll(async () => (await call('GET', location)).headers.get('range')).toBe('0-9')
    const digest = digestOf('first half and second')
    const finish = await expect.poll(async () => (await call('PUT', `${location}?digest=${digest}`, { body: ' and second' })).status)
    await finish.toBe(201)
  })

  test('a blob is not readable in a repository it was not pushed to', async () => {
    const digest = await pushBlob('acme/other', 'private to other', 'other-token')
    expect(await errorCode(await call('GET', `/v2/acme/hello/blobs/${digest}`))).toBe('404 BLOB_UNKNOWN')
  })

  test('a mount needs the right to pull from the source; else a normal upload is opened', async () => {
    const secret = await pushBlob('acme/other', 'secret of other', 'other-token')
    const refused = await call('POST', `/v2/acme/hello/blobs/uploads/?mount=${secret}&from=acme/other`)
    expect(refused.status).toBe(202)
    expect((await call('HEAD', `/v2/acme/hello/blobs/${secret}`)).status).toBe(404)
    const own = await pushBlob('acme/hello', 'shared within hello')
    const mounted = await call('POST', `/v2/acme/hello/web/blobs/uploads/?mount=${own}&from=acme/hello`)
    expect(mounted.status).toBe(201)
    expect((await call('HEAD', `/v2/acme/hello/web/blobs/${own}`)).status).toBe(200)
  })

  test('a blob that a manifest needs stays; another one can not be read any more when it was deleted', async () => {
    const manifest = JSON.parse(await makeManifest('acme/hello', 'needs its layer')) as { layers: { digest: string }[] }
    const layer = manifest.layers[0]?.digest ?? ''
    await putManifest('acme/hello', 'needs', JSON.stringify(manifest))
    expect(await errorCode(await call('DELETE', `/v2/acme/hello/blobs/${layer}`))).toBe('409 DENIED')
    const stray = await pushBlob('acme/hello', 'stray')
    expect((await call('DELETE', `/v2/acme/hello/blobs/${stray}`)).status).toBe(202)
    expect((await call('HEAD', `/v2/acme/hello/blobs/${stray}`)).status).toBe(404)
    expect(await errorCode(await call('DELETE', `/v2/acme/hello/blobs/${stray}`))).toBe('404 BLOB_UNKNOWN')
    expect(await errorCode(await call('DELETE', `/v2/acme/hello/blobs/${layer}`, { token: 'reader-token' }))).toBe('403 DENIED')
  })

  test('bad names are refused', async () => {
    expect(await errorCode(await call('GET', '/v2/Acme/hello/tags/list'))).toBe('400 NAME_INVALID')
    expect(await errorCode(await call('GET', '/v2/acme%2F..%2Fx/tags/list'))).toBe('400 NAME_INVALID')
    expect(await errorCode(await call('GET', '/v2/nothing'))).toBe('404 UNSUPPORTED')
  })

  test('300 MB go in and out without filling memory', async () => {
    const chunk = randomBytes(1024 * 1024)
    const body = async function* () {
      for (let i = 0; i < 300; i++) yield chunk
    }
    const { createHash } = await import('node:crypto')
    const hash = createHash('sha256')
    for (let i = 0; i < 300; i++) hash.update(chunk)
    const digest = `sha256:${hash.digest('hex')}`
    const before = process.memoryUsage.rss()
    let peak = before
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss())
    }, 20)
    const headers = { authorization: 'Bearer hello-token' }
    const request = { method: 'POST', headers, body: ReadableStream.from(body()), duplex: 'half' } as unknown as RequestInit
    expect((await fetch(`${registry.url}/v2/acme/hello/blobs/uploads/?digest=${digest}`, request)).status).toBe(201)
    const response = await fetch(`${registry.url}/v2/acme/hello/blobs/${digest}`, { headers })
    let received = 0
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) received += part.length
    clearInterval(watch)
    expect(received).toBe(300 * 1024 * 1024)
    expect(peak - before).toBeLessThan(200 * 1024 * 1024)
  }, 120_000)
})

describe('manifests', () => {
  test('kept byte for byte, found by tag and by digest, and told to onPush with what it was built from', async () => {
    const body = `${await makeManifest('acme/hello', 'bytes')}\n  `
    const digest = digestOf(body)
    expect((await putManifest('acme/hello', 'v1', body)).headers.get('docker-content-digest')).toBe(digest)
    for (const reference of ['v1', digest]) {
      const response = await call('GET', `/v2/acme/hello/manifests/${reference}`)
      expect([await response.text(), response.headers.get('content-type')]).toEqual([body, manifestType])
    }
    expect((await call('HEAD', '/v2/acme/hello/manifests/v1')).headers.get('content-length')).toBe(String(body.length))
    const push = registry.pushes.at(-1)
    expect(push).toMatchObject({ repository: 'acme/hello', tag: 'v1', digest, source: { context: '.' }, principal: { run: 'r1' } })
  })

  test('annotations tell what it was built from before labels do', async () => {
    const annotations = {
      'dev.pushway.build.context': 'api',
      'dev.pushway.build.dockerfile': 'api/Dockerfile',
      'dev.pushway.build.target': 'prod',
      'dev.pushway.base': 'host',
    }
    await putManifest('acme/hello', 'annotated', await makeManifest('acme/hello', 'annotated', { annotations }))
    expect(registry.pushes.at(-1)?.source).toEqual({ context: 'api', dockerfile: 'api/Dockerfile', target: 'prod', base: 'host' })
  })

  test('moving a tag never loses the digest it meant before', async () => {
    const first = await makeManifest('acme/hello', 'first')
    const second = await makeManifest('acme/hello', 'second')
    await putManifest('acme/hello', 'moving', first)
    await putManifest('acme/hello', 'moving', second)
    expect(await (await call('GET', '/v2/acme/hello/manifests/moving')).text()).toBe(second)
    expect(await (await call('GET', `/v2/acme/hello/manifests/${digestOf(first)}`)).text()).toBe(first)
  })

  test('a manifest whose blobs are not in the repository is refused', async () => {
    const body = await makeManifest('acme/hello', 'present')
    const broken = body.replace(/sha256:[0-9a-f]{64}/, digestOf('never pushed'))
    expect(await errorCode(await putManifest('acme/hello', 'broken', broken))).toBe('404 MANIFEST_BLOB_UNKNOWN')
    expect(await errorCode(await putManifest('acme/hello/elsewhere', 'x', body))).toBe('404 MANIFEST_BLOB_UNKNOWN')
    expect((await call('GET', '/v2/acme/hello/manifests/broken')).status).toBe(404)
  })

  test('what is no manifest, has another digest, a bad tag, an unknown type, or is too large is refused', async () => {
    const good = await makeManifest('acme/hello', 'good')
    expect(await errorCode(await putManifest('acme/hello', 'x', 'not json'))).toBe('400 MANIFEST_INVALID')
    expect(await errorCode(await putManifest('acme/hello', 'x', '{"schemaVersion":1}'))).toBe('400 MANIFEST_INVALID')
    expect(await errorCode(await putManifest('acme/hello', digestOf('other'), good))).toBe('400 DIGEST_INVALID')
    expect(await errorCode(await putManifest('acme/hello', '.bad', good))).toBe('400 TAG_INVALID')
    expect(await errorCode(await putManifest('acme/hello', 'x', good, 'text/plain'))).toBe('415 MANIFEST_INVALID')
    expect(await errorCode(await putManifest('acme/hello', 'x', ' '.repeat(4 * 1024 * 1024 + 1)))).toBe('413 SIZE_INVALID')
  })

  test('an index needs its manifests first; a subject is found by its referrers', async () => {
    const child = await makeManifest('acme/hello', 'child')
    const entry = { mediaType: manifestType, digest: digestOf(child), size: child.length }
    const list = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [entry] })
    expect(await errorCode(await putManifest('acme/hello', 'list', list, 'application/vnd.oci.image.index.v1+json'))).toBe('404 MANIFEST_BLOB_UNKNOWN')
    expect((await putManifest('acme/hello', digestOf(child), child)).status).toBe(201)
    expect((await putManifest('acme/hello', 'list', list, 'application/vnd.oci.image.index.v1+json')).status).toBe(201)
    const signature = await makeManifest('acme/hello', 'signature', { subject: entry, artifactType: 'application/example' })
    expect((await putManifest('acme/hello', digestOf(signature), signature)).headers.get('oci-subject')).toBe(digestOf(child))
    const referrers = (await (await call('GET', `/v2/acme/hello/referrers/${digestOf(child)}`)).json()) as { manifests: unknown[] }
    expect(referrers.manifests).toEqual([{ mediaType: manifestType, digest: digestOf(signature), size: signature.length, artifactType: 'application/example' }])
  })

  test('a tag is deleted alone, a digest with its tags; what an environment needs is refused by name', async () => {
    const body = await makeManifest('acme/hello', 'to delete')
    const digest = digestOf(body)
    for (const tag of ['gone-1', 'gone-2']) await putManifest('acme/hello', tag, body)
    registry.inUse.add(digest)
    for (const reference of ['gone-1', digest]) {
      const refused = await call('DELETE', `/v2/acme/hello/manifests/${reference}`)
      expect([refused.status, await refused.text()]).toEqual([409, expect.stringContaining('live in production')])
    }
    registry.inUse.delete(digest)
    expect((await call('DELETE', '/v2/acme/hello/manifests/gone-1')).status).toBe(202)
    expect((await call('HEAD', '/v2/acme/hello/manifests/gone-1')).status).toBe(404)
    expect((await call('HEAD', '/v2/acme/hello/manifests/gone-2')).status).toBe(200)
    expect((await call('DELETE', `/v2/acme/hello/manifests/${digest}`)).status).toBe(202)
    for (const reference of ['gone-2', digest])
      expect(await errorCode(await call('DELETE', `/v2/acme/hello/manifests/${reference}`))).toBe('404 MANIFEST_UNKNOWN')
  })

  test('tags are listed in order, page by page', async () => {
    const body = await makeManifest('acme/hello/paged', 'paged')
    for (const tag of ['c', 'a', 'b']) await putManifest('acme/hello/paged', tag, body)
    const first = await call('GET', '/v2/acme/hello/paged/tags/list?n=2')
    expect(await first.json()).toEqual({ name: 'acme/hello/paged', tags: ['a', 'b'] })
    const next = /<(.+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? ''
    const second = await call('GET', next)
    expect([await second.json(), second.headers.get('link')]).toEqual([{ name: 'acme/hello/paged', tags: ['c'] }, null])
    expect(await errorCode(await call('GET', '/v2/acme/hello/unknown/tags/list'))).toBe('404 NAME_UNKNOWN')
    expect(await errorCode(await call('GET', '/v2/acme/hello/paged/tags/list?n=-1'))).toBe('400 PAGINATION_NUMBER_INVALID')
  })
})
