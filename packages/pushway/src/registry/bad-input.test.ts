// What clients send by mistake or by malice: each is refused by its code, and leaves the registry as it was.

import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ServedRegistry, serveRegistry } from '../../../../test/support/registry.ts'
import { tempDir } from '../../../../test/support/temp.ts'
import { digestOf } from '../oci/digest.ts'

const limit = 1_000_000
const index = 'application/vnd.oci.image.index.v1+json'
const manifestType = 'application/vnd.oci.image.manifest.v1+json'

let registry: ServedRegistry
beforeAll(async () => {
  registry = await serveRegistry(tempDir('bad-input'), { blobLimit: limit, stallMs: 200 })
})
afterAll(() => registry.close())

function call(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(registry.url + path, { method, ...init, headers: { authorization: 'Bearer hello-token', ...init.headers } })
}

/** `STATUS CODE`; every refusal has a sentence. */
async function refusal(answer: Response): Promise<string> {
  const { errors } = (await answer.json()) as { errors: { code: string; message: string }[] }
  expect(errors[0]?.message.length).toBeGreaterThan(10)
  return `${answer.status} ${errors[0]?.code}`
}

async function open(): Promise<string> {
  return (await call('POST', '/v2/acme/hello/blobs/uploads/')).headers.get('location') ?? ''
}

async function put(reference: string, body: string, type = manifestType): Promise<Response> {
  return call('PUT', `/v2/acme/hello/manifests/${reference}`, { body, headers: { 'content-type': type } })
}

async function pushImage(seed: string): Promise<string> {
  const config = JSON.stringify({ seed })
  await call('POST', `/v2/acme/hello/blobs/uploads/?digest=${digestOf(config)}`, { body: config })
  const part = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length }
  const body = JSON.stringify({ schemaVersion: 2, config: part, layers: [] })
  expect((await put(digestOf(body), body)).status).toBe(201)
  return body
}

async function* chunks(size: number) {
  for (let sent = 0; sent < size; sent += 100_000) yield Buffer.alloc(100_000)
}

/** A request by hand: `write` sends what it likes. */
function raw(head: string, write: (socket: Socket) => void): Promise<string> {
  const [host = '', port] = registry.host.split(':')
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(Number(port), host, () => {
      socket.write(`${head}\r\nhost: ${registry.host}\r\nauthorization: Bearer hello-token\r\n`)
      write(socket)
    })
    socket.on('data', (data) => {
      text += data.toString()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(text))
  })
}

describe('an upload', () => {
  test('that is larger than allowed is refused before it is sent, and ended when it did not say so; nothing is kept', async () => {
    const whole = await call('POST', `/v2/acme/hello/blobs/uploads/?digest=${digestOf('x')}`, { body: Buffer.alloc(limit + 1) })
    expect(await refusal(whole)).toBe('413 SIZE_INVALID')
    const location = await open()
    const body = ReadableStream.from(chunks(2 * limit))
    const sent = await call('PATCH', location, { body, duplex: 'half' } as RequestInit)
    expect(await refusal(sent)).toBe('413 SIZE_INVALID')
    expect((await call('GET', location)).status).toBe(404)
    const inParts = await open()
    expect((await call('PATCH', inParts, { body: Buffer.alloc(limit) })).status).toBe(202)
    expect(await refusal(await call('PATCH', inParts, { body: 'x' }))).toBe('413 SIZE_INVALID')
  })

  test('whose range and length do not fit, or that goes on elsewhere, is refused and stands where it stood', async () => {
    const location = await open()
    const part = (range: string, body: string) => call('PATCH', location, { body, headers: { 'content-range': range } })
    expect(await refusal(await part('0-9', 'short'))).toBe('400 SIZE_INVALID')
    expect(await refusal(await part('5-9', 'wrong'))).toBe('416 BLOB_UPLOAD_INVALID')
    expect((await part('0-4', 'right')).status).toBe(202)
    expect(await refusal(await part('0-4', 'again'))).toBe('416 BLOB_UPLOAD_INVALID')
    expect((await call('GET', location)).headers.get('range')).toBe('0-4')
  })

  test('that is cut short is not the blob; the client goes on', async () => {
    const location = await open()
    const digest = digestOf('cut short and mended')
    await raw(`PUT ${location}?digest=${digest} HTTP/1.1`, (socket) => {
      socket.write('content-length: 20\r\n\r\ncut short')
      setTimeout(() => socket.destroy(), 50)
    })
    expect((await call('HEAD', `/v2/acme/hello/blobs/${digest}`)).status).toBe(404)
    await expect.poll(async () => (await call('GET', location)).headers.get('range')).toBe('0-8')
    expect((await call('PUT', `${location}?digest=${digest}`, { body: ' and mended' })).status).toBe(201)
  })

  test('of a client that falls silent is freed, with what has arrived', async () => {
    const location = await open()
    const said = await raw(`PATCH ${location} HTTP/1.1`, (socket) => socket.write('content-length: 1000\r\n\r\nbegun'))
    expect(said).toBe('')
    await expect.poll(async () => (await call('PATCH', location, { body: ' and ended', headers: { 'content-range': '5-14' } })).status).toBe(202)
    const digest = digestOf('begun and ended')
    expect((await call('PUT', `${location}?digest=${digest}`)).status).toBe(201)
  })

  test('has one writer at a time', async () => {
    const location = await open()
    const slow = raw(`PATCH ${location} HTTP/1.1`, (socket) => {
      socket.write('content-length: 6\r\nconnection: close\r\n\r\nabc')
      setTimeout(() => socket.write('def'), 150)
    })
    await expect.poll(async () => (await call('GET', location)).headers.get('range')).toBe('0-2')
    expect((await call('PATCH', location, { body: 'xyz' })).status).toBeGreaterThanOrEqual(400)
    expect(await slow).toContain('202 Accepted')
    expect((await call('PUT', `${location}?digest=${digestOf('abcdef')}`)).status).toBe(201)
  })

  test('with a digest that is none, or no digest at its end, is refused', async () => {
    const location = await open()
    await call('PATCH', location, { body: 'x' })
    for (const digest of ['', '?digest=', '?digest=md5:0', '?digest=sha256:../../etc/passwd', `?digest=sha512:${'0'.repeat(64)}`])
      expect(await refusal(await call('PUT', location + digest))).toBe('400 DIGEST_INVALID')
    for (const id of ['unknown', '%2e%2e%2fkey', '%00', `${'0'.repeat(32)}x`])
      expect(await refusal(await call('PATCH', `/v2/acme/hello/blobs/uploads/${id}`, { body: 'x' }))).toMatch(/^404 (BLOB_UPLOAD_UNKNOWN|UNSUPPORTED)$/)
  })
})

