// Whether an instance is ready: by the engine's health check, or by asking its page or port. Probes run when somebody looks, no
// oftener than their interval, and what they said is kept between looks; after a restart of ours the first look asks anew.

import type { Probe } from '@pushway/core/app/types.ts'
import type { EpochMs } from '@pushway/core/text/ids.ts'
import type { GroupSpec } from '../../../ports/runtime.ts'
import type { ContainerDetails, Engine } from '../../../util/engine-api/index.ts'
import type { ProbeResult } from '../../../util/probe.ts'
import { askProbe, commandProblem } from './ask.ts'
import type { Reach } from './container-body.ts'

export interface Health {
  readonly state: 'starting' | 'ready' | 'unready'
  readonly problem?: string
}

export interface Readiness {
  /** How a running container is. `addresses`: its ports as this machine reaches them. */
  look(container: ContainerDetails, at: { readonly spec: GroupSpec | undefined; readonly addresses: Readonly<Record<number, string>> }): Promise<Health>
}

interface Memory {
  readonly startedAt: string
  ready: boolean
  /** It was ready once: it has become unready, it is not starting. */
  wasReady: boolean
  failures: number
  problem: string | undefined
  lastAt: EpochMs
  lookedAt: EpochMs
  running: Promise<void> | undefined
}

/** While it is not ready yet, it is asked this often: a rollout waits for it. */
const eagerMs = 250
/** A first look waits this long for an answer, the next ones less: then the last answer stands. */
const firstPatienceMs = 1_000
const patienceMs = 150
/** Without a probe and a port it is ready when it still runs after this time. */
const runsMs = 300
const forgetMs = 5 * 60_000

export function createReadiness(engine: Engine, reach: () => Promise<Reach>): Readiness {
  const known = new Map<string, Memory>()

  async function refresh(memory: Memory, probe: Probe, run: () => Promise<ProbeResult>): Promise<void> {
    const now = Date.now()
    const first = memory.lastAt === 0
    const waitMs = memory.ready ? probe.intervalMs : Math.min(eagerMs, probe.intervalMs)
    if (memory.running === undefined && now - memory.lastAt >= waitMs) {
      memory.lastAt = now
      memory.running = run()
        .catch((error: unknown): ProbeResult => ({ ok: false, problem: error instanceof Error ? error.message : String(error) }))
        .then((result) => note(memory, probe, result))
        .finally(() => {
          memory.running = undefined
        })
    }
    if (memory.running === undefined) return
    let timer: NodeJS.Timeout | undefined
    await Promise.race([
      memory.running,
      new Promise((resolve) => {
        timer = setTimeout(resolve, first ? firstPatienceMs : patienceMs)
      }),
    ])
    clearTimeout(timer)
  }

  return {
    async look(container, { spec, addresses }) {
      forgetOld(known, Date.now())
      const memory = remember(known, container)
      memory.lookedAt = Date.now()
      const probe = probeFor(spec, container, addresses)
      if (probe === undefined) {
        return Date.now() - Date.parse(container.State.StartedAt) >= runsMs ? { state: 'ready' } : { state: 'starting' }
      }
      const own = isCommand(probe) ? engineHealth(container) : undefined
      if (own !== undefined) {
        memory.ready = own.state === 'ready'
        return own
      }
      await refresh(memory, probe, () => askProbe({ engine, reach }, container, { probe, addresses }))
      if (memory.ready) return { state: 'ready' }
      return { state: memory.wasReady ? 'unready' : 'starting', ...(memory.problem === undefined ? {} : { problem: memory.problem }) }
    },
  }
}

function note(memory: Memory, probe: Probe, result: ProbeResult): void {
  if (result.ok) {
    Object.assign(memory, { ready: true, wasReady: true, failures: 0, problem: undefined })
    return
  }
  memory.failures++
  if (memory.ready && memory.failures < probe.retries) return
  memory.ready = false
  memory.problem = result.problem
}

/** Containers that nobody has looked at for long are gone. */
export function forgetOld(known: Map<string, { readonly lookedAt: EpochMs }>, now: EpochMs): void {
  for (const [id, { lookedAt }] of known) if (now - lookedAt > forgetMs && lookedAt > 0) known.delete(id)
}

function remember(known: Map<string, Memory>, container: ContainerDetails): Memory {
  const before = known.get(container.Id)
  if (before?.startedAt === container.State.StartedAt) return before
  const fresh: Memory = {
    startedAt: container.State.StartedAt,
    ready: false,
    wasReady: false,
    failures: 0,
    problem: undefined,
    lastAt: 0,
    lookedAt: 0,
    running: undefined,
  }
  known.set(container.Id, fresh)
  return fresh
}

const quick = { intervalMs: 1_000, timeoutMs: 5_000, retries: 3, startPeriodMs: 0 } as const

/** The service's own probe, else the image's health check, else its first port. */
function probeFor(spec: GroupSpec | undefined, container: ContainerDetails, addresses: Readonly<Record<number, string>>): Probe | undefined {
  if (spec?.ready) return spec.ready
  const check = container.Config.Healthcheck
  const [kind, ...rest] = check?.Test ?? []
  const timing = { intervalMs: (check?.Interval || 30e9) / 1e6, timeoutMs: (check?.Timeout || 30e9) / 1e6, retries: check?.Retries || 3, startPeriodMs: 0 }
  if (kind === 'CMD' && rest.length > 0) return { check: { kind: 'command', argv: rest }, ...timing }
  if (kind === 'CMD-SHELL' && rest[0]) return { check: { kind: 'shell', line: rest[0] }, ...timing }
  const first = spec?.ports.find(({ protocol }) => protocol !== 'udp')?.target ?? Object.keys(addresses).map(Number)[0]
  return first === undefined ? undefined : { check: { kind: 'tcp', port: first }, ...quick }
}

function isCommand({ check }: Probe): boolean {
  return check.kind === 'command' || check.kind === 'shell'
}

/** What the engine's own check says, once it says something. Until then the command is run from here: its first run may be half a minute away. */
function engineHealth({ State: { Health: health } }: ContainerDetails): Health | undefined {
  if (health?.Status === 'healthy') return { state: 'ready' }
  if (health?.Status !== 'unhealthy') return undefined
  const last = health.Log?.at(-1)
  return { state: 'unready', problem: commandProblem(last?.ExitCode ?? 1, last?.Output ?? '') }
}
