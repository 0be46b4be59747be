// The Router port: brings requests to groups, by weight.

import type { TrafficCounts } from '@pushway/core/rollout/types.ts'
import type { EnvironmentId, EpochMs, GroupId } from '@pushway/core/text/ids.ts'

/** `environment id~service~target port`. */
export type RouteId = string

/** One listening address and the groups behind it. */
export interface Route {
  readonly id: RouteId
  readonly environment: EnvironmentId
  readonly service: string
  /** Port 0 on 127.0.0.1: an internal address, chosen once by the router and kept; `read` tells it. */
  readonly listen: { readonly host: string; readonly port: number }
  /** Address ranges (`172.18.0.0/16`) that may connect; everyone when absent. */
  readonly from?: readonly string[]
  readonly protocol: 'http' | 'tcp'
  readonly groups: readonly RouteGroup[]
  /** Requests wait, up to `holdMs`, instead of failing while no target is there: for swaps that stop first. */
  readonly holdMs: number
}

export interface RouteGroup {
  readonly group: GroupId
  /** Share of requests, 0..100; the router normalises over the groups that have targets. */
  readonly weight: number
  /** `host:port` of ready instances. */
  readonly targets: readonly string[]
}

/** A route as the router has it. */
export interface RouteStatus extends Route {
  /** Where it really listens; a route that can't listen says why in `problem`. */
  readonly bound?: { readonly host: string; readonly port: number }
  readonly problem?: string
  /** Requests being answered now, per target. */
  readonly inFlight: Readonly<Record<string, number>>
}

export interface RouterCapabilities {
  /** Shares of any percent; when false the caller uses replica ratios. */
  readonly weights: boolean
  /** Requests can be held while no target is there. */
  readonly hold: boolean
  /** Requests are counted per group. */
  readonly counts: boolean
}

/**
 * Brings requests to groups.
 *
 * - `setRoute` replaces one route whole; it may be repeated. A target that leaves a route finishes what it is answering.
 * - The router keeps its routes through crashes and restarts of itself and of the caller.
 * - Weights apply to new requests at once; `read` is the truth.
 * - A router never checks health by itself beyond refusing to use a target that does not accept connections.
 */
export interface Router {
  readonly capabilities: RouterCapabilities
  /** @throws PushwayError `port-in-use` when the port belongs to another program or another route */
  setRoute(route: Route, signal: AbortSignal): Promise<RouteStatus>
  /** Stops listening; what is being answered is finished. Unknown: nothing happens. */
  removeRoute(id: RouteId, signal: AbortSignal): Promise<void>
  read(environment: EnvironmentId | undefined, signal: AbortSignal): Promise<readonly RouteStatus[]>
  /** Counts per group of all routes of `environment`, over requests that ended since `since`. */
  counts(environment: EnvironmentId, since: EpochMs, signal: AbortSignal): Promise<Readonly<Record<GroupId, TrafficCounts>>>
}

/** The id of a service's route. */
export function routeId(environment: EnvironmentId, service: string, target: number): RouteId {
  return `${environment}~${service}~${target}`
}