describe('a client that does not take what it asked for', () => {
  test('is left after a while; others are served', async () => {
    const bytes = Buffer.alloc(limit, 'x')
    await call('POST', `/v2/acme/hello/blobs/uploads/?digest=${digestOf(bytes)}`, { body: bytes })
    const closed = await raw(`GET /v2/acme/hello/blobs/${digestOf(bytes)} HTTP/1.1`, (socket) => {
      socket.write('\r\n')
      socket.once('data', () => {
        socket.pause()
        setTimeout(() => socket.resume(), 1_000)
      })
    })
    expect(closed).toContain('200 OK')
    expect((await call('GET', '/v2/')).status).toBe(200)
  })
})

describe('a manifest', () => {
  test('of brackets, of the wrong shape, of unknown parts, or with a part whose size is a lie, is refused', async () => {
    expect(await refusal(await put('x', '['.repeat(4_000_000)))).toBe('400 MANIFEST_INVALID')
    expect(await refusal(await put('x', '{"a":'.repeat(500_000)))).toBe('400 MANIFEST_INVALID')
    expect(await refusal(await put('x', JSON.stringify({ schemaVersion: 2, config: 'no', layers: {} })))).toBe('400 MANIFEST_INVALID')
    const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf('never sent'), size: 1 }
    expect(await refusal(await put('x', JSON.stringify({ schemaVersion: 2, config, layers: [] })))).toBe('404 MANIFEST_BLOB_UNKNOWN')
    const negative = JSON.stringify({ schemaVersion: 2, config: { ...config, size: -1 }, layers: [] })
    expect(await refusal(await put('x', negative))).toBe('400 MANIFEST_INVALID')
  })

  test('that calls itself something else, or is sent as something else, is refused', async () => {
    const image = await pushImage('typed')
    expect(await refusal(await put('x', image, index))).toBe('400 MANIFEST_INVALID')
    expect(await refusal(await put('x', image, 'application/vnd.docker.distribution.manifest.v1+prettyjws'))).toBe('415 MANIFEST_INVALID')
    expect(await refusal(await put('x', JSON.stringify({ ...JSON.parse(image), mediaType: index })))).toBe('400 MANIFEST_INVALID')
  })

  test('that lists indexes that list indexes is taken to eight of them, and refused beyond', async () => {
    let body = await pushImage('deep')
    let type = manifestType
    const statuses: number[] = []
    for (let depth = 1; depth <= 10; depth++) {
      const entry = { mediaType: type, digest: digestOf(body), size: body.length }
      body = JSON.stringify({ schemaVersion: 2, mediaType: index, manifests: [entry], annotations: { depth: String(depth) } })
      type = index
      const answer = await put(digestOf(body), body, index)
      statuses.push(answer.status)
      if (answer.status !== 201) {
        expect(await refusal(answer)).toBe('400 MANIFEST_INVALID')
        break
      }
    }
    expect(statuses).toEqual([...Array(8).fill(201), 400])
  })
})

