// All routes of this proxy: changed by the control plane, kept in a file, come back from it.

import { existsSync, readFileSync } from 'node:fs'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { fail, PushwayError } from '@pushway/core/reason/errors.ts'
import type { Route, RouteStatus } from '../ports/router.ts'
import { systemClock } from '../util/clock.ts'
import { writeFileAtomic } from '../util/files.ts'
import { Listener, type Phase } from './listener.ts'
import { LiveRoute } from './route.ts'
import { parseRoutesFile, type SavedRoute } from './schema.ts'
import type { Traffic } from './traffic.ts'

interface Entry {
  readonly live: LiveRoute
  /** What was asked for, and the address chosen for it. */
  saved: SavedRoute
  listener: Listener | undefined
  problem: string | undefined
}

const retryListenMs = 1000
const nobody: Readonly<Record<string, number>> = {}

/** The routes of one proxy process. */
export class RouteTable {
  readonly #entries = new Map<string, Entry>()
  /** Left the table, still answering. */
  readonly #leaving = new Set<Listener>()
  readonly #file: string
  readonly #phase: Phase
  readonly #traffic: Traffic
  #revision = 0
  #closed = false
  #retry: NodeJS.Timeout | undefined

  constructor(stateDir: string, phase: Phase, traffic: Traffic) {
    this.#file = join(stateDir, 'routes.json')
    this.#phase = phase
    this.#traffic = traffic
  }

  get revision(): number {
    return this.#revision
  }

  /** Takes the last good routes from the file; `handed` are listening servers of a predecessor, by route id. */
  async load(handed: ReadonlyMap<string, Server>): Promise<void> {
    const text = existsSync(this.#file) ? readFileSync(this.#file, 'utf8') : undefined
    const file = text === undefined ? undefined : parseRoutesFile(text)
    this.#revision = file?.revision ?? 0
    for (const saved of file?.routes ?? []) {
      const entry = this.#open(saved)
      const server = handed.get(saved.id)
      if (server === undefined) await this.#tryListen(entry)
      else entry.listener = new Listener(entry.live, this.#phase, server)
    }
    this.#retryLater()
  }

  /** @throws PushwayError `port-in-use` */
  async set(route: Route): Promise<RouteStatus> {
    const entry = this.#entries.get(route.id)
    this.#refuseTaken(route)
    if (entry === undefined || entry.saved.protocol !== route.protocol || !sameAddress(entry.saved.listen, route.listen)) {
      await this.#move(entry, route)
    } else {
      entry.saved = entry.saved.bound === undefined ? route : { ...route, bound: entry.saved.bound }
      entry.live.update(route)
      if (entry.listener === undefined) await this.#listen(entry)
    }
    this.#save()
    return this.#status(this.#entries.get(route.id) as Entry)
  }

  remove(id: string): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    this.#entries.delete(id)
    this.#retire(entry)
    this.#save()
  }

  read(environment?: string): RouteStatus[] {
    const all = [...this.#entries.values()].filter((entry) => environment === undefined || entry.saved.environment === environment)
    return all.map((entry) => this.#status(entry))
  }

  groups(environment: string): Set<string> {
    const all = this.read(environment).flatMap((route) => route.groups.map((group) => group.group))
    return new Set(all)
  }

  /** What a successor needs to go on listening. */
  listeners(): readonly { readonly id: string; readonly server: Server }[] {
    return [...this.#entries.values()].flatMap((entry) => (entry.listener === undefined ? [] : [{ id: entry.saved.id, server: entry.listener.server }]))
  }

  /** Accepts no more; what is open goes on. */
  stopAccepting(): void {
    this.#closed = true
    clearTimeout(this.#retry)
    for (const entry of this.#entries.values()) entry.listener?.stopAccepting()
  }

  /** Client connections that are open. */
  get open(): number {
    let count = 0
    for (const entry of this.#entries.values()) count += entry.listener?.sockets.size ?? 0
    for (const listener of this.#leaving) count += listener.sockets.size
    return count
  }

  #status(entry: Entry): RouteStatus {
    const status = entry.live.status(entry.listener === undefined ? undefined : entry.listener.bound, entry.problem)
    const before = this.#traffic.predecessorInFlight(entry.saved.id) ?? nobody
    const inFlight: Record<string, number> = { ...status.inFlight }
    for (const [target, count] of Object.entries(before)) inFlight[target] = (inFlight[target] ?? 0) + count
    return { ...status, inFlight }
  }

  #open(saved: SavedRoute): Entry {
    const { bound: _, ...route } = saved
    const live = new LiveRoute(route, { countsOf: (group) => this.#traffic.of(group), now: systemClock.now })
    const entry: Entry = { live, saved, listener: undefined, problem: undefined }
    this.#entries.set(saved.id, entry)
    return entry
  }

  /** A new address: it must be ours before the old one is given up. */
  async #move(old: Entry | undefined, route: Route): Promise<void> {
    if (old !== undefined && (old.saved.listen.port === route.listen.port || old.saved.bound?.port === route.listen.port)) old.listener?.stopAccepting()
    const entry = this.#open(route)
    try {
      await this.#listen(entry)
    } catch (error) {
      entry.live.close()
      if (old === undefined) this.#entries.delete(route.id)
      else this.#entries.set(route.id, old)
      throw error
    }
    if (old !== undefined) this.#retire(old)
  }

  #retire(entry: Entry): void {
    const { listener, live } = entry
    if (listener === undefined) {
      live.close()
      return
    }
    listener.stopAccepting()
    this.#leaving.add(listener)
    const wait = setInterval(() => {
      const busy = Object.values(live.inFlight).some((count) => count > 0)
      if (busy) return
      clearInterval(wait)
      live.close()
      for (const socket of listener.sockets) socket.end()
      this.#leaving.delete(listener)
    }, 100)
  }

  async #listen(entry: Entry): Promise<void> {
    const listener = new Listener(entry.live, this.#phase)
    try {
      await listener.listen({ host: entry.saved.listen.host, port: entry.saved.bound?.port ?? entry.saved.listen.port })
    } catch (error) {
      if (error instanceof PushwayError) entry.problem = error.message
      throw error
    }
    entry.listener = listener
    entry.problem = undefined
    entry.saved = { ...entry.saved, bound: listener.bound }
  }

  async #tryListen(entry: Entry): Promise<void> {
    await this.#listen(entry).catch((error: Error) => {
      entry.problem = error.message
    })
  }

  #retryLater(): void {
    if (this.#closed) return
    this.#retry = setTimeout(async () => {
      for (const entry of this.#entries.values()) if (entry.listener === undefined) await this.#tryListen(entry)
      this.#retryLater()
    }, retryListenMs)
    this.#retry.unref()
  }

  /** @throws PushwayError `port-in-use` when another route has the address */
  #refuseTaken(route: Route): void {
    if (route.listen.port === 0) return
    for (const { saved } of this.#entries.values()) {
      const port = saved.bound?.port ?? saved.listen.port
      const host = saved.listen.host
      if (saved.id === route.id || port !== route.listen.port) continue
      if (host === route.listen.host || isAny(host) || isAny(route.listen.host))
        throw fail('port-in-use', { port, owner: `the route of ${saved.service} in ${saved.environment}` })
    }
  }

  #save(): void {
    this.#revision++
    const routes = [...this.#entries.values()].map((entry) => entry.saved)
    writeFileAtomic(this.#file, `${JSON.stringify({ version: 1, revision: this.#revision, routes }, null, 1)}\n`)
  }
}

function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function sameAddress(a: { host: string; port: number }, b: { host: string; port: number }): boolean {
  return a.host === b.host && a.port === b.port
}
