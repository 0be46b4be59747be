// The file driver against the BlobStore contract, and what is its own: file names, modes, half-written files.

import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { blobStoreContract } from '../../../../../test/contract/blob-store.contract.ts'
import { tempDir } from '../../../../../test/support/temp.ts'
import { openFileBlobs } from './files.ts'

blobStoreContract('files', () => {
  const dir = tempDir('blobs')
  return { open: () => openFileBlobs(dir) }
})

test('blobs lie where an OCI image layout has them', async () => {
  const dir = tempDir('blobs')
  const { digest } = await openFileBlobs(dir).put(Buffer.from('layout'))
  expect(readdirSync(join(dir, 'sha256'))).toEqual([digest.slice('sha256:'.length)])
  expect(readdirSync(join(dir, 'uploads'))).toEqual([])
})

test.each(['changed', 'cut off', 'empty'])('a blob whose file is %s is not given out as good', async (how) => {
  const dir = tempDir('blobs')
  const blobs = openFileBlobs(dir)
  const { digest } = await blobs.put(Buffer.from('what it was'))
  const file = join(dir, 'sha256', digest.slice('sha256:'.length))
  const read = async () => {
    const chunks: Buffer[] = []
    for await (const chunk of await blobs.read(digest)) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString()
  }
  expect([await read(), await read()]).toEqual(['what it was', 'what it was'])
  writeFileSync(file, { changed: 'what it wAs', 'cut off': 'what', empty: '' }[how] ?? '')
  await expect(read()).rejects.toMatchObject({ code: 'blob-damaged' })
})

test('a damaged blob that is opened does not give out its last piece', async () => {
  const dir = tempDir('blobs')
  const bytes = Buffer.alloc(2_500_000, 'x')
  const { digest } = await openFileBlobs(dir).put(bytes)
  writeFileSync(join(dir, 'sha256', digest.slice('sha256:'.length)), Buffer.concat([Buffer.from('y'), bytes.subarray(1)]))
  const opened = openFileBlobs(dir).open?.(digest)
  let given = 0
  const copied = opened?.copy(async (part) => {
    given += part.length
  })
  await expect(copied).rejects.toMatchObject({ code: 'blob-damaged' })
  expect(given).toBeLessThan(bytes.length)
  opened?.close()
})

test('whoever stops reading leaves no file open', async () => {
  const dir = tempDir('blobs')
  const blobs = openFileBlobs(dir)
  const { digest } = await blobs.put(Buffer.alloc(4 * 1024 * 1024))
  for (let round = 0; round < 20; round++) (await blobs.read(digest)).destroy()
  await new Promise((resolve) => setTimeout(resolve, 100))
  await blobs.delete(digest)
  expect(readdirSync(join(dir, 'sha256'))).toEqual([])
})

test('what is held in memory does not grow with the blob', async () => {
  const dir = tempDir('blobs')
  const blobs = openFileBlobs(dir)
  const { id } = await blobs.uploadStart()
  const chunk = Buffer.alloc(64 * 1024)
  let given = 0
  let mostAhead = 0
  const source = async function* () {
    for (; given < 64 * 1024 * 1024; given += chunk.length) {
      mostAhead = Math.max(mostAhead, given - statSync(join(dir, 'uploads', id)).size)
      yield chunk
    }
  }
  await blobs.uploadAppend(id, 0, Readable.from(source()))
  // One write on its way, the next one gathered, and what the stream itself holds.
  expect(mostAhead).toBeLessThanOrEqual(6 * 1024 * 1024)
})
