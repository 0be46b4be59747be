// Promotion: an environment may take only what another one has proven.

import { type ReasonText, reason } from '../reason/reasons.ts'
import { type Digest, type EnvironmentName, shortDigest } from '../text/ids.ts'
import type { Release } from './types.ts'

export type Proof =
  | { readonly ok: true }
  /** `missing`: the images whose digests were never verified there. */
  | { readonly ok: false; readonly reason: ReasonText; readonly missing: readonly { readonly image: string; readonly digest: Digest }[] }

/**
 * Whether every image of a release was verified in `from`, digest by digest.
 *
 * @param verified all digests of that environment's `ReleaseVerified` events
 */
export function provenIn(release: Release, from: EnvironmentName, verified: Iterable<Digest>): Proof {
  const known = new Set(verified)
  const missing = release.services.filter(({ image }) => !known.has(image.digest)).map(({ image }) => ({ image: image.repository, digest: image.digest }))
  const [first] = missing
  if (!first) return { ok: true }
  return { ok: false, reason: reason('not-proven-in-staging', { image: `${first.image}@${shortDigest(first.digest)}`, from }), missing }
}
