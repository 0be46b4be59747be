// Whether everything is proven of a release's images that its environment demands.

import { hostProgramPrefix } from '@pushway/core/host-program/plan.ts'
import { lacking, sayDemands } from '@pushway/core/images/evidence.ts'
import type { EnvironmentConfig } from '@pushway/core/project/types.ts'
import { type ReasonText, reason } from '@pushway/core/reason/reasons.ts'
import type { Release } from '@pushway/core/release/types.ts'
import type { Workshop } from './workshop.ts'

/** `wait`: it is being made; `refuse`: it will not come. */
export interface MissingEvidence {
  readonly next: 'wait' | 'refuse'
  readonly reason: ReasonText
}

/** What is missing for `release` to go to the environment; undefined when nothing is. */
export async function missingEvidence(shop: Workshop, release: Release, config: EnvironmentConfig | undefined): Promise<MissingEvidence | undefined> {
  if (!config?.require?.length) return undefined
  let waiting: MissingEvidence | undefined
  for (const { image } of release.services) {
    const { repository, digest } = image
    // A program of this machine is no image that anybody could have signed.
    if (repository.startsWith(hostProgramPrefix)) continue
    const evidence = await shop.world.evidence.check(release.project, repository, digest)
    const lacks = lacking(config.require, evidence)
    if (lacks.length === 0) continue
    const push = shop.states.project(release.project).state.images.findLast((one) => one.repository === repository && one.digest === digest)
    const name = `${repository}@${digest}`
    if (push && !push.evidence) {
      waiting ??= { next: 'wait', reason: reason('waiting-for-evidence', { image: name }) }
      continue
    }
    const because = push?.evidence?.problem ?? evidence.problems[0]?.replace(/\.$/, '')
    const facts = { image: name, environment: config.name, lacks: sayDemands(lacks), because: because ? ` (${because})` : '' }
    return { next: 'refuse', reason: reason('image-without-evidence', facts) }
  }
  return waiting
}
