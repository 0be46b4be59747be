// What a job waits for, directly and over others, and what that says about success() and failure().

import type { Scope } from '../workflow/evaluate.ts'
import type { RunState } from './state.ts'
import type { Conclusion, JobState, PlannedJob } from './types.ts'

/** The keys of all jobs that come before `key`, over any number of `needs`. */
export function ancestorsOf(jobs: readonly PlannedJob[], key: string): readonly string[] {
  const needs = new Map(jobs.map((job) => [job.key, job.needs]))
  const found = new Set<string>()
  const open = [...(needs.get(key) ?? [])]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue
    found.add(next)
    open.push(...(needs.get(next) ?? []))
  }
  return [...found]
}

/** The keys with everything that needs them, over any number of `needs`; in the plan's order. */
export function withDependents(jobs: readonly PlannedJob[], keys: readonly string[]): readonly string[] {
  return jobs.filter((job) => keys.includes(job.key) || ancestorsOf(jobs, job.key).some((ancestor) => keys.includes(ancestor))).map((job) => job.key)
}

/** What others see of a finished job: GitHub's `needs.<job>.result`. */
export function resultOf(job: JobState | undefined): Conclusion {
  if (job?.tolerated) return 'success'
  return job?.conclusion === 'timed_out' ? 'failure' : (job?.conclusion ?? 'skipped')
}

/**
 * The status a job's own `if` sees. As on GitHub all ancestors count, not only the direct ones:
 * failure() when any failed, success() only when all succeeded (a skipped one is neither).
 */
export function statusBefore(state: RunState, key: string): Scope['status'] {
  if (state.cancel) return 'cancelled'
  const results = ancestorsOf(state.plan?.jobs ?? [], key).map((ancestor) => resultOf(state.jobs.get(ancestor)))
  if (results.includes('failure')) return 'failure'
  return results.every((result) => result === 'success') ? 'success' : 'skipped'
}
