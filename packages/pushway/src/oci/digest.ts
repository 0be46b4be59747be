// Digests: their form, and making one.

import { createHash } from 'node:crypto'
import type { Digest } from '@pushway/core/text/ids.ts'

/** Whether the text is a sha256 digest as the OCI image specification writes it. */
export function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text)
}

/** The sha256 digest of bytes in memory. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
