// Blobs as files named by their digest: `sha256/HEX`, with uploads beside them. The folder is that of an OCI image layout.

import { statSync, unlinkSync } from 'node:fs'
import { type FileHandle, open, opendir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline, Readable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Digest } from '@pushway/core/text/ids.ts'
import { type DigestAlgorithm, digestOf, isDigest } from '../../oci/digest.ts'
import type { BlobInfo, BlobStore, StoredBlob } from '../../ports/blobs.ts'
import { appendUpload, cancelStale, cancelUpload, finishUpload, startUpload, uploadStatus } from './file-uploads.ts'
import { blobFile, type Folders, isVerified, makeFolders, stateOf } from './folders.ts'
import { openFile } from './open-file.ts'
import { verifyStream } from './verify.ts'

const readSize = 1024 * 1024

/**
 * Opens (and makes) a blob store in a folder.
 *
 * @param options.uploads where unfinished uploads are kept; on the same file system
 */
export function openFileBlobs(dir: string, options: { readonly uploads?: string } = {}): BlobStore {
  const folders = makeFolders(dir, options.uploads)
  return {
    has: (digest) => findBlob(folders, digest),
    read: (digest, range) => readBlob(folders, digest, range),
    open: (digest) => (isDigest(digest) ? openFile(folders, digest) : undefined),
    put: (bytes, algorithm) => putBytes(folders, bytes, algorithm),
    uploadStart: () => startUpload(folders),
    uploadStatus: (id) => uploadStatus(folders, id),
    uploadAppend: (id, offset, bytes) => appendUpload(folders, { id, offset, bytes }),
    uploadFinish: (id, digest) => finishUpload(folders, id, digest),
    uploadCancel: (id) => cancelUpload(folders, id),
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
  for (const algorithm of ['sha256', 'sha512']) {
    const dir = await opendir(join(folders.root, algorithm)).catch(() => undefined)
    if (!dir) continue
    for await (const { name } of dir) {
      const digest = `${algorithm}:${name}`
      const found = isDigest(digest) ? await stat(join(folders.root, algorithm, name)).catch(() => undefined) : undefined
      if (found) yield { digest, size: found.size, at: found.mtimeMs }
    }
  }
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
  const bytes = readFrom(handle, range)
  if (range) return bytes
  const state = stateOf(await handle.stat())
  if (isVerified(folders, digest, state)) return bytes
  const verified = verifyStream(digest, () => folders.noteVerified(digest, state))
  // Whoever stops reading closes the file with it.
  pipeline(bytes, verified, () => undefined)
  return verified
}

function readFrom(handle: FileHandle, range: { readonly start: number; readonly end: number } | undefined): Readable {
  return handle.createReadStream({ ...(range ?? {}), highWaterMark: readSize })
}

async function putBytes(folders: Folders, bytes: Uint8Array, algorithm?: DigestAlgorithm): Promise<BlobInfo> {
  const digest = digestOf(bytes, algorithm)
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
