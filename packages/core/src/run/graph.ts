// What a job waits for, directly and over others, and what others see of it. A name is a job's key or the group of its legs.

import type { RunState } from './state.ts'
import type { CallState, Conclusion, JobState, PlannedJob, RunPlan } from './types.ts'

/** The names of all jobs that come before `key`, over any number of `needs`. */
export function ancestorsOf(jobs: readonly PlannedJob[], key: string): readonly string[] {
  return findAncestors(new Map(jobs.map((job) => [job.key, job.needs])), key)
}

function findAncestors(needs: ReadonlyMap<string, readonly string[]>, key: string): readonly string[] {
  const found = new Set<string>()
  const open = [...(needs.get(key) ?? [])]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue
    found.add(next)
    open.push(...(needs.get(next) ?? []))
  }
  return [...found]
}

/** Everything that a name can stand for: jobs, and the groups that are laid out as others. */
export function namedJobs(plan: RunPlan | undefined): readonly PlannedJob[] {
  return plan ? [...byName(plan).values()] : []
}

/** The job or group of that key. */
export function plannedJob(plan: RunPlan | undefined, key: string): PlannedJob | undefined {
  return plan && byName(plan).get(key)
}

const indexes = new WeakMap<RunPlan, ReadonlyMap<string, PlannedJob>>()

function byName(plan: RunPlan): ReadonlyMap<string, PlannedJob> {
  const known = indexes.get(plan)
  if (known) return known
  const made = new Map([...plan.jobs, ...(plan.groups ?? [])].map((job) => [job.key, job]))
  indexes.set(plan, made)
  return made
}

/** What a job waits for as people see it: the first jobs of a called workflow wait for what their call needs. */
export function shownNeeds(plan: RunPlan | undefined, job: PlannedJob): readonly string[] {
  const caller = job.needs.length === 0 && job.caller !== undefined ? plannedJob(plan, job.caller) : undefined
  return caller ? shownNeeds(plan, caller) : job.needs.flatMap((need) => membersOf(plan, need))
}

/** A job with the groups around it, itself first. */
export function lineageOf(plan: RunPlan | undefined, job: PlannedJob): readonly PlannedJob[] {
  return [job, ...(job.within ?? []).toReversed().flatMap((key) => plannedJob(plan, key) ?? [])]
}

/** The jobs and groups that a group was laid out as. */
export function partsOf(plan: RunPlan | undefined, group: string | undefined): readonly PlannedJob[] {
  return group === undefined ? [] : namedJobs(plan).filter((job) => job.within?.at(-1) === group)
}

/** The keys of the jobs that a name stands for: itself, or the legs of the group. */
function membersOf(plan: RunPlan | undefined, name: string): readonly string[] {
  return plan?.jobs.filter((job) => job.key === name || job.within?.includes(name)).map((job) => job.key) ?? []
}

/**
 * The keys with everything that needs them, over any number of `needs`; in the plan's order.
 * `groups`: those that are laid out anew, because what they need runs again.
 */
export function withDependents(plan: RunPlan | undefined, keys: readonly string[]): { readonly jobs: readonly string[]; readonly groups: readonly string[] } {
  if (!plan) return { jobs: [], groups: [] }
  const needs = new Map(namedJobs(plan).map((job) => [job.key, job.needs]))
  const again = new Set([...keys, ...plan.jobs.filter((job) => keys.includes(job.key)).flatMap((job) => job.within ?? [])])
  const follows = (name: string) => findAncestors(needs, name).some((ancestor) => again.has(ancestor))
  const groups = (plan.groups ?? []).filter((group) => [group.key, ...(group.within ?? [])].some(follows)).map((group) => group.key)
  const isAgain = (job: PlannedJob) => keys.includes(job.key) || [job.key, ...(job.within ?? [])].some(follows)
  return { jobs: plan.jobs.filter(isAgain).map((job) => job.key), groups }
}

/** What others see of a finished job: GitHub's `needs.<job>.result`. */
export function resultOf(job: JobState | undefined): Conclusion {
  if (job?.tolerated) return 'success'
  return job?.conclusion === 'timed_out' ? 'failure' : (job?.conclusion ?? 'skipped')
}

/** The result of a name. Legs, and the jobs of a called workflow, count together: one failure makes all fail, else one cancelled one makes all cancelled. */
export function resultOfName(state: RunState, name: string): Conclusion {
  const own = state.jobs.get(name)
  if (own) return resultOf(own)
  if (callsOf(state, name).some((call) => call.problem !== undefined)) return 'failure'
  const results = membersOf(state.plan, name).map((key) => resultOf(state.jobs.get(key)))
  if (results.includes('failure')) return 'failure'
  if (results.includes('cancelled')) return 'cancelled'
  return results.includes('success') ? 'success' : 'skipped'
}

/** The outputs of a name. Of legs, the one that ended last counts for each output; an empty one replaces nothing, as on GitHub. */
export function outputsOfName(state: RunState, name: string): Readonly<Record<string, string>> {
  const own = state.jobs.get(name) ?? state.calls.get(name)
  if (own) return own.outputs
  const legs = partsOf(state.plan, name).flatMap(({ key }) => state.jobs.get(key) ?? state.calls.get(key) ?? [])
  const inOrder = legs.toSorted((a, b) => (a.ended ?? 0) - (b.ended ?? 0))
  return Object.fromEntries(inOrder.flatMap((leg) => Object.entries(leg.outputs).filter(([, value]) => value !== '')))
}

/** Whether everything that a name stands for has ended. */
export function isNameFinished(state: RunState, name: string): boolean {
  const own = state.jobs.get(name)
  if (own) return own.phase === 'finished'
  const members = membersOf(state.plan, name)
  return members.length > 0 && members.every((key) => state.jobs.get(key)?.phase === 'finished') && callsOf(state, name).every((call) => call.finished)
}

/** The calls that a name stands for: itself, or those below it. */
function callsOf(state: RunState, name: string): readonly CallState[] {
  if (state.calls.size === 0) return []
  return [...state.calls.values()].filter(({ key }) => key === name || plannedJob(state.plan, key)?.within?.includes(name))
}
