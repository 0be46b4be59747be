// The BlobStore contract: what every driver must do. A driver's test calls it with a way to open its store, again and again on the same place.

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { PushwayError } from '@pushway/core/reason/errors.ts'
import { describe, expect, test } from 'vitest'
import type { BlobStore } from '../../packages/pushway/src/ports/blobs.ts'

/** One place for blobs; `open` may be called many times: each call is a restart. */
export interface BlobPlace {
  open(): BlobStore
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

function stream(...parts: (string | Uint8Array)[]): Readable {
  return Readable.from(parts.map((part) => Buffer.from(part)))
}

async function text(blobs: BlobStore, digest: string, range?: { start: number; end: number }): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of await blobs.read(digest, range)) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: PushwayError) => error.code,
  )
}

/** Runs the suite on one driver. */
export function blobStoreContract(driver: string, makePlace: () => BlobPlace): void {
  describe(`blob store contract: ${driver}`, () => {
    test('a blob that was put is read back by its digest, whole and in part', async () => {
      const blobs = makePlace().open()
      const { digest, size } = await blobs.put(Buffer.from('hello blobs'))
      expect({ digest, size }).toEqual({ digest: digestOf(Buffer.from('hello blobs')), size: 11 })
      expect(await blobs.has(digest)).toEqual({ digest, size: 11 })
      expect(await text(blobs, digest)).toBe('hello blobs')
      expect(await text(blobs, digest, { start: 6, end: 8 })).toBe('blo')
    })

    test('a blob that can be opened gives the same bytes, whole and in part; there is nothing to open where there is none', async () => {
      const blobs = makePlace().open()
      const bytes = Buffer.concat(Array.from({ length: 3_000 }, (_, i) => Buffer.alloc(1_000, `${i} `)))
      const { digest } = await blobs.put(bytes)
      const opened = blobs.open?.(digest)
      expect(blobs.open?.(digestOf(Buffer.from('absent')))).toBeUndefined()
      if (!opened) return
      const copy = async (span?: { start: number; end: number }) => {
        const got: Buffer[] = []
        // Slower than it is read: memory that is used again too early would show.
        await opened.copy(async (part) => {
          await new Promise((resolve) => setTimeout(resolve, 5))
          got.push(Buffer.from(part))
        }, span)
        return Buffer.concat(got)
      }
      expect(opened.size).toBe(bytes.length)
      expect((await copy()).equals(bytes)).toBe(true)
      expect((await Promise.all([copy(), copy(), copy()])).every((one) => one.equals(bytes))).toBe(true)
      expect((await copy({ start: 1_000_001, end: 2_999_998 })).equals(bytes.subarray(1_000_001, 2_999_999))).toBe(true)
      await expect(opened.copy(() => Promise.reject(new Error('gone')))).rejects.toThrow('gone')
      opened.close()
    })

    test('putting what is there changes nothing; the empty blob is a blob', async () => {
      const blobs = makePlace().open()
      expect(await blobs.put(Buffer.from('x'))).toEqual(await blobs.put(Buffer.from('x')))
      const empty = await blobs.put(Buffer.alloc(0))
      expect(await text(blobs, empty.digest)).toBe('')
    })

    test('what is not there, or is no digest, is not found', async () => {
      const blobs = makePlace().open()
      const digest = digestOf(Buffer.from('absent'))
      expect(await blobs.has(digest)).toBeUndefined()
      expect(await blobs.has('../../etc/passwd')).toBeUndefined()
      expect(await codeOf(blobs.read(digest))).toBe('not-found')
      expect(await codeOf(blobs.read('sha256:../../etc/passwd'))).toBe('not-found')
    })

    test('an upload in parts becomes a blob, and is gone then', async () => {
      const blobs = makePlace().open()
      const { id } = await blobs.uploadStart()
      expect(await blobs.uploadAppend(id, 0, stream('one ', 'two '))).toEqual({ id, offset: 8 })
      expect(await blobs.uploadAppend(id, 8, stream('three'))).toEqual({ id, offset: 13 })
      const digest = digestOf(Buffer.from('one two three'))
      expect(await blobs.uploadFinish(id, digest)).toEqual({ digest, size: 13 })
      expect(await text(blobs, digest)).toBe('one two three')
      expect(await blobs.uploadStatus(id)).toBeUndefined()
    })

    test('an upload goes on after a restart', async () => {
      const place = makePlace()
      const { id } = await place.open().uploadStart()
      await place.open().uploadAppend(id, 0, stream('before '))
      const after = place.open()
      expect(await after.uploadStatus(id)).toEqual({ id, offset: 7 })
      await after.uploadAppend(id, 7, stream('after'))
      const digest = digestOf(Buffer.from('before after'))
      await place.open().uploadFinish(id, digest)
      expect(await text(place.open(), digest)).toBe('before after')
    })

    test('a part for another offset is refused and changes nothing', async () => {
      const blobs = makePlace().open()
      const { id } = await blobs.uploadStart()
      await blobs.uploadAppend(id, 0, stream('12345'))
      expect(await codeOf(blobs.uploadAppend(id, 3, stream('x')))).not.toBe('no error')
      expect(await blobs.uploadStatus(id)).toEqual({ id, offset: 5 })
    })

    test('a body that breaks off leaves what arrived, to go on from', async () => {
      const blobs = makePlace().open()
      const { id } = await blobs.uploadStart()
      const broken = Readable.from(
        (async function* () {
          yield Buffer.from('half')
          throw new Error('connection lost')
        })(),
      )
      await expect(blobs.uploadAppend(id, 0, broken)).rejects.toThrow('connection lost')
      const offset = (await blobs.uploadStatus(id))?.offset ?? 0
      await blobs.uploadAppend(id, offset, stream('half whole'.slice(offset)))
      const digest = digestOf(Buffer.from('half whole'))
      expect((await blobs.uploadFinish(id, digest)).digest).toBe(digest)
    })

    test('a wrong digest is refused, nothing is stored and the upload is gone', async () => {
      const blobs = makePlace().open()
      const { id } = await blobs.uploadStart()
      await blobs.uploadAppend(id, 0, stream('real'))
      const wrong = digestOf(Buffer.from('other'))
      expect(await codeOf(blobs.uploadFinish(id, wrong))).toBe('digest-mismatch')
      expect(await blobs.has(wrong)).toBeUndefined()
      expect(await blobs.uploadStatus(id)).toBeUndefined()
    })

    test('a cancelled upload is gone; an unknown one has no status', async () => {
      const blobs = makePlace().open()
      const { id } = await blobs.uploadStart()
      await blobs.uploadCancel(id)
      expect(await blobs.uploadStatus(id)).toBeUndefined()
      expect(await blobs.uploadStatus('../../x')).toBeUndefined()
    })

    test('a deleted blob is gone; deleting twice is nothing', async () => {
      const blobs = makePlace().open()
      const { digest } = await blobs.put(Buffer.from('gone'))
      await blobs.delete(digest)
      await blobs.delete(digest)
      expect(await blobs.has(digest)).toBeUndefined()
    })

    test('all blobs are listed with their sizes and times; what is put again is young again', async () => {
      const blobs = makePlace().open()
      const before = Date.now() - 2_000
      const { digest } = await blobs.put(Buffer.from('listed'))
      const listed = []
      for await (const blob of blobs.list()) listed.push(blob)
      expect(listed).toMatchObject([{ digest, size: 6 }])
      expect(listed[0]?.at).toBeGreaterThan(before)
      await blobs.put(Buffer.from('listed'))
      expect(await blobs.deleteIf(digest, (blob) => blob.at < before)).toBe(false)
      expect(await blobs.has(digest)).toBeDefined()
    })

    test('a blob is deleted only if it is wanted so at that moment', async () => {
      const blobs = makePlace().open()
      const { digest } = await blobs.put(Buffer.from('maybe'))
      expect(await blobs.deleteIf(digest, () => false)).toBe(false)
      expect(await blobs.deleteIf(digest, (blob) => blob.size === 5)).toBe(true)
      expect(await blobs.has(digest)).toBeUndefined()
      expect(await blobs.deleteIf(digest, () => true)).toBe(false)
    })

    test('deleting and storing one blob at once: who was told that it is stored finds it, unless it was deleted after that', async () => {
      const blobs = makePlace().open()
      const bytes = Buffer.from('contended')
      const digest = digestOf(bytes)
      for (let round = 0; round < 50; round++) {
        const startedAt = Date.now()
        await blobs.put(bytes)
        await Promise.all([blobs.deleteIf(digest, (blob) => blob.at < startedAt - 60_000), blobs.put(bytes), blobs.deleteIf(digest, () => false)])
        expect(await text(blobs, digest)).toBe('contended')
      }
    })

    test('uploads that nothing was added to for long are cancelled, others not', async () => {
      const blobs = makePlace().open()
      const { id } = await blobs.uploadStart()
      expect(await blobs.cancelStale(Date.now() - 60_000)).toBe(0)
      expect(await blobs.uploadStatus(id)).toBeDefined()
      expect(await blobs.cancelStale(Date.now() + 60_000)).toBe(1)
      expect(await blobs.uploadStatus(id)).toBeUndefined()
    })

    test('two writers of one blob both succeed', async () => {
      const blobs = makePlace().open()
      const both = await Promise.all([blobs.put(Buffer.from('same')), blobs.put(Buffer.from('same'))])
      expect(both[0]).toEqual(both[1])
    })
  })
}
