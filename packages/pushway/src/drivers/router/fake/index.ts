// A Router in memory for tests: it keeps routes, and says what the test told it to.

import { fail } from '@pushway/core/reason/errors.ts'
import type { TrafficCounts } from '@pushway/core/rollout/types.ts'
import type { GroupId } from '@pushway/core/text/ids.ts'
import type { Route, Router, RouterCapabilities, RouteStatus } from '../../../ports/router.ts'

export interface FakeRouter extends Router {
  /** Every call that changed something, in order. */
  readonly calls: readonly { readonly kind: 'set' | 'remove'; readonly id: string; readonly route?: Route }[]
  /** What `counts` answers for a group from now on. */
  setCounts(group: GroupId, counts: Partial<TrafficCounts>): void
  setInFlight(route: string, target: string, count: number): void
  /** Another program has the port from now on (or no longer: no owner). */
  occupy(port: number, owner: string | undefined): void
  /** The next calls fail with this error; `undefined`: they work again. */
  failWith(error: Error | undefined): void
}

/** A scriptable Router. Internal addresses get ports from 40,000 on. */
export function createFakeRouter(capabilities: Partial<RouterCapabilities> = {}): FakeRouter {
  const routes = new Map<string, RouteStatus>()
  const counted = new Map<GroupId, Partial<TrafficCounts>>()
  const occupied = new Map<number, string>()
  const calls: { kind: 'set' | 'remove'; id: string; route?: Route }[] = []
  let nextPort = 40_000
  let failure: Error | undefined
  const check = (signal: AbortSignal) => {
    signal.throwIfAborted()
    if (failure !== undefined) throw failure
  }
  const bind = (route: Route): { host: string; port: number } => {
    const before = routes.get(route.id)
    const { host, port } = route.listen
    if (port === 0) return before?.listen.port === 0 && before.bound ? before.bound : { host, port: nextPort++ }
    const owner = occupied.get(port)
    if (owner !== undefined) throw fail('port-in-use', { port, owner })
    const other = [...routes.values()].find((one) => one.id !== route.id && one.bound?.port === port)
    if (other !== undefined) throw fail('port-in-use', { port, owner: `the route of ${other.service} in ${other.environment}` })
    return { host, port }
  }
  return {
    calls,
    capabilities: { weights: true, hold: true, counts: true, ...capabilities },
    async setRoute(route, signal) {
      check(signal)
      const bound = bind(route)
      const status: RouteStatus = { ...route, bound, inFlight: routes.get(route.id)?.inFlight ?? {} }
      routes.set(route.id, status)
      calls.push({ kind: 'set', id: route.id, route })
      return status
    },
    async removeRoute(id, signal) {
      check(signal)
      if (routes.delete(id)) calls.push({ kind: 'remove', id })
    },
    async read(environment, signal) {
      check(signal)
      return [...routes.values()].filter((route) => environment === undefined || route.environment === environment)
    },
    async counts(environment, since, signal) {
      check(signal)
      const all: Record<GroupId, TrafficCounts> = {}
      for (const [group, counts] of counted)
        if (group.startsWith(`${environment}~`)) all[group] = { requests: 0, errors: 0, p50Ms: 0, p95Ms: 0, sinceMs: since, ...counts }
      return all
    },
    setCounts: (group, counts) => void counted.set(group, counts),
    setInFlight(id, target, count) {
      const route = routes.get(id)
      if (route !== undefined) routes.set(id, { ...route, inFlight: { ...route.inFlight, [target]: count } })
    },
    occupy(port, owner) {
      if (owner === undefined) occupied.delete(port)
      else occupied.set(port, owner)
    },
    failWith(error) {
      failure = error
    },
  }
}
