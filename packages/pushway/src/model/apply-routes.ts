// Brings the router in line with what an environment serves and what is ready there.

import type { EnvironmentName, ProjectName } from '@pushway/core/text/ids.ts'
import { environmentId } from '@pushway/core/text/ids.ts'
import type { RouteStatus } from '../ports/router.ts'
import type { GroupStatus } from '../ports/runtime.ts'
import { buildRoutes, sameRoute } from './routes.ts'
import { servedServices } from './serving.ts'
import type { Workshop } from './workshop.ts'

export interface ApplyInput {
  readonly project: ProjectName
  readonly environment: EnvironmentName
  readonly statuses: readonly GroupStatus[]
  /** Shares of the new sides to set; the recorded ones when absent. */
  readonly weights?: Readonly<Record<string, number>>
  /** Groups that get no more requests, whatever the facts say: they are about to go. */
  readonly without?: readonly string[]
}

/**
 * Sets what differs, removes what is left over; gives the routes as the router has them then.
 * Called under the environment's lock.
 * @throws PushwayError `port-in-use`, `proxy-unreachable`
 */
export async function applyRoutes(shop: Workshop, input: ApplyInput, signal: AbortSignal): Promise<readonly RouteStatus[]> {
  const { router } = shop.world
  const id = environmentId(input.project, input.environment)
  const without = new Set(input.without ?? [])
  const served = servedServices(shop.states, input, input.weights).map(({ service, sides }) => ({
    service,
    sides: sides.filter(({ group }) => !without.has(group)),
  }))
  const wanted = buildRoutes(id, served, input.statuses)
  const present = new Map((await router.read(id, signal)).map((route) => [route.id, route]))
  for (const route of wanted) if (!sameRoute(route, present.get(route.id))) present.set(route.id, await router.setRoute(route, signal))
  const names = new Set(wanted.map((route) => route.id))
  for (const left of [...present.keys()].filter((name) => !names.has(name))) {
    await router.removeRoute(left, signal)
    present.delete(left)
  }
  return [...present.values()]
}
