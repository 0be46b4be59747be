// Unfinished uploads in S3: parts as objects `uploads/ID/START-SIZE`. What is there is found again by listing them, after any crash.

import { createHash, type Hash, randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Digest, EpochMs } from '@pushway/core/text/ids.ts'
import { hashFor } from '../../../oci/digest.ts'
import type { UploadInfo } from '../../../ports/blobs.ts'
import type { S3Client } from './client.ts'

/** Less can't be copied into a large object, unless it is the last part: S3's rule. */
const leastPart = 5 * 1024 * 1024
/** Held in memory while it is sent, and the next one meanwhile. */
const usualPart = 8 * 1024 * 1024
/** An object has at most 10,000 parts: very large uploads have larger ones. */
const largePart = 64 * 1024 * 1024
const largeFrom = 4 * 1024 * 1024 * 1024

/** Bytes of an upload that are safe. */
export interface Part {
  readonly key: string
  readonly start: number
  readonly size: number
}

export interface Upload extends UploadInfo {
  readonly parts: readonly Part[]
  /** Keys that later parts have replaced, and the one that says that the upload is open. */
  readonly others: readonly string[]
}

export interface Uploads {
  start(): Promise<UploadInfo>
  find(id: string): Promise<Upload | undefined>
  append(id: string, offset: number, bytes: Readable): Promise<UploadInfo>
  /** The digest of all that has arrived, by the algorithm of `wanted`. */
  digest(upload: Upload, wanted: Digest): Promise<Digest>
  remove(upload: Upload): Promise<void>
  /** Removes those that nothing was added to since; gives how many. */
  removeStale(before: EpochMs): Promise<number>
  isBusy(id: string): boolean
}

interface Desk {
  readonly client: S3Client
  /** Hashes over what arrived in this process. */
  readonly running: Map<string, { readonly hash: Hash; readonly offset: number }>
  readonly busy: Set<string>
}

/** The uploads of a place. */
export function createUploads(client: S3Client): Uploads {
  const desk: Desk = { client, running: new Map(), busy: new Set() }
  return {
    async start() {
      const id = randomBytes(16).toString('hex')
      await client.text({ method: 'PUT', key: `uploads/${id}/open`, body: new Uint8Array() })
      desk.running.set(id, { hash: createHash('sha256'), offset: 0 })
      return { id, offset: 0 }
    },
    find: (id) => findUpload(client, id),
    append: (id, offset, bytes) => append(desk, { id, offset, bytes }),
    digest: (upload, wanted) => digestOfUpload(desk, upload, wanted),
    remove: (upload) => removeUpload(desk, upload),
    removeStale: (before) => removeStale(desk, before),
    isBusy: (id) => desk.busy.has(id),
  }
}

function isUploadId(id: string): boolean {
  return /^[0-9a-f]{32}$/.test(id)
}

function keyOfPart(id: string, start: number, size: number): string {
  return `uploads/${id}/${String(start).padStart(15, '0')}-${size}`
}

async function findUpload(client: S3Client, id: string): Promise<Upload | undefined> {
  if (!isUploadId(id)) return undefined
  const all: Part[] = []
  let isOpen = false
  for await (const { key } of client.list(`uploads/${id}/`)) {
    const [, start, size] = /\/(\d+)-(\d+)$/.exec(key) ?? []
    if (start === undefined) isOpen ||= key.endsWith('/open')
    else all.push({ key, start: Number(start), size: Number(size) })
  }
  if (!isOpen) return undefined
  const parts: Part[] = []
  let offset = 0
  // A part that was written again, with more in it, has taken the place of the one before.
  for (let next = longestAt(all, 0); next; next = longestAt(all, offset)) {
    parts.push(next)
    offset += next.size
  }
  return { id, offset, parts, others: [...all.filter((part) => !parts.includes(part)).map(({ key }) => key), `uploads/${id}/open`] }
}

function longestAt(parts: readonly Part[], start: number): Part | undefined {
  return parts.filter((part) => part.start === start && part.size > 0).sort((a, b) => b.size - a.size)[0]
}

