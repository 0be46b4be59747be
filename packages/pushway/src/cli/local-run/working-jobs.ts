// The jobs of a local run that are under way: so many at once, each of which can be stopped.

import type { RunEvent } from '@pushway/core/run/types.ts'
import type { JobControl } from '../../runner/job.ts'

export interface WorkingJobs {
  /** Begins a job as soon as there is room for it; a second call for the same one does nothing. */
  start(key: string, work: (control: Pick<JobControl, 'cancel' | 'force'>) => Promise<RunEvent>): void
  cancel(key: string, force: boolean): void
  cancelAll(force: boolean): void
  /** How many have not ended. */
  readonly count: number
  /** One of them has ended. */
  next(): Promise<void>
}

interface Working {
  readonly cancel: AbortController
  readonly force: AbortController
  readonly done: Promise<void>
}

/** @param onEvent takes how each one ended */
export function createWorkingJobs(atOnce: number, onEvent: (event: RunEvent) => void): WorkingJobs {
  const working = new Map<string, Working>()
  const waiting: (() => void)[] = []
  let busy = 0
  const enter = async () => {
    if (busy >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
    else busy++
  }
  /** Whoever waits takes the place over. */
  const leave = () => (waiting.shift() ?? (() => busy--))()
  const stop = ({ cancel, force }: Working, kill: boolean) => {
    cancel.abort()
    if (kill) force.abort()
  }
  return {
    start(key, work) {
      if (working.has(key)) return
      const [cancel, force] = [new AbortController(), new AbortController()]
      const perform = async () => {
        await enter()
        try {
          onEvent(await work({ cancel: cancel.signal, force: force.signal }))
        } finally {
          leave()
          working.delete(key)
        }
      }
      working.set(key, { cancel, force, done: perform() })
    },
    cancel(key, force) {
      const job = working.get(key)
      if (job) stop(job, force)
    },
    cancelAll(force) {
      for (const job of working.values()) stop(job, force)
    },
    get count() {
      return working.size
    },
    next: () => Promise.race([...working.values()].map(({ done }) => done)),
  }
}
