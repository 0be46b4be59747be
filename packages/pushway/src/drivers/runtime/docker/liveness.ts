// Liveness: a container that fails its probe often enough in a row is restarted by us, since engines restart only what ended.

import type { EpochMs } from '@pushway/core/text/ids.ts'
import type { GroupSpec } from '../../../ports/runtime.ts'
import type { ContainerDetails, Engine } from '../../../util/engine-api/index.ts'
import type { ProbeResult } from '../../../util/probe.ts'
import { askProbe } from './ask.ts'
import type { Reach } from './container-body.ts'
import { forgetOld } from './readiness.ts'

export interface Liveness {
  /** Probes when it is time to, and restarts. `problem`: why it was restarted last, until it is alive again. */
  look(
    container: ContainerDetails,
    at: { readonly spec: GroupSpec | undefined; readonly addresses: Readonly<Record<number, string>> },
  ): { readonly problem?: string }
  /** How often it was restarted by us. */
  restartsOf(container: string): number
}

interface Memory {
  failures: number
  restarts: number
  problem: string | undefined
  lastAt: EpochMs
  lookedAt: EpochMs
  asking: boolean
}

export function createLiveness(engine: Engine, reach: () => Promise<Reach>): Liveness {
  const known = new Map<string, Memory>()
  return {
    look(container, { spec, addresses }) {
      const probe = spec?.live
      if (!probe) return {}
      const now = Date.now()
      forgetOld(known, now)
      const memory = known.get(container.Id) ?? { failures: 0, restarts: 0, problem: undefined, lastAt: 0, lookedAt: now, asking: false }
      known.set(container.Id, memory)
      memory.lookedAt = now
      const young = now - Date.parse(container.State.StartedAt) < probe.startPeriodMs
      if (!memory.asking && !young && now - memory.lastAt >= probe.intervalMs) {
        Object.assign(memory, { asking: true, lastAt: now })
        void askProbe({ engine, reach }, container, { probe, addresses })
          .then((result) => judge(memory, result, probe.retries))
          .then((dead) =>
            dead ? engine.tell({ method: 'POST', path: `/containers/${container.Id}/restart`, query: { t: Math.ceil(spec.stopGraceMs / 1000) } }) : undefined,
          )
          // An engine that is away, or a container that has gone: the next look tells.
          .catch(() => undefined)
          .finally(() => {
            memory.asking = false
          })
      }
      return memory.problem === undefined ? {} : { problem: memory.problem }
    },
    restartsOf: (container) => known.get(container)?.restarts ?? 0,
  }
}

/** Whether it has failed for the last time. */
function judge(memory: Memory, result: ProbeResult, retries: number): boolean {
  if (result.ok) {
    Object.assign(memory, { failures: 0, problem: undefined })
    return false
  }
  memory.failures++
  if (memory.failures < retries) return false
  Object.assign(memory, { failures: 0, restarts: memory.restarts + 1, problem: `is not alive: ${result.problem}` })
  return true
}
