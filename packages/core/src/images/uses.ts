// Which images the environments of an installation need: what is live, on its way, or to be gone back to.

import type { EnvironmentState } from '../release/environment.ts'
import type { Release } from '../release/types.ts'
import type { EnvironmentName, ProjectName, ReleaseId } from '../text/ids.ts'
import type { ImageUse, UseReason } from './types.ts'

/** How many releases of an environment stay ready to be gone back to, the live one among them, where the project says nothing. */
export const defaultKeepReleases = 10

/** An environment as its streams say. */
export interface EnvironmentImages {
  readonly project: ProjectName
  readonly environment: EnvironmentName
  readonly state: EnvironmentState
  /** Releases of deployments that have not ended: asked for, rolling out, and what they would go back to. */
  readonly deploying: readonly ReleaseId[]
  /** How many releases stay ready, at least 1. */
  readonly keepReleases: number
}

/**
 * The uses of one environment. A release has one reason, the strongest.
 * @param release gives a release by its id
 */
export function environmentUses(place: EnvironmentImages, release: (id: ReleaseId) => Release | undefined): readonly ImageUse[] {
  const reasons = new Map<ReleaseId, UseReason>()
  for (const id of newestReleases(place.state, place.keepReleases)) reasons.set(id, 'rollback')
  for (const id of place.deploying) reasons.set(id, 'deploying')
  if (place.state.live) reasons.set(place.state.live.release, 'live')
  return [...reasons].flatMap(([id, why]) => {
    const found = release(id)
    return found ? releaseUses(found, { project: place.project, environment: place.environment, why }) : []
  })
}

/** The last `count` different releases that were live, newest first. */
export function newestReleases(state: EnvironmentState, count: number): readonly ReleaseId[] {
  const ids = new Set<ReleaseId>()
  for (const record of state.history.toReversed()) {
    if (ids.size >= Math.max(1, count)) break
    ids.add(record.release)
  }
  return [...ids]
}

function releaseUses(release: Release, use: Pick<ImageUse, 'project' | 'environment' | 'why'>): readonly ImageUse[] {
  return release.services.map(({ name, image }) => ({
    ...use,
    repository: image.repository,
    digest: image.digest,
    service: name,
    release: release.id,
    number: release.number,
  }))
}

/** `live in production (web)`: a use in words, for refusals and lists. */
export function describeUse(use: ImageUse): string {
  const service = use.service === undefined ? '' : ` (${use.service})`
  switch (use.why) {
    case 'live':
      return `live in ${use.environment ?? use.project}${service}`
    case 'deploying':
      return `being deployed to ${use.environment ?? use.project}${service}`
    case 'rollback':
      return `kept for a rollback of ${use.environment ?? use.project} to v${use.number ?? '?'}${service}`
    case 'run':
      return 'of a run that is going on'
  }
}
