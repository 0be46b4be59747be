// Whether a release's digests were verified where its environment asks for it.

import type { ReasonText } from '@pushway/core/reason/reasons.ts'
import { reason } from '@pushway/core/reason/reasons.ts'
import type { Release } from '@pushway/core/release/types.ts'
import type { EnvironmentName } from '@pushway/core/text/ids.ts'
import { shortDigest } from '@pushway/core/text/ids.ts'
import type { Workshop } from './workshop.ts'

/** The first image of the release that was never verified in `from`; undefined when all were, or nothing asks for it. */
export function missingProof(shop: Workshop, release: Release, from: EnvironmentName | undefined): ReasonText | undefined {
  if (from === undefined) return undefined
  const { proven } = shop.states.environment(release.project, from).state
  const missing = release.services.find(({ image }) => !proven.includes(image.digest))
  return missing && reason('not-proven-in-staging', { image: `${missing.image.repository}@${shortDigest(missing.image.digest)}`, from })
}
