// Whether a release's digests were verified where its environment asks for it.

import type { ReasonText } from '@pushway/core/reason/reasons.ts'
import { provenIn } from '@pushway/core/release/promote.ts'
import type { Release } from '@pushway/core/release/types.ts'
import type { EnvironmentName } from '@pushway/core/text/ids.ts'
import type { Workshop } from './workshop.ts'

/** Why the release may not go on yet: an image was never verified in `from`; undefined when all were, or nothing asks for it. */
export function missingProof(shop: Workshop, release: Release, from: EnvironmentName | undefined): ReasonText | undefined {
  if (from === undefined) return undefined
  const proof = provenIn(release, from, shop.states.environment(release.project, from).state.proven)
  return proof.ok ? undefined : proof.reason
}
