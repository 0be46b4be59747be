// Runs a probe again and again: quickly until it first succeeds, then at its own interval.

import type { Probe } from '@pushway/core/app/types.ts'
import type { ProbeResult } from '../util/probe.ts'

/** An instance that starts is looked at this often at first, then less and less. */
const firstDelayMs = 40
const slowestStartDelayMs = 1000

export interface ProbeLoop {
  stop(): void
}

/**
 * Probes until stopped. `failed` gets the number of failures in a row that count (those after the start period).
 * Never two probes at once; nothing is reported once stopped.
 */
export function startProbeLoop(options: {
  readonly probe: Probe
  readonly eager: boolean
  readonly run: () => Promise<ProbeResult>
  readonly passed: () => void
  readonly failed: (result: ProbeResult & { ok: false }, inARow: number) => void
}): ProbeLoop {
  const { probe } = options
  const startedAt = Date.now()
  let stopped = false
  let delay = firstDelayMs
  let succeeded = !options.eager
  let inARow = 0
  let timer: NodeJS.Timeout | undefined

  const next = (ms: number) => {
    timer = setTimeout(look, ms)
  }
  async function look(): Promise<void> {
    const result = await options.run()
    if (stopped) return
    if (result.ok) {
      inARow = 0
      succeeded = true
      options.passed()
    } else {
      if (Date.now() - startedAt >= probe.startPeriodMs) inARow++
      options.failed(result, inARow)
    }
    if (stopped) return
    delay = Math.min(delay * 1.5, slowestStartDelayMs)
    next(succeeded ? probe.intervalMs : Math.min(delay, probe.intervalMs))
  }
  next(options.eager ? firstDelayMs : probe.intervalMs)
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
