// Which addresses an environment has, and which groups answer on them with which share.

import type { Port } from '@pushway/core/app/types.ts'
import type { ReleasedService } from '@pushway/core/release/types.ts'
import type { EnvironmentId, GroupId, Milliseconds } from '@pushway/core/text/ids.ts'
import type { Route, RouteGroup, RouteId, RouteStatus } from '../ports/router.ts'
import { routeId } from '../ports/router.ts'
import type { GroupStatus, ServiceAddress } from '../ports/runtime.ts'

/** A service with the groups that answer for it; weights are percent. */
export interface ServedService {
  readonly service: ReleasedService
  readonly sides: readonly { readonly group: GroupId; readonly weight: number }[]
}

/** Requests wait this long for an instance before they fail: enough for a restart. */
const holdMs: Milliseconds = 5_000
/** Longer where one instance stops before the next one starts: a database takes its time. */
const swapHoldMs: Milliseconds = 30_000

export interface RouteInput {
  readonly served: readonly ServedService[]
  readonly statuses: readonly GroupStatus[]
  /** Service → where instances of other services reach it, for runtimes that have such addresses. */
  readonly inside?: Readonly<Record<string, ServiceAddress>>
}

/**
 * The routes of an environment: one per service and port, and a second one for a published port with an inside address.
 * A published port listens on its own address; every other one on the inside address, or on one that the router chooses.
 */
export function buildRoutes(environment: EnvironmentId, { served, statuses, inside = {} }: RouteInput): readonly Route[] {
  const byId = new Map(statuses.map((status) => [status.id, status]))
  return served.flatMap(({ service, sides }) =>
    service.ports.flatMap(({ protocol, ...port }): Route[] => {
      // Routers carry connections: datagrams reach an instance only where its runtime publishes them.
      if (protocol === 'udp') return []
      const { target } = port
      const groups = sides.map(({ group, weight }): RouteGroup => ({ group, weight, targets: readyTargets(byId.get(group), target) }))
      const id = routeId(environment, service.name, target)
      const common = { environment, service: service.name, protocol, groups, holdMs: swaps(service) ? swapHoldMs : holdMs }
      const address = inside[service.name]
      const within = address && target >= (address.lowestPort ?? 1) && { listen: { host: address.host, port: target }, from: address.from }
      if (!within || isPublished(port)) {
        const outer: Route = { id, listen: listenAddress(port), ...common }
        return within ? [outer, { id: insideId(environment, service.name, target), ...within, ...common }] : [outer]
      }
      return [{ id, ...within, ...common }]
    }),
  )
}

function swaps({ mounts = [] }: ReleasedService): boolean {
  return mounts.some((mount) => mount.kind === 'volume' && mount.volume !== undefined && !mount.readOnly)
}

function isPublished(port: Pick<Port, 'published'>): boolean {
  return port.published !== undefined
}

function insideId(environment: EnvironmentId, service: string, target: number): RouteId {
  return `${environment}~${service}~inside~${target}`
}

function listenAddress(port: Pick<Port, 'published' | 'host'>): Route['listen'] {
  return port.published === undefined ? { host: '127.0.0.1', port: 0 } : { host: port.host ?? '0.0.0.0', port: port.published }
}

function readyTargets(status: GroupStatus | undefined, target: number): readonly string[] {
  return (status?.instances ?? [])
    .filter((instance) => instance.state === 'ready')
    .flatMap((instance) => instance.addresses[target] ?? [])
    .toSorted()
}

/** Whether the router has this route already, so that setting it would change nothing. */
export function sameRoute(wanted: Route, present: RouteStatus | undefined): boolean {
  if (!present || present.problem !== undefined) return false
  return essence(wanted) === essence(present)
}

function essence(route: Route): string {
  const groups = route.groups.map(({ group, weight, targets }) => [group, weight, ...targets])
  return JSON.stringify([route.listen.host, route.listen.port, route.from ?? null, route.protocol, route.holdMs, groups])
}

/** `service:port` → where it is reached, from what the router says; for the programs' name resolution. */
export function serviceAddresses(present: readonly RouteStatus[]): Readonly<Record<string, string>> {
  // A service's inside address is the one that programs dial.
  const outerFirst = present.toSorted((a, b) => Number(a.id.includes('~inside~')) - Number(b.id.includes('~inside~')))
  const entries = outerFirst.flatMap((route) => {
    const target = route.id.slice(route.id.lastIndexOf('~') + 1)
    if (!route.bound) return []
    const host = route.bound.host === '0.0.0.0' || route.bound.host === '::' ? '127.0.0.1' : route.bound.host
    return [[`${route.service}:${target}`, `${host}:${route.bound.port}`] as const]
  })
  return Object.fromEntries(entries)
}

/** Percent of the traffic that each group gets, over all routes of an environment. */
export function observedWeights(present: readonly RouteStatus[]): Readonly<Record<GroupId, number>> {
  const weights: Record<GroupId, number> = {}
  for (const route of present) {
    const sum = route.groups.reduce((total, { weight }) => total + weight, 0)
    if (route.problem !== undefined || sum === 0) continue
    for (const { group, weight } of route.groups) weights[group] = (weight / sum) * 100
  }
  return weights
}

/** How many instances the router sends each group's requests to: the fewest of its routes. */
export function reachedInstances(present: readonly RouteStatus[]): Readonly<Record<GroupId, number>> {
  const reached: Record<GroupId, number> = {}
  for (const { groups } of present) for (const { group, targets } of groups) reached[group] = Math.min(reached[group] ?? targets.length, targets.length)
  return reached
}
