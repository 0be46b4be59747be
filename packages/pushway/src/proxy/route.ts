// One route while it serves: its groups and targets, whose turn it is, and the requests that wait for a target.

/// <reference path="./undici-pool.d.ts" />

import Pool from 'undici/lib/dispatcher/pool.js'
import type { Route, RouteStatus } from '../ports/router.ts'
import { pickWeighted, type Weighted } from './balance.ts'
import type { GroupCounts } from './counts.ts'

/** How long a target that refused a connection is left alone, unless nobody else is there. */
const asideMs = 500
const mostWaiting = 1000

/** One instance behind a route. It outlives its route entry until it has answered everything. */
export interface Target {
  readonly address: string
  readonly host: string
  readonly port: number
  readonly pool: Pool
  readonly counts: GroupCounts
  inFlight: number
  asideUntil: number
  listed: boolean
}

interface LiveGroup extends Weighted {
  readonly group: string
  readonly weight: number
  readonly targets: readonly Target[]
  next: number
}

interface Waiting {
  readonly go: (target: Target | undefined) => void
  readonly timer: NodeJS.Timeout
}

export interface LiveRouteOptions {
  readonly countsOf: (group: string) => GroupCounts
  readonly now: () => number
}

/** The moving parts of one route. */
export class LiveRoute {
  route: Route
  #groups: LiveGroup[] = []
  readonly #targets = new Map<string, Target>()
  readonly #waiting = new Set<Waiting>()
  readonly #options: LiveRouteOptions
  readonly #usable = (group: LiveGroup): boolean => group.targets.some((target) => this.#isUp(target))
  #retry: NodeJS.Timeout | undefined

  constructor(route: Route, options: LiveRouteOptions) {
    this.#options = options
    this.route = route
    this.update(route)
  }

  /** Takes another description: targets that stay keep their connections, those that leave finish what they answer. */
  update(route: Route): void {
    const before = this.#groups
    for (const target of this.#targets.values()) target.listed = false
    this.#groups = route.groups.map((group) => {
      const targets = group.targets.map((address) => this.#target(group.group, address))
      const same = before.find((other) => other.group === group.group && other.weight === group.weight)
      return { group: group.group, weight: group.weight, targets, turn: same?.turn ?? 0, next: same?.next ?? 0 }
    })
    // Turns only mean something within one set of weights.
    if (before.length !== this.#groups.length || this.#groups.some((group) => !before.some((b) => b.group === group.group && b.weight === group.weight)))
      for (const group of this.#groups) group.turn = 0
    this.route = route
    for (const [key, target] of this.#targets) if (!target.listed) this.#dismiss(key, target)
    this.#wake()
  }

  /** The target whose turn it is, other than those in `avoid`; one put aside only when there is no other. */
  choose(avoid?: ReadonlySet<Target>): Target | undefined {
    const group = pickWeighted(this.#groups, avoid === undefined ? this.#usable : (one) => one.targets.some((t) => this.#isUp(t) && !avoid.has(t)))
    if (group !== undefined) return this.#leastBusy(group, (t) => this.#isUp(t) && !avoid?.has(t))
    return undefined
  }

  /** A target for a new request: at once, or when one appears within the route's hold time; else `undefined`. Gives what cancels the waiting. */
  acquire(go: (target: Target | undefined) => void): (() => void) | undefined {
    const target = this.choose() ?? (this.route.holdMs > 0 ? undefined : this.#lastResort())
    if (target !== undefined || this.route.holdMs <= 0 || this.#waiting.size >= mostWaiting) {
      go(target)
      return undefined
    }
    const waiting: Waiting = {
      go,
      timer: setTimeout(() => {
        this.#waiting.delete(waiting)
        go(this.#lastResort())
      }, this.route.holdMs),
    }
    this.#waiting.add(waiting)
    this.#retryLater()
    return () => {
      clearTimeout(waiting.timer)
      this.#waiting.delete(waiting)
    }
  }

  /** The target does not accept connections: others come first for a moment. */
  putAside(target: Target): void {
    target.asideUntil = this.#options.now() + asideMs
  }

  begin(target: Target): void {
    target.inFlight++
  }

  end(target: Target): void {
    target.inFlight--
    if (target.inFlight > 0 || target.listed) return
    for (const [key, other] of this.#targets) if (other === target) this.#dismiss(key, target)
  }

  get inFlight(): Record<string, number> {
    const all: Record<string, number> = {}
    for (const target of this.#targets.values()) all[target.address] = (all[target.address] ?? 0) + target.inFlight
    return all
  }

  /** Nobody comes any more: who waits gets no target, connections close when they are free. */
  close(): void {
    clearTimeout(this.#retry)
    for (const waiting of this.#waiting) {
      clearTimeout(waiting.timer)
      waiting.go(undefined)
    }
    this.#waiting.clear()
    this.#groups = []
    for (const [key, target] of this.#targets) {
      target.listed = false
      this.#dismiss(key, target)
    }
  }

  status(bound: RouteStatus['bound'], problem: string | undefined): RouteStatus {
    return { ...this.route, inFlight: this.inFlight, ...(bound ? { bound } : {}), ...(problem ? { problem } : {}) }
  }

  #isUp(target: Target): boolean {
    return target.asideUntil === 0 || target.asideUntil <= this.#options.now()
  }

  #leastBusy(group: LiveGroup, fits: (target: Target) => boolean): Target | undefined {
    let best: Target | undefined
    const count = group.targets.length
    for (let i = 0; i < count; i++) {
      const target = group.targets[(group.next + i) % count] as Target
      if (fits(target) && (best === undefined || target.inFlight < best.inFlight)) best = target
    }
    group.next = (group.next + 1) % count
    return best
  }

  /** All are put aside: better one that may refuse than nobody. */
  #lastResort(): Target | undefined {
    const group = pickWeighted(this.#groups, (one) => one.targets.length > 0)
    return group === undefined ? undefined : this.#leastBusy(group, () => true)
  }

  #wake(): void {
    for (const waiting of this.#waiting) {
      const target = this.choose()
      if (target === undefined) return
      clearTimeout(waiting.timer)
      this.#waiting.delete(waiting)
      waiting.go(target)
    }
  }

  /** Requests wait while targets are put aside: try again when that is over. */
  #retryLater(): void {
    if (this.#retry !== undefined) return
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      this.#wake()
      if (this.#waiting.size > 0) this.#retryLater()
    }, asideMs / 5)
  }

  #target(group: string, address: string): Target {
    const key = `${group} ${address}`
    const known = this.#targets.get(key)
    if (known !== undefined) {
      known.listed = true
      return known
    }
    const colon = address.lastIndexOf(':')
    const made: Target = {
      address,
      host: address.slice(0, colon).replace(/^\[|\]$/g, ''),
      port: Number(address.slice(colon + 1)),
      pool: openPool(address),
      counts: this.#options.countsOf(group),
      inFlight: 0,
      asideUntil: 0,
      listed: true,
    }
    this.#targets.set(key, made)
    return made
  }

  #dismiss(key: string, target: Target): void {
    if (target.inFlight > 0) return
    this.#targets.delete(key)
    target.pool.close().catch(() => undefined)
  }
}

function openPool(address: string): Pool {
  return new Pool(`http://${address}`, {
    connect: { timeout: 5000 },
    // Programs commonly close idle connections after 5 s: we do so before them.
    keepAliveTimeout: 4000,
    headersTimeout: 300_000,
    // Streams may be silent for as long as they like.
    bodyTimeout: 0,
    maxHeaderSize: 65_536,
    pipelining: 1,
  })
}
