// The proxy: one long-lived process that brings requests to instances. It needs nobody: routes come from its file, the control plane only changes them.

import type { ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import type { Server } from 'node:http'
import type { Server as NetServer } from 'node:net'
import { systemClock } from '../util/clock.ts'
import { controlSocket, proxyProtocol } from '../util/control-socket.ts'
import { programBuild } from '../util/program-build.ts'
import { askHello, type Controlled, serveControl } from './control.ts'
import { followPredecessor, receiveListeners, reportTo, startSuccessor, successorVariable, tellReady } from './handover.ts'
import type { Phase } from './listener.ts'
import { RouteTable } from './table.ts'
import { Traffic } from './traffic.ts'

export interface ProxyOptions {
  readonly stateDir: string
  /** Absent: the place that belongs to `stateDir`. */
  readonly socket?: string
}

/** How long a proxy that was replaced finishes what is open: long downloads, WebSockets. */
const replacedMs = 3_600_000
/** The same after SIGTERM. */
const stoppedMs = 10_000
const reportMs = 500

/**
 * Runs the proxy until it is stopped (SIGTERM: what is open has 10 s) or replaced (SIGHUP or its control plane's word) and everything open is finished.
 * @throws Error when another proxy serves this folder
 */
export async function runProxy(options: ProxyOptions): Promise<void> {
  const { stateDir } = options
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const socket = options.socket ?? controlSocket(stateDir, 'proxy')
  const succeeds = process.env[successorVariable] === '1' && process.send !== undefined
  if (!succeeds && (await askHello(socket))) throw new Error(`another proxy serves ${stateDir}`)
  const handed = succeeds ? await receiveListeners() : new Map<string, NetServer>()
  process.on('uncaughtException', (error) => log(`unexpected: ${error.stack ?? error.message}`))
  process.on('unhandledRejection', (error) => log(`unexpected: ${error instanceof Error ? error.stack : String(error)}`))
  await new ProxyProcess(stateDir, socket).run(handed, succeeds)
}

function log(line: string): void {
  process.stderr.write(`${new Date(systemClock.now()).toISOString()} proxy ${process.pid}: ${line}\n`)
}

class ProxyProcess {
  readonly #stateDir: string
  readonly #socket: string
  readonly #phase: Phase = { leaving: false }
  readonly #traffic = new Traffic()
  readonly #table: RouteTable
  #control: Server | undefined
  #predecessor = false
  #done: () => void = () => undefined

  constructor(stateDir: string, socket: string) {
    this.#stateDir = stateDir
    this.#socket = socket
    this.#table = new RouteTable(stateDir, this.#phase, this.#traffic)
  }

  async run(handed: ReadonlyMap<string, NetServer>, succeeds: boolean): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#done = resolve
    })
    if (succeeds) this.#follow()
    await this.#table.load(handed)
    this.#control = await serveControl(this.#socket, this.#controlled())
    process.on('SIGTERM', () => this.#stop())
    process.on('SIGINT', () => this.#stop())
    process.on('SIGHUP', () => {
      const launch = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
      this.#handOver(launch, programBuild(launch)).catch((error: Error) => log(`could not be replaced: ${error.message}`))
    })
    if (succeeds) tellReady()
    log(`serves ${this.#table.read().length} routes`)
    await ended
  }

  #controlled(): Controlled {
    const build = process.env.PUSHWAY_PROXY_BUILD ?? 'unknown'
    return {
      table: this.#table,
      traffic: this.#traffic,
      hello: { program: 'pushway-proxy', protocol: proxyProtocol, build, pid: process.pid, startedAt: systemClock.now() },
      leaving: () => this.#phase.leaving,
      handOver: (launch, next) => this.#handOver(launch, next),
      stop: () => this.#stop(),
    }
  }

  /** What the one before still answers counts here, until it is gone. */
  #follow(): void {
    this.#predecessor = true
    const gone = () => {
      this.#predecessor = false
      this.#traffic.predecessorLeft()
    }
    followPredecessor((report) => this.#traffic.take(report), gone)
  }

  async #handOver(launch: readonly string[], build: string): Promise<number> {
    if (this.#phase.leaving) throw new Error('it is being replaced already')
    const successor = await startSuccessor({ stateDir: this.#stateDir, launch, build, listeners: this.#table.listeners() })
    await reportTo(successor, this.#report(0))
    this.#leave()
    log(`replaced by ${successor.pid}`)
    void this.#finish(replacedMs, successor)
    return successor.pid ?? 0
  }

  #stop(): void {
    if (this.#phase.leaving) return
    this.#leave()
    log('stops')
    void this.#finish(stoppedMs)
  }

  /** Accepts nothing more; answers end their connections, idle ones go when they were idle for long enough. */
  #leave(): void {
    this.#phase.leaving = true
    this.#table.stopAccepting()
    this.#control?.close()
  }

  async #finish(limitMs: number, successor?: ChildProcess): Promise<void> {
    const until = performance.now() + limitMs
    const since = systemClock.now() - 1000
    while ((this.#predecessor || (successor === undefined ? this.#busy() : this.#table.open > 0)) && performance.now() < until) {
      if (successor !== undefined) await reportTo(successor, this.#report(since))
      await new Promise((resolve) => setTimeout(resolve, successor === undefined ? 20 : reportMs))
    }
    if (successor !== undefined) await reportTo(successor, { ...this.#report(since), inFlight: {} })
    log('ends')
    this.#done()
    process.exit(0)
  }

  #busy(): boolean {
    return this.#table.read().some((route) => Object.values(route.inFlight).some((count) => count > 0))
  }

  #report(since: number): ReturnType<Traffic['report']> {
    const inFlight = Object.fromEntries(this.#table.read().map((route) => [route.id, route.inFlight]))
    return this.#traffic.report(since, inFlight)
  }
}
