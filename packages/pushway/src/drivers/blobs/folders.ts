// Where the files of a blob store are, and what is remembered of them while the process lives.

import type { Hash } from 'node:crypto'
import type { Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Digest, EpochMs } from '@pushway/core/text/ids.ts'
import { isDigest, splitDigest } from '../../oci/digest.ts'
import { createLocks } from '../../util/locks.ts'

/** The hash over the first `offset` bytes of an upload, kept while the process lives; after a restart it is made again from the file. */
interface Running {
  readonly hash: Hash
  readonly offset: number
}

export interface Folders {
  readonly root: string
  readonly uploads: string
  readonly running: Map<string, Running>
  /** Uploads that are being written to now: one writer each. */
  readonly busy: Set<string>
  /** Blobs that were found good not long ago, and the state of their files then: not hashed again at every pull. */
  readonly verified: ReadonlyMap<Digest, { readonly state: string; readonly at: EpochMs }>
  noteVerified(digest: Digest, state: string): void
  /** Work on one blob's file that must not overlap other such work. */
  alone<T>(digest: Digest, work: () => Promise<T>): Promise<T>
}

const mostVerified = 10_000
const verifyAgainMs = 3_600_000

/** The folders of a store below `root`; `uploads` may be elsewhere on the same file system. */
export function makeFolders(root: string, uploads = join(root, 'uploads')): Folders {
  const verified = new Map<Digest, { readonly state: string; readonly at: EpochMs }>()
  const noteVerified = (digest: Digest, state: string) => {
    verified.set(digest, { state, at: Date.now() })
    if (verified.size > mostVerified) verified.delete(verified.keys().next().value ?? '')
  }
  return { root, uploads, running: new Map(), busy: new Set(), alone: createLocks(), verified, noteVerified }
}

/** Whether a file in that state was found good not long ago. */
export function isVerified({ verified }: Folders, digest: Digest, state: string): boolean {
  const known = verified.get(digest)
  return known?.state === state && Date.now() - known.at < verifyAgainMs
}

/** What changes when a file's bytes do. */
export function stateOf({ ino, size, mtimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs}`
}

/** The file of a blob. @throws PushwayError `not-found` for what is no digest */
export function blobFile(folders: Folders, digest: Digest): string {
  if (!isDigest(digest)) throw fail('not-found', { what: 'blob', name: digest })
  const { algorithm, hex } = splitDigest(digest)
  return join(folders.root, algorithm, hex)
}

/** On disk, whatever happens to the machine. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Storage failures in the user's words. */
export async function guarded<T>(folders: Folders, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOSPC' || code === 'EDQUOT') throw fail('disk-full', { where: folders.root })
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') throw fail('data-not-writable', { dir: folders.root, problem: code })
    throw error
  }
}
