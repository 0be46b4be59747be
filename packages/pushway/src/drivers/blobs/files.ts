// Blobs as files named by their digest: `sha256/HEX`, with uploads beside them. The folder is that of an OCI image layout.

import { createHash, type Hash, randomBytes } from 'node:crypto'
import { createReadStream, statSync, unlinkSync } from 'node:fs'
import { mkdir, open, opendir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline, Readable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Digest, EpochMs } from '@pushway/core/text/ids.ts'
import { isDigest } from '../../oci/digest.ts'
import type { BlobInfo, BlobStore, StoredBlob, UploadInfo } from '../../ports/blobs.ts'
import { createLocks } from '../../util/locks.ts'
import { verifyStream } from './verify.ts'

const verifyAgainMs = 3_600_000
const mostVerified = 10_000

/** The hash over the first `offset` bytes of an upload, kept while the process lives; after a restart it is made again from the file. */
interface Running {
  readonly hash: Hash
  readonly offset: number
}

interface Folders {
  readonly blobs: string
  readonly uploads: string
  readonly running: Map<string, Running>
  /** Uploads that are being written to now: one writer each. */
  readonly busy: Set<string>
  /** Blobs that were read and found good not long ago, and the state of their files then: not hashed again at every pull. */
  readonly verified: Map<Digest, { readonly state: string; readonly at: EpochMs }>
  /** Work on one blob's file that must not overlap other such work. */
  alone<T>(digest: Digest, work: () => Promise<T>): Promise<T>
}

/**
 * Opens (and makes) a blob store in a folder.
 *
 * @param options.uploads where unfinished uploads are kept; on the same file system
 */
export function openFileBlobs(dir: string, options: { readonly uploads?: string } = {}): BlobStore {
  const places = { blobs: join(dir, 'sha256'), uploads: options.uploads ?? join(dir, 'uploads') }
  const folders: Folders = { ...places, running: new Map(), busy: new Set(), alone: createLocks(), verified: new Map() }
  return {
    has: (digest) => findBlob(folders, digest),
    read: (digest, range) => readBlob(folders, digest, range),
    put: (bytes) => putBytes(folders, bytes),
    uploadStart: () => startUpload(folders),
    uploadStatus: (id) => uploadStatus(folders, id),
    uploadAppend: (id, offset, bytes) => appendUpload(folders, { id, offset, bytes }),
    uploadFinish: (id, digest) => finishUpload(folders, id, digest),
    async uploadCancel(id) {
      folders.running.delete(id)
      await rm(uploadFile(folders, id), { force: true })
    },
    delete: (digest) => folders.alone(digest, () => rm(blobFile(folders, digest), { force: true })),
    deleteIf: (digest, check) => folders.alone(digest, async () => deleteIf(blobFile(folders, digest), digest, check)),
    list: () => listBlobs(folders),
    cancelStale: (before) => cancelStale(folders, before),
  }
}

/** In one go, nothing in between: what another part of the program does before or after it is seen or stored anew. */
function deleteIf(file: string, digest: Digest, check: (blob: StoredBlob) => boolean): boolean {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found || !check({ digest, size: found.size, at: found.mtimeMs })) return false
  unlinkSync(file)
  return true
}

async function* listBlobs(folders: Folders): AsyncGenerator<StoredBlob> {
  const dir = await opendir(folders.blobs).catch(() => undefined)
  if (!dir) return
  for await (const { name } of dir) {
    const digest = `sha256:${name}`
    const found = isDigest(digest) ? await stat(join(folders.blobs, name)).catch(() => undefined) : undefined
    if (found) yield { digest, size: found.size, at: found.mtimeMs }
  }
}

async function cancelStale(folders: Folders, before: EpochMs): Promise<number> {
  let count = 0
  for (const id of await readdir(folders.uploads).catch(() => [])) {
    if (!/^[0-9a-f]{32}$/.test(id) || folders.busy.has(id)) continue
    const found = await stat(uploadFile(folders, id)).catch(() => undefined)
    if (!found || found.mtimeMs >= before || folders.busy.has(id)) continue
    folders.running.delete(id)
    await rm(uploadFile(folders, id), { force: true })
    count++
  }
  return count
}

function blobFile(folders: Folders, digest: Digest): string {
  if (!isDigest(digest)) throw fail('not-found', { what: 'blob', name: digest })
  return join(folders.blobs, digest.slice('sha256:'.length))
}

function uploadFile(folders: Folders, id: string): string {
  if (!/^[0-9a-f]{32}$/.test(id)) throw fail('not-found', { what: 'upload', name: id })
  return join(folders.uploads, id)
}

async function findBlob(folders: Folders, digest: Digest): Promise<BlobInfo | undefined> {
  if (!isDigest(digest)) return undefined
  const found = await stat(blobFile(folders, digest)).catch(() => undefined)
  return found && { digest, size: found.size }
}

