// A registry in a process of its own, killed with SIGKILL before each single write of a push and of a garbage collection: no image that was
// published is damaged, the client goes on where the upload stands, and the next pass ends the work.

import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { type ServedRegistry, serveRegistry } from '../../../../test/support/registry.ts'
import { tempDir } from '../../../../test/support/temp.ts'
import { digestOf } from '../oci/digest.ts'
import { scrub } from './scrub.ts'

const repository = 'acme/hello'
const authorization = 'Bearer hello-token'
const program = fileURLToPath(new URL('../../../../test/support/registry-main.ts', import.meta.url))

interface TestImage {
  readonly blobs: readonly Buffer[]
  readonly manifest: Buffer
}

function makeImage(seed: string): TestImage {
  const layer = Buffer.concat([Buffer.from(seed), randomBytes(300_000)])
  const config = Buffer.from(JSON.stringify({ seed }))
  const part = (bytes: Buffer, mediaType: string) => ({ mediaType, digest: digestOf(bytes), size: bytes.length })
  const parts = { config: part(config, 'application/vnd.oci.image.config.v1+json'), layers: [part(layer, 'application/vnd.oci.image.layer.v1.tar')] }
  return { blobs: [layer, config], manifest: Buffer.from(JSON.stringify({ schemaVersion: 2, ...parts })) }
}

/** What a client remembers of its push, also when the registry was killed under it. */
interface Progress {
  /** Of the blob that is being sent. */
  location?: string
}

async function call(url: string, init: RequestInit, wanted: readonly number[]): Promise<Response> {
  const answer = await fetch(url, { ...init, headers: { authorization, ...init.headers } })
  if (!wanted.includes(answer.status)) throw new Error(`${init.method} ${url}: ${answer.status} ${await answer.text()}`)
  return answer
}

/** Pushes in chunks; a blob that is there is not sent, an upload that is open goes on where it stands. */
async function push(url: string, image: TestImage, progress: Progress): Promise<void> {
  for (const bytes of image.blobs) {
    const digest = digestOf(bytes)
    const blob = `${url}/v2/${repository}/blobs/${digest}`
    if ((await call(blob, { method: 'HEAD' }, [200, 404])).status === 404) await pushBlob(url, { bytes, digest }, progress)
    delete progress.location
  }
  const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }
  await call(`${url}/v2/${repository}/manifests/new`, { method: 'PUT', headers, body: image.manifest }, [201])
}

async function pushBlob(url: string, { bytes, digest }: { bytes: Buffer; digest: string }, progress: Progress): Promise<void> {
  const open = progress.location ? await call(url + progress.location, { method: 'GET' }, [204, 404]) : undefined
  if (open?.status !== 204) {
    const started = await call(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST' }, [202])
    progress.location = started.headers.get('location') ?? ''
  }
  const at = open?.status === 204 && open.headers.get('range') !== '0-0' ? Number(open.headers.get('range')?.split('-')[1]) + 1 : 0
  const half = Math.max(at, Math.ceil(bytes.length / 2))
  if (half > at) {
    const headers = { 'content-range': `${at}-${half - 1}` }
    await call(url + progress.location, { method: 'PATCH', headers, body: new Uint8Array(bytes.subarray(at, half)) }, [202])
  }
  await call(`${url}${progress.location}?digest=${digest}`, { method: 'PUT', body: new Uint8Array(bytes.subarray(half)) }, [201])
}

async function expectWhole({ url }: ServedRegistry, reference: string, image: TestImage): Promise<void> {
  const manifest = await call(`${url}/v2/${repository}/manifests/${reference}`, { method: 'GET' }, [200])
  expect(digestOf(Buffer.from(await manifest.arrayBuffer()))).toBe(digestOf(image.manifest))
  for (const bytes of image.blobs) {
    const blob = await call(`${url}/v2/${repository}/blobs/${digestOf(bytes)}`, { method: 'GET' }, [200])
    expect(digestOf(Buffer.from(await blob.arrayBuffer()))).toBe(digestOf(bytes))
  }
}

async function expectNoDamage({ blobs, index }: ServedRegistry): Promise<void> {
  const uses = { current: () => [], version: () => 0 }
  expect(await scrub({ blobs, index, uses, clock: { now: () => Date.now() } }, { repair: false })).toMatchObject({ damaged: [], missing: [] })
}

function start(mode: 'serve' | 'collect', dir: string, n: number): ChildProcess {
  const { VITEST: _, ...env } = process.env
  return spawn(process.execPath, ['--import', import.meta.resolve('tsx'), program, mode, dir, String(n)], { env, stdio: ['ignore', 'pipe', 'inherit'] })
}

/** The first line that it prints; undefined when it dies before. */
function firstLine(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('\n')) resolve(text.trim())
    })
    child.stdout?.once('close', () => resolve(undefined))
  })
}

