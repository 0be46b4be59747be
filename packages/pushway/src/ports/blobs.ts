// The BlobStore port: immutable bytes by their digest, sha256 or sha512.

import type { Readable } from 'node:stream'
import type { Digest, EpochMs } from '@pushway/core/text/ids.ts'

export interface BlobInfo {
  readonly digest: Digest
  readonly size: number
}

/** A blob with when it was stored last: putting one that is there makes it young again. */
export interface StoredBlob extends BlobInfo {
  readonly at: EpochMs
}

/** An upload that can be resumed: `offset` bytes are safe. */
export interface UploadInfo {
  readonly id: string
  readonly offset: number
}

/** A blob that is open; close it. */
export interface OpenBlob {
  readonly size: number
  /**
   * Gives the bytes piece by piece, the next ones before `take` has ended with the last: memory that is given is used again when `take` has ended with it.
   * Without a span everything, checked: it ends with `blob-damaged` before the last piece when the bytes are not those of the digest.
   * @param span inclusive
   */
  copy(take: (bytes: Uint8Array) => Promise<void>, span?: { readonly start: number; readonly end: number }): Promise<void>
  close(): void
}

/**
 * Content-addressed bytes.
 *
 * - A blob is there whole and verified, or not at all; putting one that is there changes nothing.
 * - Uploads survive a crash; `uploadAppend` at another offset than the present one is refused.
 */
export interface BlobStore {
  has(digest: Digest): Promise<BlobInfo | undefined>
  /**
   * The bytes from `start` to `end` inclusive; all when absent, and then they are checked: the stream fails with `blob-damaged`.
   * @throws PushwayError `not-found`
   */
  read(digest: Digest, range?: { readonly start: number; readonly end: number }): Promise<Readable>
  /** As `has` and `read` in one, and cheaper to send. Absent: the store has no files of its own. Undefined: no such blob. */
  open?(digest: Digest): OpenBlob | undefined
  /** Stores bytes already in memory, under their sha256 where nothing else is said. */
  put(bytes: Uint8Array, algorithm?: 'sha256' | 'sha512'): Promise<BlobInfo>
  uploadStart(): Promise<UploadInfo>
  uploadStatus(id: string): Promise<UploadInfo | undefined>
  uploadAppend(id: string, offset: number, bytes: Readable): Promise<UploadInfo>
  /** @throws PushwayError `digest-mismatch`: the upload is gone then */
  uploadFinish(id: string, digest: Digest): Promise<BlobInfo>
  uploadCancel(id: string): Promise<void>
  delete(digest: Digest): Promise<void>
  /**
   * Deletes the blob if `check` says so. It is asked at the very moment: no upload or `put` of that digest can end between its answer and the
   * deletion, one that ends afterwards stores the blob anew. False when nothing was deleted.
   */
  deleteIf(digest: Digest, check: (blob: StoredBlob) => boolean): Promise<boolean>
  /** Every blob that is there, in no order; what comes and goes meanwhile may or may not be among them. */
  list(): AsyncIterable<StoredBlob>
  /** Removes uploads that nothing was added to since `before`; gives how many. */
  cancelStale(before: EpochMs): Promise<number>
}
