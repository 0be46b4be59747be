// The S3 driver against a real S3-compatible server: the BlobStore contract, and what is its own.

import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { blobStoreContract } from '../../../../../../test/contract/blob-store.contract.ts'
import { type Minio, startMinio } from '../../../../../../test/support/minio.ts'
import { needs } from '../../../../../../test/support/needs.ts'
import type { BlobStore } from '../../../ports/blobs.ts'
import { Secret } from '../../../util/secret.ts'
import { openS3Blobs, type S3Place } from './index.ts'

const MB = 1024 * 1024

/** Stands before the storage and is gone with the `n`-th request that would change something. */
async function startDying(storage: URL, n: number): Promise<{ readonly endpoint: URL; close(): Promise<void> }> {
  let left = n
  const server = createServer((req, res) => {
    if (req.method !== 'GET' && req.method !== 'HEAD' && --left <= 0) return void req.socket.destroy()
    const { method, url: path, headers } = req
    // The signature covers the host that was asked: it is handed on as it came.
    const onward = request({ host: storage.hostname, port: storage.port, method, path, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    onward.on('error', () => res.destroy())
    req.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

async function textOf(blobs: BlobStore, digest: string): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of await blobs.read(digest)) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

async function hashOf(blobs: BlobStore, digest: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of await blobs.read(digest)) hash.update(chunk as Buffer)
  return `sha256:${hash.digest('hex')}`
}

describe.skipIf(needs('minio', 'the Go module github.com/minio/minio').skip)('S3 (needs minio)', () => {
  let minio: Minio
  beforeAll(async () => {
    minio = await startMinio()
  }, 60_000)
  afterAll(() => minio.stop())

  let places = 0
  const newPlace = (): S3Place => ({ ...minio.place, prefix: `place-${++places}/` })

  blobStoreContract('S3', () => {
    const place = newPlace()
    return { open: () => openS3Blobs(place) }
  })

  test('an upload of many parts, with restarts between and in the middle of them, becomes one object; nothing else is left', async () => {
    const place = newPlace()
    const bytes = randomBytes(27 * MB)
    const { id } = await openS3Blobs(place).uploadStart()
    let at = 0
    for (const size of [3, 1.5 * MB, 6 * MB, 9 * MB, bytes.length]) {
      const part = bytes.subarray(at, at + size)
      expect(await openS3Blobs(place).uploadAppend(id, at, Readable.from([part]))).toEqual({ id, offset: at + part.length })
      at += part.length
    }
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    expect(await openS3Blobs(place).uploadFinish(id, digest)).toEqual({ digest, size: bytes.length })
    const hash = createHash('sha256')
    for await (const chunk of await openS3Blobs(place).read(digest)) hash.update(chunk as Buffer)
    expect(`sha256:${hash.digest('hex')}`).toBe(digest)
    expect(readdirSync(join(minio.dir, 'blobs', place.prefix), { recursive: true }).some((name) => String(name).startsWith('uploads'))).toBe(false)
  }, 60_000)

  test('a server that dies before any of its writes leaves no half blob; the upload goes on or begins anew, and what is left is swept', async () => {
    const bytes = randomBytes(13 * MB)
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    for (let n = 1; ; n++) {
      const place = newPlace()
      const direct = openS3Blobs(place)
      const kept = await direct.put(Buffer.from('kept'))
      const dying = await startDying(place.endpoint, n)
      const blobs = openS3Blobs({ ...place, endpoint: dying.endpoint })
      let id: string | undefined
      const work = async () => {
        id = (await blobs.uploadStart()).id
        for (const [from, to] of [
          [0, 1 * MB],
          [1 * MB, 7 * MB],
          [7 * MB, 13 * MB],
        ] as const)
          await blobs.uploadAppend(id, from, Readable.from([bytes.subarray(from, to)]))
        await blobs.uploadFinish(id, digest)
      }
      const died = await work().then(
        () => false,
        () => true,
      )
      await dying.close()
      const after = openS3Blobs(place)
      expect(await textOf(after, kept.digest)).toBe('kept')
      if (await after.has(digest)) expect(await hashOf(after, digest)).toBe(digest)
      const open = id === undefined ? undefined : await after.uploadStatus(id)
      const { id: now, offset } = open ?? (await after.uploadStart())
      await after.uploadAppend(now, offset, Readable.from([bytes.subarray(offset)]))
      await after.uploadFinish(now, digest)
      expect(await hashOf(after, digest)).toBe(digest)
      await after.cancelStale(Date.now() + 3_600_000)
      const left = readdirSync(join(minio.dir, 'blobs', place.prefix), { recursive: true }).filter((name) => String(name).endsWith('xl.meta'))
      expect(left.map((name) => `sha256:${String(name).split('/')[1]}`).sort()).toEqual([kept.digest, digest].sort())
      if (!died) break
      expect(n).toBeLessThan(40)
    }
  }, 180_000)

  test('what is held in memory does not grow with the blob', async () => {
    const blobs = openS3Blobs(newPlace())
    const { id } = await blobs.uploadStart()
    let given = 0
    let stored = 0
    let mostAhead = 0
    const chunk = Buffer.alloc(256 * 1024)
    const source = async function* () {
      for (; given < 120 * MB; given += chunk.length) {
        if (given % (8 * MB) === 0) stored = (await blobs.uploadStatus(id))?.offset ?? 0
        mostAhead = Math.max(mostAhead, given - stored)
        yield chunk
      }
    }
    await blobs.uploadAppend(id, 0, Readable.from(source()))
    // One part on its way, one that is gathered, one that the look came too early for.
    expect(mostAhead).toBeLessThanOrEqual(25 * MB)
    await blobs.uploadCancel(id)
    expect(await blobs.uploadStatus(id)).toBeUndefined()
  }, 120_000)

  test('an object whose bytes changed is not given out as good', async () => {
    const place = newPlace()
    const blobs = openS3Blobs(place)
    const { digest } = await blobs.put(Buffer.from('what it was'))
    // Its own server stores what it is told; the name says another thing.
    const other = await blobs.put(Buffer.from('another thing'))
    const file = (name: string) => join(minio.dir, 'blobs', place.prefix, 'sha256', name.slice(7), 'xl.meta')
    expect(existsSync(file(digest))).toBe(true)
    writeFileSync(file(digest), readFileSync(file(other.digest)))
    const read = async () => {
      for await (const _ of await blobs.read(digest));
    }
    await expect(read()).rejects.toMatchObject({ code: 'blob-damaged' })
  })

  test.each(['a wrong key', 'no bucket', 'nobody there'])('%s is said in one sentence', async (what) => {
    const wrong = {
      'a wrong key': { key: { id: 'pushway-test', secret: new Secret('wrong') } },
      'no bucket': { bucket: 'no-such-bucket' },
      'nobody there': { endpoint: new URL('http://127.0.0.1:1') },
    }[what]
    const blobs = openS3Blobs({ ...minio.place, ...wrong })
    const says = { 'a wrong key': 'SignatureDoesNotMatch', 'no bucket': 'NoSuchBucket', 'nobody there': 'ECONNREFUSED' }[what] ?? ''
    await expect(blobs.put(Buffer.from('x'))).rejects.toMatchObject({ code: 'storage-refused', message: expect.stringContaining(says) })
    await expect(blobs.uploadStart()).rejects.toMatchObject({ code: 'storage-refused' })
  })
})
