// Brings the router in line with what an environment serves and what is ready there.

import { fail, PushwayError } from '@pushway/core/reason/errors.ts'
import type { EnvironmentId, EnvironmentName, ProjectName } from '@pushway/core/text/ids.ts'
import { environmentId } from '@pushway/core/text/ids.ts'
import type { Route, RouteStatus } from '../ports/router.ts'
import type { GroupStatus, ServiceAddress } from '../ports/runtime.ts'
import { buildRoutes, type ServedService, sameRoute } from './routes.ts'
import { runtimeOf } from './runtime-of.ts'
import { groupParts, servedServices } from './serving.ts'
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
  const inside = await insideAddresses(shop, { id, served }, signal)
  const wanted = buildRoutes(id, { served, statuses: input.statuses, inside })
  const present = new Map((await router.read(id, signal)).map((route) => [route.id, route]))
  for (const route of wanted) if (!sameRoute(route, present.get(route.id))) present.set(route.id, await setRoute(shop, route, signal))
  const names = new Set(wanted.map((route) => route.id))
  for (const left of [...present.keys()].filter((name) => !names.has(name))) {
    await router.removeRoute(left, signal)
    present.delete(left)
  }
  return [...present.values()]
}

/** A port that is taken: by a container, its name says more than the program that holds the port for it. */
async function setRoute(shop: Workshop, route: Route, signal: AbortSignal): Promise<RouteStatus> {
  try {
    return await shop.world.router.setRoute(route, signal)
  } catch (error) {
    if (!(error instanceof PushwayError) || error.code !== 'port-in-use') throw error
    for (const runtime of Object.values(shop.world.runtimes)) {
      const owner = await runtime?.portOwner?.(route.listen.port, signal).catch(() => undefined)
      if (owner !== undefined) throw fail('port-in-use', { port: route.listen.port, owner })
    }
    throw error
  }
}

/** Where instances reach the services that the router answers for. A service with a volume of its own has one instance at a time: it is dialled directly. */
async function insideAddresses(
  shop: Workshop,
  { id, served }: { readonly id: EnvironmentId; readonly served: readonly ServedService[] },
  signal: AbortSignal,
): Promise<Readonly<Record<string, ServiceAddress>>> {
  const entries = await Promise.all(
    served.map(async ({ service, sides }): Promise<readonly (readonly [string, ServiceAddress])[]> => {
      const stateful = service.image.exclusive || (service.mounts ?? []).some((mount) => mount.kind === 'volume' && mount.volume !== undefined)
      const release = sides.map(({ group }) => shop.states.release(groupParts(group).release)).find((found) => found !== undefined)
      if (stateful || !release || service.ports.length === 0) return []
      const address = await runtimeOf(shop, release).serviceAddress?.(id, service.name, signal)
      return address ? [[service.name, address]] : []
    }),
  )
  return Object.fromEntries(entries.flat())
}
