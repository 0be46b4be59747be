// Addresses of uploads that need no other sign-in: for one upload, one use, and a short time.

import { createHmac, timingSafeEqual } from 'node:crypto'
import type { EpochMs } from '@pushway/core/text/ids.ts'

export type BlobUse = 'read' | 'write'

/** At least three parts: the storage client takes account, container and name from them. */
export const blobPath = '/results/blobs/v4/'

const letters: Readonly<Record<BlobUse, string>> = { read: 'r', write: 'w' }

/** The address of an upload. `base`: the server as the caller reaches it. */
export function signUrl(key: Uint8Array, base: string, grant: { readonly upload: string; readonly use: BlobUse; readonly expiresAt: EpochMs }): string {
  const { upload, use, expiresAt } = grant
  const query = new URLSearchParams({ sp: letters[use], se: String(expiresAt), sig: signature(key, grant) })
  return `${base.replace(/\/+$/, '')}${blobPath}${upload}?${query}`
}

/** Why an address does not let its caller in; the upload when it does. */
export function readSignedUrl(
  key: Uint8Array,
  url: URL,
  wanted: { readonly use: BlobUse; readonly now: EpochMs },
): { readonly upload: string } | { readonly problem: 'expired' | 'forged' } {
  const upload = url.pathname.slice(blobPath.length)
  const { sp, se, sig } = Object.fromEntries(url.searchParams)
  const expiresAt = Number(se)
  if (!/^[0-9a-f]{32}$/.test(upload) || sp !== letters[wanted.use] || !/^\d{1,15}$/.test(se ?? '') || sig === undefined) return { problem: 'forged' }
  const right = Buffer.from(signature(key, { upload, use: wanted.use, expiresAt }))
  const given = Buffer.from(sig)
  if (given.length !== right.length || !timingSafeEqual(given, right)) return { problem: 'forged' }
  return expiresAt < wanted.now ? { problem: 'expired' } : { upload }
}

/** Over a JSON array: no two grants give the same text, whatever is in their fields. */
function signature(key: Uint8Array, { upload, use, expiresAt }: { upload: string; use: BlobUse; expiresAt: EpochMs }): string {
  return createHmac('sha256', key)
    .update(JSON.stringify(['pushway-blob', upload, use, expiresAt]))
    .digest('base64url')
}
