// Manifests in memory: they are asked for again and again, and never change.

import type { Digest } from '@pushway/core/text/ids.ts'
import { readDocument } from '../oci/read.ts'
import type { BlobStore } from '../ports/blobs.ts'

/** Small documents by their digest. Whether a repository has one is the index's to say. */
export interface Documents {
  /** @throws PushwayError `not-found`, `blob-damaged`, `body-too-large` */
  read(digest: Digest): Promise<Buffer>
}

const mostBytes = 32 * 1024 * 1024

/** The documents of a store; those read last stay in memory, up to 32 MiB. */
export function createDocuments(blobs: BlobStore): Documents {
  const known = new Map<Digest, Buffer>()
  let size = 0
  return {
    async read(digest) {
      const found = known.get(digest)
      if (found) {
        // The oldest goes first: a map keeps the order in which things were put.
        known.delete(digest)
        known.set(digest, found)
        return found
      }
      const bytes = await readDocument(blobs, digest)
      if (!known.has(digest)) size += bytes.length
      known.set(digest, bytes)
      for (const [oldest, { length }] of known) {
        if (size <= mostBytes) break
        known.delete(oldest)
        size -= length
      }
      return bytes
    },
  }
}
