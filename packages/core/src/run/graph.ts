// What a job waits for, directly and over others, and what others see of a finished job.

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
