// Blobs in S3-compatible storage, one object each, named by its digest. A place belongs to one server: its locks are in this process.

import { pipeline, type Readable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Digest, EpochMs } from '@pushway/core/text/ids.ts'
import { type DigestAlgorithm, digestOf, isDigest, splitDigest } from '../../../oci/digest.ts'
import type { BlobInfo, BlobStore, StoredBlob } from '../../../ports/blobs.ts'
import { createLocks } from '../../../util/locks.ts'
import { createOutbound } from '../../../util/outbound/index.ts'
import { verifyStream } from '../verify.ts'
import { createS3Client, readTag, type S3Client, type S3Place } from './client.ts'
import { createUploads, type Upload, type Uploads } from './uploads.ts'

export type { S3Place } from './client.ts'

interface Desk {
  readonly client: S3Client
  readonly uploads: Uploads
  /** What stores or deletes one blob goes one after the other. */
  alone<T>(digest: Digest, work: () => Promise<T>): Promise<T>
  /** Deletions that are on their way: who asks whether the blob is there waits for their end. */
  readonly deleting: Map<Digest, Promise<unknown>>
}

const copiesAtOnce = 4

/** Opens a place. Nothing is asked of it before the first call. */
export function openS3Blobs(place: S3Place): BlobStore {
  const host = place.virtualHost ? `${place.bucket}.${place.endpoint.hostname}` : place.endpoint.hostname
  const port = place.endpoint.port || (place.endpoint.protocol === 'https:' ? '443' : '80')
  // The administrator has named this address: it may be one of his own network.
  const client = createS3Client(place, createOutbound({ allowPrivate: [`${host}:${port}`], mostRedirects: 0, silenceMs: 60_000 }))
  const desk: Desk = { client, uploads: createUploads(client), alone: createLocks(), deleting: new Map() }
  return { ...blobCalls(desk), ...uploadCalls(desk) }
}

function blobCalls(desk: Desk): Pick<BlobStore, 'has' | 'read' | 'put' | 'delete' | 'deleteIf' | 'list'> {
  const { client } = desk
  return {
    async has(digest) {
      await desk.deleting.get(digest)?.catch(() => undefined)
      const found = isDigest(digest) ? await look(client, digest) : undefined
      return found && { digest, size: found.size }
    },
    read: (digest, range) => readBlob(client, digest, range),
    put: (bytes, algorithm) => putBytes(desk, bytes, algorithm),
    delete: (digest) => forget(desk, digest, () => client.remove(keyOf(digest))),
    deleteIf: (digest, check) => deleteIf(desk, digest, check),
    list: () => listBlobs(client),
  }
}

function uploadCalls(desk: Desk): Pick<BlobStore, 'uploadStart' | 'uploadStatus' | 'uploadAppend' | 'uploadFinish' | 'uploadCancel' | 'cancelStale'> {
  const { client, uploads } = desk
  return {
    uploadStart: () => uploads.start(),
    async uploadStatus(id) {
      const upload = await uploads.find(id)
      return upload && { id, offset: upload.offset }
    },
    uploadAppend: (id, offset, bytes) => uploads.append(id, offset, bytes),
    uploadFinish: (id, digest) => finishUpload(desk, id, digest),
    async uploadCancel(id) {
      const upload = await uploads.find(id)
      if (upload) await uploads.remove(upload)
    },
    async cancelStale(before) {
      await abortStaleCopies(client, before)
      return uploads.removeStale(before)
    },
  }
}

function keyOf(digest: Digest): string {
  if (!isDigest(digest)) throw fail('not-found', { what: 'blob', name: digest })
  const { algorithm, hex } = splitDigest(digest)
  return `${algorithm}/${hex}`
}

async function look(client: S3Client, digest: Digest): Promise<StoredBlob | undefined> {
  const { status, headers, body } = await client.send({ method: 'HEAD', key: keyOf(digest) })
  body.resume()
  if (status === 404) return undefined
  return { digest, size: Number(headers['content-length']), at: Date.parse(headers['last-modified'] ?? '') }
}

async function readBlob(client: S3Client, digest: Digest, range?: { readonly start: number; readonly end: number }): Promise<Readable> {
  const part = range ? { headers: { range: `bytes=${range.start}-${range.end}` } } : {}
  const { status, body } = await client.send({ method: 'GET', key: keyOf(digest), ...part })
  if (status === 404) {
    body.resume()
    throw fail('not-found', { what: 'blob', name: digest })
  }
  if (range) return body
  const verified = verifyStream(digest, () => undefined)
  pipeline(body, verified, () => undefined)
  return verified
}