describe('names and lists', () => {
  test.each([
    ['/v2/acme/hello/../../other/tags/list', '403 DENIED'],
    ['/v2/acme%2f%2e%2e%2fother/tags/list', '400 NAME_INVALID'],
    ['/v2/acme/hello%00/tags/list', '400 NAME_INVALID'],
    ['/v2/acme/hello%5c..%5cother/tags/list', '400 NAME_INVALID'],
    ['/v2/%E0%A4%A/tags/list', '400 NAME_INVALID'],
    [`/v2/${'a'.repeat(300)}/tags/list`, '400 NAME_INVALID'],
    ['/v2/acme/hello/manifests/..', '404'],
    ['/v2/acme/hello/manifests/%2e%2e%2fsecret', '404'],
    ['/v2/acme/hello/blobs/..%2f..%2fkey', '404'],
    ['/v2/acme/hello/blobs/sha256:..%2f..%2fkey', '404'],
    ['/v2/acme/hello/blobs/sha256:XYZ', '400 DIGEST_INVALID'],
    [`/v2/acme/hello/blobs/${digestOf('unknown')}`, '404 BLOB_UNKNOWN'],
    [`/v2/acme/hello/manifests/${digestOf('unknown')}`, '404 MANIFEST_UNKNOWN'],
    ['/v2/acme/hello/referrers/latest', '400 DIGEST_INVALID'],
  ])('%s is answered with %s', async (path, wanted) => {
    const said = await raw(`GET ${path} HTTP/1.1`, (socket) => socket.write('connection: close\r\n\r\n'))
    const code = /"code":"(\w+)"/.exec(said)?.[1]
    expect(`${said.split(' ')[1]} ${code}`).toMatch(new RegExp(`^${wanted}`))
  })

  test('a page of a billion is a page of what there is; one of nothing, of less, or of words is as the specification says', async () => {
    const image = await pushImage('listed')
    for (const tag of ['a', 'b', 'c']) await put(tag, image)
    const tags = async (n: string) => {
      const answer = await call('GET', `/v2/acme/hello/tags/list?n=${n}`)
      return answer.ok ? ((await answer.json()) as { tags: string[] }).tags.length : refusal(answer)
    }
    expect(await tags('1000000000')).toBe(3)
    expect(await tags('99999999999999999999999999')).toBe(3)
    expect(await tags('0')).toBe(0)
    for (const n of ['-1', 'many', '1e3', '']) expect(await tags(n)).toBe('400 PAGINATION_NUMBER_INVALID')
    expect(((await (await call('GET', '/v2/_catalog?n=1000000000')).json()) as { repositories: string[] }).repositories).toEqual(['acme/hello'])
  })

  test('referrers come in pages, also filtered', async () => {
    const image = await pushImage('subject')
    const subject = { mediaType: manifestType, digest: digestOf(image), size: image.length }
    for (const [seed, artifactType] of [
      ['1', 'a/b'],
      ['2', 'a/b'],
      ['3', 'c/d'],
      ['4', 'a/b'],
    ]) {
      const body = JSON.stringify({ ...JSON.parse(await pushImage(`referrer ${seed}`)), subject, artifactType })
      await put(digestOf(body), body)
    }
    const page = async (path: string) => {
      const answer = await call('GET', path)
      const next = /<(.+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1]
      return { count: ((await answer.json()) as { manifests: unknown[] }).manifests.length, next }
    }
    const first = await page(`/v2/acme/hello/referrers/${subject.digest}?artifactType=a/b&n=2`)
    expect(first.count).toBe(2)
    expect(await page(first.next ?? '')).toEqual({ count: 1, next: undefined })
    expect(await page(`/v2/acme/hello/referrers/${subject.digest}`)).toEqual({ count: 4, next: undefined })
  })
})

describe('at the same time', () => {
  test('pushes of one tag all succeed; the tag means one of them, and every digest is there', async () => {
    const images = await Promise.all(Array.from({ length: 8 }, (_, i) => pushImage(`racing ${i}`)))
    const answers = await Promise.all([...images, ...images].map((image) => put('raced', image)))
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(201))
    const meant = (await call('HEAD', '/v2/acme/hello/manifests/raced')).headers.get('docker-content-digest')
    expect(images.map((image) => digestOf(image))).toContain(meant)
    for (const image of images) expect(await (await call('GET', `/v2/acme/hello/manifests/${digestOf(image)}`)).text()).toBe(image)
  })

  test('uploads of one blob all succeed', async () => {
    const bytes = Buffer.alloc(200_000, 'same')
    const digest = digestOf(bytes)
    const answers = await Promise.all(Array.from({ length: 8 }, () => call('POST', `/v2/acme/hello/blobs/uploads/?digest=${digest}`, { body: bytes })))
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(201))
    expect(digestOf(Buffer.from(await (await call('GET', `/v2/acme/hello/blobs/${digest}`)).arrayBuffer()))).toBe(digest)
  })
})
