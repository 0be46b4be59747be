// Which job of a run is shown when none was chosen: where the news is. Pure.

import type { JobView } from '@pushway/core/views/types.ts'

/** The job named, or else the first that failed, runs, deploys, waits, or the last that has done something. */
export function chooseJob(jobs: readonly JobView[], named: string | undefined): JobView | undefined {
  return (
    jobs.find(({ key }) => key === named) ??
    jobs.find(({ conclusion }) => conclusion === 'failure' || conclusion === 'timed_out') ??
    jobs.find(({ phase }) => phase === 'running') ??
    jobs.find(({ phase }) => phase === 'deploying') ??
    jobs.find(({ phase }) => phase === 'waiting') ??
    jobs.find(({ steps }) => steps.length > 0) ??
    jobs[0]
  )
}
