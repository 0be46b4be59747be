// One instance: started, probed, restarted with back-off, stopped. Its state lives here and in its record.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Probe } from '@pushway/core/app/types.ts'
import type { AgentInstance, AgentInstanceState, HostPart, Program } from '../ports/agent.ts'
import { exitProblem } from '../util/exit-problem.ts'
import type { ProbeResult } from '../util/probe.ts'
import { isFree, pickPort } from './host-ports.ts'
import { cleanUpHost, prepareHost, writeFiles } from './host-program.ts'
import { bootId, findByEnvironment, identify, isAlive } from './identity.ts'
import { addressOf, type InstancePlace, launchOf } from './launch.ts'
import { listeningPorts } from './listening.ts'
import { errorsSince, logSize, noteInLog, openLog, type StreamName, tendLogs } from './log-files.ts'
import { clearPlace, preparePlace, refreshOverlays, refreshPreload } from './place.ts'
import { type ProbeLoop, startProbeLoop } from './probe-loop.ts'
import { runProbe } from './probes.ts'
import { insistsProblem, killedProblem, portProblem } from './problems.ts'
import type { InstanceRecord } from './state.ts'

const firstBackoffMs = 100
const longestBackoffMs = 30_000
/** A program that was ready this long starts its back-off anew. */
const steadyMs = 10_000
/** Without a probe and a port a program is ready when it still runs after this time. */
const runsMs = 300
const closerLookMs = 1000

/** What an instance needs of its group. */
export interface InstanceContext {
  readonly program: Program
  readonly dir: string
  /** Instances the group wants now. */
  wanted(): number
  /** Ports that other instances have. */
  takenPorts(): ReadonlySet<number>
  /** The target port that a sibling took literally. */
  literalSibling(self: Instance): number | undefined
  changed(): void
  crashed(problem: string): void
  gone(self: Instance): void
}

export class Instance {
  readonly record: InstanceRecord
  readonly #context: InstanceContext
  state: AgentInstanceState = 'starting'
  problem: string | undefined
  /** It listens on its target port itself although it was told another one. */
  literal: number | undefined
  #child: ChildProcess | undefined
  #loops: ProbeLoop[] = []
  #timer: NodeJS.Timeout | undefined
  #backoffMs = firstBackoffMs
  #readySince = 0
  #closerLookAt = 0
  #endReason: string | undefined
  #stopping = false
  #released = false
  readonly #seen = new Map<StreamName, number>()