function ended(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => (child.exitCode === null && child.signalCode === null ? child.once('exit', resolve) : resolve(undefined)))
}

/** A folder with one published image. */
async function publish(image: TestImage): Promise<string> {
  const dir = tempDir('kill')
  const registry = await serveRegistry(dir)
  await push(registry.url, image, {})
  await call(
    `${registry.url}/v2/${repository}/manifests/kept`,
    { method: 'PUT', headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }, body: new Uint8Array(image.manifest) },
    [201],
  )
  await registry.close()
  return dir
}

test('killed before each write of a push', async () => {
  const kept = makeImage('kept')
  const template = await publish(kept)
  let kills = 0
  for (let n = 1; ; n++) {
    const dir = join(tempDir('kill'), 'data')
    cpSync(template, dir, { recursive: true })
    const child = start('serve', dir, n)
    const url = await firstLine(child)
    if (url === undefined) throw new Error('the registry did not start')
    const image = makeImage(`image ${n}`)
    const progress: Progress = {}
    const done = await push(url, image, progress).then(
      () => true,
      () => false,
    )
    if (done) child.kill('SIGKILL')
    await ended(child)
    kills += done ? 0 : 1
    const registry = await serveRegistry(dir)
    try {
      await expectNoDamage(registry)
      await expectWhole(registry, 'kept', kept)
      await push(registry.url, image, progress)
      await expectWhole(registry, 'new', image)
      await expectNoDamage(registry)
    } finally {
      await registry.close()
    }
    if (done) break
    expect(n).toBeLessThan(100)
  }
  // Fewer would mean that the writes are not seen.
  expect(kills).toBeGreaterThan(15)
}, 300_000)

test('killed before each write of a garbage collection', async () => {
  const kept = makeImage('kept')
  const template = await publish(kept)
  const before = await serveRegistry(template)
  const lost = [makeImage('lost'), makeImage('lost too')]
  for (const image of lost) await push(before.url, image, {})
  await push(before.url, kept, {})
  await before.close()
  let kills = 0
  for (let n = 1; ; n++) {
    const dir = join(tempDir('kill'), 'data')
    cpSync(template, dir, { recursive: true })
    const child = start('collect', dir, n)
    const report = await firstLine(child)
    await ended(child)
    kills += report === undefined ? 1 : 0
    const registry = await serveRegistry(dir)
    await expectNoDamage(registry)
    await expectWhole(registry, 'kept', kept)
    await registry.close()
    if (report !== undefined) {
      expect(JSON.parse(report)).toEqual({ blobs: 6, manifests: 2 })
      break
    }
    const again = start('collect', dir, 0)
    expect(await firstLine(again)).toBeDefined()
    await ended(again)
    const after = await serveRegistry(dir)
    for (const image of lost) for (const bytes of [...image.blobs, image.manifest]) expect(await after.blobs.has(digestOf(bytes))).toBeUndefined()
    await after.close()
    expect(n).toBeLessThan(100)
  }
  expect(kills).toBeGreaterThan(10)
}, 300_000)
