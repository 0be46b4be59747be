// Unfinished uploads as files. What the file has is what the upload has: nothing else must survive a crash.

import { createHash, type Hash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Digest, EpochMs } from '@pushway/core/text/ids.ts'
import { hashFor } from '../../oci/digest.ts'
import type { BlobInfo, UploadInfo } from '../../ports/blobs.ts'
import { blobFile, type Folders, guarded, stateOf, syncPath } from './folders.ts'
import { writeStream } from './write-stream.ts'

function isUploadId(id: string): boolean {
  return /^[0-9a-f]{32}$/.test(id)
}

function uploadFile(folders: Folders, id: string): string {
  if (!isUploadId(id)) throw fail('not-found', { what: 'upload', name: id })
  return join(folders.uploads, id)
}

/** Opens an upload. */
export async function startUpload(folders: Folders): Promise<UploadInfo> {
  const id = randomBytes(16).toString('hex')
  await guarded(folders, async () => {
    await mkdir(folders.uploads, { recursive: true })
    await (await open(uploadFile(folders, id), 'wx', 0o600)).close()
  })
  folders.running.set(id, { hash: createHash('sha256'), offset: 0 })
  return { id, offset: 0 }
}

/** How far an upload is; undefined when there is none. */
export async function uploadStatus(folders: Folders, id: string): Promise<UploadInfo | undefined> {
  if (!isUploadId(id)) return undefined
  const found = await stat(uploadFile(folders, id)).catch(() => undefined)
  return found && { id, offset: found.size }
}

/** Gives an upload up. */
export async function cancelUpload(folders: Folders, id: string): Promise<void> {
  folders.running.delete(id)
  await rm(uploadFile(folders, id), { force: true })
}

/** Removes uploads that nothing was added to since `before`; gives how many. */
export async function cancelStale(folders: Folders, before: EpochMs): Promise<number> {
  let count = 0
  for (const id of await readdir(folders.uploads).catch(() => [])) {
    if (!isUploadId(id) || folders.busy.has(id)) continue
    const found = await stat(uploadFile(folders, id)).catch(() => undefined)
    if (!found || found.mtimeMs >= before || folders.busy.has(id)) continue
    await cancelUpload(folders, id)
    count++
  }
  return count
}

/** Adds bytes at `offset`. They are hashed on their way, and on disk for sure when the upload is finished. */
export async function appendUpload(folders: Folders, part: { id: string; offset: number; bytes: Readable }): Promise<UploadInfo> {
  const { id, offset, bytes } = part
  const now = await uploadStatus(folders, id)
  if (!now) throw fail('not-found', { what: 'upload', name: id })
  if (now.offset !== offset || folders.busy.has(id))
    throw fail('usage', { problem: `Upload ${id} is at byte ${now.offset}, not ${offset}.`, hint: 'Go on there.' })
  folders.busy.add(id)
  try {
    const hash = (await runningHash(folders, now)).copy()
    folders.running.delete(id)
    return await guarded(folders, async () => {
      const handle = await open(uploadFile(folders, id), 'r+')
      let end: number
      try {
        end = await writeStream(bytes, { handle, at: offset, see: (data) => hash.update(data) })
      } finally {
        await handle.close()
      }
      folders.running.set(id, { hash, offset: end })
      return { id, offset: end }
    })
  } finally {
    folders.busy.delete(id)
  }
}

/** The sha256 over what the upload has so far. */
async function runningHash(folders: Folders, upload: UploadInfo): Promise<Hash> {
  const known = folders.running.get(upload.id)
  if (known?.offset === upload.offset) return known.hash
  const hash = createHash('sha256')
  await hashFile(folders, upload, hash)
  return hash
}

async function hashFile(folders: Folders, upload: UploadInfo, hash: Hash): Promise<void> {
  if (upload.offset === 0) return
  const file = createReadStream(uploadFile(folders, upload.id), { end: upload.offset - 1, highWaterMark: 1024 * 1024 })
  for await (const chunk of file) hash.update(chunk as Buffer)
}

async function digestOfUpload(folders: Folders, upload: UploadInfo, wanted: Digest): Promise<Digest> {
  if (wanted.startsWith('sha256:')) return `sha256:${(await runningHash(folders, upload)).copy().digest('hex')}`
  const { hash, end } = hashFor(wanted)
  await hashFile(folders, upload, hash)
  return end()
}

/** Makes the upload a blob: on disk first, then under its name. @throws PushwayError `digest-mismatch`: the upload is gone then */
export async function finishUpload(folders: Folders, id: string, digest: Digest): Promise<BlobInfo> {
  const upload = await uploadStatus(folders, id)
  if (!upload || folders.busy.has(id)) throw fail('not-found', { what: 'upload', name: id })
  const got = await digestOfUpload(folders, upload, digest)
  folders.running.delete(id)
  const file = uploadFile(folders, id)
  if (got !== digest) {
    await rm(file, { force: true })
    throw fail('digest-mismatch', { wanted: digest, got })
  }
  await guarded(folders, () => publish(folders, file, digest))
  return { digest, size: upload.offset }
}

async function publish(folders: Folders, file: string, digest: Digest): Promise<void> {
  const target = blobFile(folders, digest)
  const handle = await open(file, 'r+')
  try {
    // Young from now on, however long the upload took.
    const now = new Date()
    await handle.utimes(now, now)
    await handle.sync()
    folders.noteVerified(digest, stateOf(await handle.stat()))
  } finally {
    await handle.close()
  }
  await folders
    .alone(digest, () => rename(file, target))
    .catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
      await mkdir(dirname(target), { recursive: true })
      await folders.alone(digest, () => rename(file, target))
    })
  await syncPath(dirname(target))
}
