// Which images are needed now, from the streams: environments, deployments that go on, runs that go on.

import type { ImageUse } from '@pushway/core/images/types.ts'
import { environmentUses, newestReleases } from '@pushway/core/images/uses.ts'
import type { Digest, EnvironmentName, ProjectName, ReleaseId } from '@pushway/core/text/ids.ts'
import type { Workshop } from '../model/workshop.ts'
import type { ImagePolicies, ImageUses } from '../ports/images.ts'

/** The uses of everything that a workshop knows. */
export function createImageUses(shop: Workshop, policies: Pick<ImagePolicies, 'policy'>): ImageUses {
  return {
    version: () => shop.world.store.lastPosition(),
    current: () => [...usesOfEnvironments(shop, policies), ...usesOfRuns(shop)],
  }
}

function usesOfEnvironments(shop: Workshop, policies: Pick<ImagePolicies, 'policy'>): readonly ImageUse[] {
  const { world, states } = shop
  const deploying = releasesUnderWay(shop)
  return world.lists.environments().flatMap(({ project, environment }) =>
    environmentUses(
      {
        project,
        environment,
        state: states.environment(project, environment).state,
        deploying: deploying.get(placeOf(project, environment)) ?? [],
        keepReleases: policies.policy(project).keepReleases,
      },
      states.release,
    ),
  )
}

/** Per environment: what its open deployments take there, and what they would go back to. */
function releasesUnderWay({ world, states }: Workshop): ReadonlyMap<string, readonly ReleaseId[]> {
  const found = new Map<string, readonly ReleaseId[]>()
  for (const id of world.lists.activeDeployments()) {
    const { created, requested, rollout } = states.deployment(id).state
    if (!created) continue
    const place = placeOf(created.project, created.environment)
    const releases = [created.release, requested, rollout?.target, rollout?.previous].filter((release) => release !== undefined)
    found.set(place, [...(found.get(place) ?? []), ...releases])
  }
  return found
}

function placeOf(project: ProjectName, environment: EnvironmentName): string {
  return `${project} ${environment}`
}

/** What a run that goes on has pushed may be in the release that it makes at its end. */
function usesOfRuns({ world, states }: Workshop): readonly ImageUse[] {
  const active = new Set(world.lists.activeRuns())
  const projects = new Set([...active].flatMap((run) => states.run(run).state.project ?? []))
  return [...projects].flatMap((project) =>
    states
      .project(project)
      .state.images.flatMap(({ repository, digest, run }): readonly ImageUse[] =>
        run !== undefined && active.has(run) ? [{ repository, digest, why: 'run', project, run }] : [],
      ),
  )
}

/**
 * The digests whose unpacked files are needed: of every group that there is, of what is live or on its way, and of the release to go back to first.
 * @throws when a runtime does not say what runs
 */
export async function unpackedInUse(shop: Workshop, signal: AbortSignal): Promise<ReadonlySet<Digest>> {
  const { world, states } = shop
  const releases = new Set<ReleaseId>([...releasesUnderWay(shop).values()].flat())
  for (const { project, environment } of world.lists.environments())
    for (const id of newestReleases(states.environment(project, environment).state, 2)) releases.add(id)
  // Others keep what they run in a store of their own.
  for (const group of (await world.runtimes.process?.observe(undefined, signal)) ?? []) releases.add(group.release)
  return new Set([...releases].flatMap((id) => states.release(id)?.services.map(({ image }) => image.digest) ?? []))
}