async function append(desk: Desk, { id, offset, bytes }: { id: string; offset: number; bytes: Readable }): Promise<UploadInfo> {
  const { client, busy, running } = desk
  if (busy.has(id)) throw misplaced(id, undefined, offset)
  busy.add(id)
  try {
    const upload = await findUpload(client, id)
    if (!upload) throw fail('not-found', { what: 'upload', name: id })
    if (upload.offset !== offset) throw misplaced(id, upload.offset, offset)
    const known = running.get(id)
    running.delete(id)
    const hash = known?.offset === offset ? known.hash : undefined
    const end = await writeParts(client, { upload, bytes, hash })
    if (hash) running.set(id, { hash, offset: end })
    return { id, offset: end }
  } finally {
    busy.delete(id)
  }
}

function misplaced(id: string, at: number | undefined, offset: number) {
  return fail('usage', { problem: `Upload ${id} is ${at === undefined ? 'being written to' : `at byte ${at}, not ${offset}`}.`, hint: 'Go on there.' })
}

/** Sends what arrives as parts, one on its way while the next is gathered. What has arrived is kept also when the rest never comes. */
async function writeParts(client: S3Client, { upload, bytes, hash }: { upload: Upload; bytes: Readable; hash: Hash | undefined }): Promise<number> {
  const last = upload.parts.at(-1)
  const grown = last !== undefined && last.size < leastPart ? last : undefined
  let start = grown ? grown.start : upload.offset
  const waiting: Buffer[] = grown ? [await readPart(client, grown)] : []
  let held = grown?.size ?? 0
  let sending: Promise<unknown> = Promise.resolve()
  const flush = async () => {
    const body = Buffer.concat(waiting.splice(0), held)
    const key = keyOfPart(upload.id, start, held)
    start += held
    held = 0
    await sending
    sending = client.text({ method: 'PUT', key, body })
    // Whoever waits for it hears of it; nobody else must.
    sending.catch(() => undefined)
  }
  try {
    for await (const chunk of bytes.iterator({ destroyOnReturn: false })) {
      const data = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Buffer)
      hash?.update(data)
      waiting.push(data)
      held += data.length
      if (held >= (start < largeFrom ? usualPart : largePart)) await flush()
    }
  } finally {
    if (held > (start === grown?.start ? grown.size : 0)) await flush()
    else start += held
    await sending
  }
  if (grown && start > grown.start + grown.size) await client.remove(grown.key)
  return start
}

async function readPart(client: S3Client, { key }: Part): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of (await client.send({ method: 'GET', key })).body) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

async function digestOfUpload({ client, running }: Desk, upload: Upload, wanted: Digest): Promise<Digest> {
  const known = running.get(upload.id)
  if (known?.offset === upload.offset && wanted.startsWith('sha256:')) return `sha256:${known.hash.copy().digest('hex')}`
  const { hash, end } = hashFor(wanted)
  for (const { key } of upload.parts) for await (const chunk of (await client.send({ method: 'GET', key })).body) hash.update(chunk as Buffer)
  return end()
}

async function removeUpload({ client, running }: Desk, { id, parts, others }: Upload): Promise<void> {
  running.delete(id)
  // First that it is open: what is left after a crash is no upload any more, and goes with the stale ones.
  await client.remove(`uploads/${id}/open`)
  await removeAll(client, [...parts.map(({ key }) => key), ...others])
}

const atOnce = 8

async function removeAll(client: S3Client, keys: readonly string[]): Promise<void> {
  for (let from = 0; from < keys.length; from += atOnce) await Promise.all(keys.slice(from, from + atOnce).map((key) => client.remove(key)))
}

async function removeStale({ client, running, busy }: Desk, before: EpochMs): Promise<number> {
  const uploads = new Map<string, { keys: string[]; newest: EpochMs }>()
  for await (const { key, at } of client.list('uploads/')) {
    const id = key.split('/')[1] ?? ''
    const known = uploads.get(id) ?? { keys: [], newest: 0 }
    uploads.set(id, { keys: [...known.keys, key], newest: Math.max(known.newest, at) })
  }
  let count = 0
  for (const [id, { keys, newest }] of uploads) {
    if (!isUploadId(id) || newest >= before || busy.has(id)) continue
    running.delete(id)
    await removeAll(client, keys)
    count++
  }
  return count
}