  constructor(record: InstanceRecord, context: InstanceContext) {
    this.record = record
    this.#context = context
    mkdirSync(this.#logs, { recursive: true, mode: 0o700 })
  }

  get stopping(): boolean {
    return this.#stopping
  }

  get #logs(): string {
    return join(this.#context.dir, 'logs')
  }

  get #place(): InstancePlace {
    return { id: this.record.id, dir: this.#context.dir, ports: this.record.ports }
  }

  status(): AgentInstance {
    const { record } = this
    const addresses = Object.fromEntries(Object.entries(record.ports).map(([target, host]) => [target, `${addressOf(this.#context.program)}:${host}`]))
    return {
      id: record.id,
      state: this.state,
      startedAt: record.startedAt,
      restarts: record.restarts,
      addresses,
      logs: this.#logs,
      ...(record.process ? { pid: record.process.pid } : {}),
      ...(this.problem === undefined ? {} : { problem: this.problem }),
    }
  }

  /** Takes over the process that the record names, or starts one. */
  resume(): void {
    const known = this.record.process
    const found = known && isAlive(known) ? known : findByEnvironment(`PUSHWAY_INSTANCE=${this.record.id}`)
    if (found) {
      this.record.process = found
      if (this.record.ready) this.#becomeReady()
      this.#context.changed()
      this.#watch()
      return
    }
    this.record.process = undefined
    this.record.ready = false
    if (known && known.boot === bootId()) this.#context.crashed('ended while the agent was not running')
    this.start()
  }

  start(): void {
    this.state = 'starting'
    this.#start().catch((error: unknown) => this.#ended(`could not start: ${error instanceof Error ? error.message : String(error)}`))
  }

  async #start(): Promise<void> {
    const { program, dir } = this.#context
    if (!this.record.prepared) {
      await preparePlace(program, dir)
      this.record.prepared = true
    }
    await this.#choosePorts()
    if (this.#released) return
    if (this.#stopping) {
      this.#leave()
      return
    }
    refreshPreload(dir)
    refreshOverlays(program, dir)
    writeFiles(program, this.#place)
    if (program.host) await this.#prepareHost(program.host)
    if (this.#released) return
    if (this.#stopping) return void this.#leave()
    this.#spawn()
    this.#context.changed()
    this.#watch()
  }

  async #prepareHost({ notes }: HostPart): Promise<void> {
    const { program } = this.#context
    for (const note of notes) noteInLog(this.#logs, note)
    await prepareHost(program, this.#place)
  }

  /** The ports of the last start where they are still free; others where somebody took them meanwhile. */
  async #choosePorts(): Promise<void> {
    const ports: Record<number, number> = {}
    const { program } = this.#context
    // What binds an address of its own has its ports for itself.
    const own = program.host?.address === undefined ? [] : program.ports
    for (const target of own) ports[target] = target
    this.record.ports = { ...this.record.ports, ...ports }
    for (const target of [...program.ports.filter((port) => !own.includes(port)), ...(program.host?.privatePorts ?? [])]) {
      const last = this.record.ports[target]
      ports[target] = last !== undefined && (await isFree(last)) ? last : await pickPort(new Set([...this.#context.takenPorts(), ...Object.values(ports)]))
      // Taken from here on, for the others that choose at this moment.
      this.record.ports = { ...this.record.ports, ...ports }
    }
  }

  #spawn(): void {
    const launch = launchOf(this.#context.program, this.#place, this.#context.program.argv)
    const [file = '', ...args] = launch.argv
    const { isolation } = this.#context.program
    const owner = isolation.kind === 'uid' ? isolation.uid : undefined
    const out = openLog(this.#logs, 'stdout', owner)
    const err = openLog(this.#logs, 'stderr', owner)
    this.record.errorsFrom = logSize(this.#logs, 'stderr')
    try {
      const child = spawn(file, args, {
        cwd: launch.cwd,
        env: launch.env,
        uid: launch.uid,
        gid: launch.gid,
        detached: true,
        stdio: ['ignore', out, err],
      })
      this.#child = child
      this.record.startedAt = Date.now()
      this.record.process = child.pid === undefined ? undefined : identify(child.pid)
      child.once('error', (error: NodeJS.ErrnoException) =>
        this.#ended(`could not start: ${error.code === 'ENOENT' ? `${file} was not found` : error.message}`),
      )
      child.once('exit', (code, signal) => this.#ended(exitProblem(code, signal, errorsSince(this.#logs, this.record.errorsFrom))))
    } finally {
      closeSync(out)
      closeSync(err)
    }
  }

  #watch(): void {
    const { program } = this.#context
    const ready = program.ready ?? defaultProbe(program.ports[0])
    if (ready === undefined) {
      this.#timer = setTimeout(() => this.#becomeReady(), runsMs)
    } else {
      this.#probe(ready, this.state !== 'ready', {
        passed: () => this.#becomeReady(),
        failed: (result, inARow) => this.#notReady(result, inARow >= ready.retries),
      })
    }
    const { live } = program
    if (live) this.#probe(live, false, { passed: () => undefined, failed: (result, inARow) => inARow >= live.retries && this.#restart(result.problem) })
  }

  #probe(probe: Probe, eager: boolean, told: { passed: () => void; failed: (result: ProbeResult & { ok: false }, inARow: number) => void }): void {
    this.#loops.push(startProbeLoop({ probe, eager, run: () => runProbe(probe, this.#context.program, this.#place), ...told }))
  }

  #becomeReady(): void {
    if (this.#stopping) return
    this.problem = undefined
    if (this.state === 'ready') return
    this.state = 'ready'
    this.#readySince = Date.now()
    if (!this.record.ready) {
      this.record.ready = true
      this.#context.changed()
    }
  }

  #notReady(result: ProbeResult & { ok: false }, forGood: boolean): void {
    this.problem = result.refused === undefined ? result.problem : this.#lookCloser(result.refused)
    if (this.state === 'ready' && forGood) {
      this.state = 'unready'
      this.record.ready = false
      this.#context.changed()
    }
  }

  /** Nobody answers on the instance's port: does the program listen elsewhere? Costs a walk over processes, so not too often. */
  #lookCloser(target: number): string {
    const pid = this.record.process?.pid
    const now = Date.now()
    if (pid === undefined || now - this.#closerLookAt < closerLookMs) return this.problem ?? portProblem(target, new Set(), undefined)
    this.#closerLookAt = now
    const listening = listeningPorts(pid)
    if (!listening?.includes(target)) return portProblem(target, new Set(Object.values(this.record.ports)), listening)
    this.literal = target
    if (this.#context.wanted() > 1) return insistsProblem(target)
    this.record.ports = { ...this.record.ports, [target]: target }
    this.#context.changed()
    return portProblem(target, new Set(), undefined)
  }

  /** A failed liveness probe: stopped as when asked, then started again, and counted as a crash. */
  #restart(problem: string): void {
    if (this.#endReason !== undefined || this.#stopping) return
    this.#endReason = `is not alive: ${problem}`
    this.state = 'unready'
    this.problem = this.#endReason
    this.record.ready = false
    this.#quiet()
    this.#signalAndWait()
  }

  /** Asks the program to stop, and kills it after the grace. The group forgets the instance when it is gone. */
  stop(): void {
    if (this.#stopping) return
    this.#stopping = true
    const starting = this.state === 'starting' && this.record.process === undefined
    this.state = 'stopping'
    this.#quiet()
    if (this.record.process) this.#signalAndWait()
    else if (!starting) this.#leave()
  }

  #signalAndWait(): void {
    const { stopSignal, stopGraceMs } = this.#context.program
    this.#kill(stopSignal as NodeJS.Signals)
    this.#timer = setTimeout(() => {
      this.problem = killedProblem(stopSignal, stopGraceMs)
      noteInLog(this.#logs, this.problem)
      this.#kill('SIGKILL')
    }, stopGraceMs)
    if (this.#child === undefined) this.#pollEnd()
  }

  #pollEnd(): void {
    setTimeout(() => {
      this.look()
      if (this.record.process) this.#pollEnd()
    }, 50)
  }

  /** Once a second: is an adopted process still there, and what did it write? */
  look(): void {
    tendLogs(this.#logs, this.#seen, Date.now())
    const { process: known } = this.record
    if (known && this.#child === undefined && !isAlive(known)) {
      this.#ended(`ended: ${errorsSince(this.#logs, this.record.errorsFrom).trim().split('\n').at(-1) || 'its exit code is not known'}`)
    }
  }

  #kill(signal: NodeJS.Signals): void {
    const known = this.record.process
    if (!known) return
    try {
      process.kill(-known.pid, signal)
    } catch {
      // The group is gone; its end is noticed elsewhere.
    }
  }

  #ended(exit: string): void {
    if (this.#released) return
    // What it left in its group must not keep its ports.
    this.#kill('SIGKILL')
    this.#quiet()
    this.#child = undefined
    this.record.process = undefined
    this.record.ready = false
    tendLogs(this.#logs, this.#seen, Date.now())
    if (this.#stopping) {
      this.#leave()
      return
    }
    const literal = /EADDRINUSE|address already in use/i.test(exit) && this.#context.wanted() > 1 ? this.#context.literalSibling(this) : undefined
    this.problem = literal === undefined ? (this.#endReason ?? exit) : insistsProblem(literal)
    this.#endReason = undefined
    this.#backOff()
  }

  #backOff(): void {
    if (this.state === 'ready' && Date.now() - this.#readySince >= steadyMs) this.#backoffMs = firstBackoffMs
    this.state = 'backing-off'
    this.#context.crashed(this.problem ?? 'ended')
    this.#timer = setTimeout(() => {
      this.record.restarts++
      this.start()
    }, this.#backoffMs)
    this.#backoffMs = Math.min(this.#backoffMs * 2, longestBackoffMs)
  }

  #leave(): void {
    this.state = 'exited'
    const { host } = this.#context.program
    if (host && host.after.length > 0 && existsSync(join(this.#context.dir, 'run'))) {
      void cleanUpHost(host, this.#context.program, this.#place).finally(() => this.#forget())
      return
    }
    this.#forget()
  }

  #forget(): void {
    clearPlace(this.#context.dir)
    this.#context.gone(this)
  }

  /** This agent looks no further: the next one takes the process over. */
  release(): void {
    this.#released = true
    this.#quiet()
  }

  #quiet(): void {
    clearTimeout(this.#timer)
    for (const loop of this.#loops) loop.stop()
    this.#loops = []
  }
}

function defaultProbe(port: number | undefined): Probe | undefined {
  return port === undefined ? undefined : { check: { kind: 'tcp', port }, intervalMs: 5000, timeoutMs: 2000, retries: 3, startPeriodMs: 0 }
}
