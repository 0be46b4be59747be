// What an environment looks like right now: from the runtime and the router.

import type { Observed } from '@pushway/core/rollout/types.ts'
import type { EnvironmentId, EpochMs } from '@pushway/core/text/ids.ts'
import type { RouteStatus } from '../ports/router.ts'
import type { GroupStatus, Runtime } from '../ports/runtime.ts'
import type { World } from '../ports/world.ts'
import { observedWeights, reachedInstances } from './routes.ts'

export interface Look {
  readonly statuses: readonly GroupStatus[]
  readonly routes: readonly RouteStatus[]
  readonly observed: Observed
}

/**
 * Looks once.
 * @param since requests that ended from then on are counted, epoch ms
 */
export async function lookAt(world: World, at: { environment: EnvironmentId; runtime: Runtime; since: EpochMs }, signal: AbortSignal): Promise<Look> {
  const { environment, runtime, since } = at
  const [statuses, routes, traffic] = await Promise.all([
    runtime.observe(environment, signal),
    world.router.read(environment, signal),
    world.router.counts(environment, since, signal),
  ])
  const groups = Object.fromEntries(statuses.map(({ id, total, ready, crashes, problem }) => [id, { total, ready, crashes, ...(problem ? { problem } : {}) }]))
  return { statuses, routes, observed: { groups, weights: observedWeights(routes), reached: reachedInstances(routes), traffic } }
}
