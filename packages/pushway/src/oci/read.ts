// Reading small documents out of a blob store.

import type { Readable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Digest } from '@pushway/core/text/ids.ts'
import type { BlobStore } from '../ports/blobs.ts'
import type { Checked } from './schema.ts'

/** Manifests and configurations larger than this are refused: 4 MiB, as registries do. */
export const documentLimit = 4 * 1024 * 1024

/** All bytes of a stream. @throws PushwayError `body-too-large` when there are more than `limit` */
export async function readStream(stream: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  // A request that is too large is not torn down here: its sender should still get the answer.
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length
    if (size > limit) throw fail('body-too-large', { limit })
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

/** A small blob whole. @throws PushwayError `not-found`, `body-too-large` */
export async function readDocument(blobs: BlobStore, digest: Digest): Promise<Buffer> {
  return readStream(await blobs.read(digest), documentLimit)
}

/** A small blob through one of the checks. @throws PushwayError `image-invalid` naming the digest and what is wrong */
export async function readChecked<T>(blobs: BlobStore, digest: Digest, check: (bytes: Uint8Array) => Checked<T>): Promise<T> {
  const result = check(await readDocument(blobs, digest))
  if (!result.ok) throw fail('image-invalid', { image: digest, problem: result.problem })
  return result.value
}
