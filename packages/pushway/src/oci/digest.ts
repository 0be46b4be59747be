// Digests: their form, and making one.

import { createHash, type Hash } from 'node:crypto'
import type { Digest } from '@pushway/core/text/ids.ts'

/** The registered algorithms of the OCI image specification. */
export type DigestAlgorithm = 'sha256' | 'sha512'

/** Whether the text is a sha256 or sha512 digest as the OCI image specification writes it. */
export function isDigest(text: string): boolean {
  return /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text)
}

/** The algorithm and the hexadecimal part of a digest. */
export function splitDigest(digest: Digest): { readonly algorithm: DigestAlgorithm; readonly hex: string } {
  return { algorithm: digest.startsWith('sha512:') ? 'sha512' : 'sha256', hex: digest.slice('sha256:'.length) }
}

/** The digest of bytes in memory. */
export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}

/** The hash that a digest was made with. */
export function hashFor(digest: Digest): { readonly hash: Hash; readonly end: () => Digest } {
  const { algorithm } = splitDigest(digest)
  const hash = createHash(algorithm)
  return { hash, end: () => `${algorithm}:${hash.digest('hex')}` }
}