async function readBlob(folders: Folders, digest: Digest, range?: { readonly start: number; readonly end: number }): Promise<Readable> {
  const handle = await open(blobFile(folders, digest), 'r').catch(() => {
    throw fail('not-found', { what: 'blob', name: digest })
  })
  const bytes = createReadStream('', { fd: handle, ...(range ?? {}), highWaterMark: 256 * 1024 })
  if (range) return bytes
  const { ino, size, mtimeMs } = await handle.stat()
  const state = `${ino} ${size} ${mtimeMs}`
  const known = folders.verified.get(digest)
  if (known?.state === state && Date.now() - known.at < verifyAgainMs) return bytes
  const verified = verifyStream(digest, () => {
    folders.verified.set(digest, { state, at: Date.now() })
    if (folders.verified.size > mostVerified) folders.verified.delete(folders.verified.keys().next().value ?? '')
  })
  // Whoever stops reading closes the file with it.
  pipeline(bytes, verified, () => undefined)
  return verified
}

async function putBytes(folders: Folders, bytes: Uint8Array): Promise<BlobInfo> {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  if (await refresh(folders, digest)) return { digest, size: bytes.length }
  const upload = await startUpload(folders)
  await appendUpload(folders, { id: upload.id, offset: 0, bytes: Readable.from([bytes]) })
  return finishUpload(folders, upload.id, digest)
}

/** Makes a blob that is there young again; false when there is none. */
function refresh(folders: Folders, digest: Digest): Promise<boolean> {
  const now = new Date()
  return folders.alone(digest, () =>
    utimes(blobFile(folders, digest), now, now).then(
      () => true,
      () => false,
    ),
  )
}

async function startUpload(folders: Folders): Promise<UploadInfo> {
  const id = randomBytes(16).toString('hex')
  await guarded(folders, async () => {
    await mkdir(folders.uploads, { recursive: true })
    await (await open(uploadFile(folders, id), 'wx', 0o600)).close()
  })
  folders.running.set(id, { hash: createHash('sha256'), offset: 0 })
  return { id, offset: 0 }
}

async function uploadStatus(folders: Folders, id: string): Promise<UploadInfo | undefined> {
  if (!/^[0-9a-f]{32}$/.test(id)) return undefined
  const found = await stat(uploadFile(folders, id)).catch(() => undefined)
  return found && { id, offset: found.size }
}

async function appendUpload(folders: Folders, part: { id: string; offset: number; bytes: Readable }): Promise<UploadInfo> {
  const { id, offset, bytes } = part
  const now = await uploadStatus(folders, id)
  if (!now) throw fail('not-found', { what: 'upload', name: id })
  if (now.offset !== offset || folders.busy.has(id))
    throw fail('usage', { problem: `Upload ${id} is at byte ${now.offset}, not ${offset}.`, hint: 'Go on there.' })
  folders.busy.add(id)
  const hash = (await runningHash(folders, now)).copy()
  folders.running.delete(id)
  try {
    return await guarded(folders, async () => {
      const handle = await open(uploadFile(folders, id), 'r+')
      let at = offset
      try {
        // When writing fails the source stays open: an HTTP client still wants its answer.
        for await (const chunk of bytes.iterator({ destroyOnReturn: false })) {
          const data = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array)
          for (let from = 0; from < data.length; ) from += (await handle.write(data, from, data.length - from, at + from)).bytesWritten
          hash.update(data)
          at += data.length
        }
        await handle.datasync()
      } finally {
        await handle.close()
      }
      folders.running.set(id, { hash, offset: at })
      return { id, offset: at }
    })
  } finally {
    folders.busy.delete(id)
  }
}

/** The hash over what the upload has so far. */
async function runningHash(folders: Folders, upload: UploadInfo): Promise<Hash> {
  const known = folders.running.get(upload.id)
  if (known?.offset === upload.offset) return known.hash
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(uploadFile(folders, upload.id), { end: upload.offset - 1 + (upload.offset === 0 ? 1 : 0) })) hash.update(chunk)
  return hash
}

async function finishUpload(folders: Folders, id: string, digest: Digest): Promise<BlobInfo> {
  const upload = await uploadStatus(folders, id)
  if (!upload || folders.busy.has(id)) throw fail('not-found', { what: 'upload', name: id })
  const got = `sha256:${(await runningHash(folders, upload)).copy().digest('hex')}`
  folders.running.delete(id)
  const file = uploadFile(folders, id)
  if (got !== digest) {
    await rm(file, { force: true })
    throw fail('digest-mismatch', { wanted: digest, got })
  }
  await guarded(folders, async () => {
    const target = blobFile(folders, digest)
    await mkdir(dirname(target), { recursive: true })
    const now = new Date()
    await utimes(file, now, now)
    await syncPath(file)
    await folders.alone(digest, () => rename(file, target))
    await syncPath(dirname(target))
  })
  return { digest, size: upload.offset }
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Storage failures in the user's words. */
async function guarded<T>(folders: Folders, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOSPC' || code === 'EDQUOT') throw fail('disk-full', { where: folders.blobs })
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') throw fail('data-not-writable', { dir: folders.blobs, problem: code })
    throw error
  }
}
