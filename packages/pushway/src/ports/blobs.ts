// The BlobStore port: immutable bytes by their sha256.

import type { Readable } from 'node:stream'
import type { Digest } from '@pushway/core/text/ids.ts'

export interface BlobInfo {
  readonly digest: Digest
  readonly size: number
}

/** An upload that can be resumed: `offset` bytes are safe. */
export interface UploadInfo {
  readonly id: string
  readonly offset: number
}

/**
 * Content-addressed bytes.
 *
 * - A blob is there whole and verified, or not at all; putting one that is there changes nothing.
 * - Uploads survive a crash; `uploadAppend` at another offset than the present one is refused.
 */
export interface BlobStore {
  has(digest: Digest): Promise<BlobInfo | undefined>
  /** The bytes from `start` to `end` inclusive; all when absent. @throws PushwayError `not-found` */
  read(digest: Digest, range?: { readonly start: number; readonly end: number }): Promise<Readable>
  /** Stores bytes already in memory. */
  put(bytes: Uint8Array): Promise<BlobInfo>
  uploadStart(): Promise<UploadInfo>
  uploadStatus(id: string): Promise<UploadInfo | undefined>
  uploadAppend(id: string, offset: number, bytes: Readable): Promise<UploadInfo>
  /** @throws PushwayError `digest-mismatch`: the upload is gone then */
  uploadFinish(id: string, digest: Digest): Promise<BlobInfo>
  uploadCancel(id: string): Promise<void>
  delete(digest: Digest): Promise<void>
}