async function putBytes({ client, alone }: Desk, bytes: Uint8Array, algorithm?: DigestAlgorithm): Promise<BlobInfo> {
  const digest = digestOf(bytes, algorithm)
  await alone(digest, () => client.text({ method: 'PUT', key: keyOf(digest), body: bytes }))
  return { digest, size: bytes.length }
}

function forget<T>({ alone, deleting }: Desk, digest: Digest, work: () => Promise<T>): Promise<T> {
  return alone(digest, async () => {
    const ends = work()
    deleting.set(digest, ends)
    try {
      return await ends
    } finally {
      deleting.delete(digest)
    }
  })
}

/**
 * `check` is asked when the deletion is already announced: who counts on the blob before that is seen by it, who asks for it later waits and
 * does not find it.
 */
function deleteIf(desk: Desk, digest: Digest, check: (blob: StoredBlob) => boolean): Promise<boolean> {
  return forget(desk, digest, async () => {
    const found = await look(desk.client, digest)
    if (!found || !check(found)) return false
    await desk.client.remove(keyOf(digest))
    return true
  })
}

async function* listBlobs(client: S3Client): AsyncGenerator<StoredBlob> {
  for (const algorithm of ['sha256', 'sha512']) {
    for await (const { key, size, at } of client.list(`${algorithm}/`)) {
      const digest = key.replace('/', ':')
      if (isDigest(digest)) yield { digest, size, at }
    }
  }
}

async function finishUpload(desk: Desk, id: string, digest: Digest): Promise<BlobInfo> {
  const { uploads, alone } = desk
  const upload = await uploads.find(id)
  if (!upload || uploads.isBusy(id)) throw fail('not-found', { what: 'upload', name: id })
  const got = await uploads.digest(upload, digest)
  if (got !== digest) {
    await uploads.remove(upload)
    throw fail('digest-mismatch', { wanted: digest, got })
  }
  await alone(digest, () => publish(desk.client, upload, keyOf(digest)))
  await uploads.remove(upload)
  return { digest, size: upload.offset }
}

/** Lets the storage put the parts together under the blob's name: there whole, or not at all. */
async function publish(client: S3Client, { parts }: Upload, key: string): Promise<void> {
  const [first] = parts
  if (!first) return void (await client.text({ method: 'PUT', key, body: new Uint8Array() }))
  if (parts.length === 1) return void (await client.text({ method: 'PUT', key, headers: { 'x-amz-copy-source': client.source(first.key) } }))
  const uploadId = readTag((await client.text({ method: 'POST', key, query: { uploads: '' } })) ?? '', 'UploadId') ?? ''
  try {
    const etags: string[] = []
    for (let from = 0; from < parts.length; from += copiesAtOnce) {
      const copied = parts.slice(from, from + copiesAtOnce).map(async (part, index) => {
        const query = { partNumber: String(from + index + 1), uploadId }
        return readTag((await client.text({ method: 'PUT', key, query, headers: { 'x-amz-copy-source': client.source(part.key) } })) ?? '', 'ETag') ?? ''
      })
      etags.push(...(await Promise.all(copied)))
    }
    const list = etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`).join('')
    const body = Buffer.from(`<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`)
    if ((await client.text({ method: 'POST', key, query: { uploadId }, body })) === undefined) throw fail('not-found', { what: 'upload', name: uploadId })
  } catch (error) {
    await client.text({ method: 'DELETE', key, query: { uploadId } }).catch(() => undefined)
    throw error
  }
}

/** What a crash in the middle of putting parts together leaves is seen by no list of objects, and costs. */
async function abortStaleCopies(client: S3Client, before: EpochMs): Promise<void> {
  for (const algorithm of ['sha256', 'sha512']) {
    const body = (await client.text({ method: 'GET', query: { uploads: '', prefix: `${client.place.prefix}${algorithm}/` } })) ?? ''
    for (const [, entry = ''] of body.matchAll(/<Upload>(.*?)<\/Upload>/gs)) {
      const key = (readTag(entry, 'Key') ?? '').slice(client.place.prefix.length)
      const uploadId = readTag(entry, 'UploadId') ?? ''
      if (Date.parse(readTag(entry, 'Initiated') ?? '') < before) await client.text({ method: 'DELETE', key, query: { uploadId } })
    }
  }
}
