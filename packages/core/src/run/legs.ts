// How the legs of one matrix act on each other: fail-fast and max-parallel.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstrategyfail-fast

import { resultOf } from './graph.ts'
import type { RunState } from './state.ts'
import type { PlannedJob } from './types.ts'

/** The leg whose failure makes this one unwanted; a tolerated failure (`continue-on-error`) is none. */
export function failedLeg(state: RunState, job: PlannedJob): PlannedJob | undefined {
  if (!job.leg?.strategy['fail-fast']) return undefined
  return siblingsOf(state, job).find((leg) => state.jobs.get(leg.key)?.phase === 'finished' && resultOf(state.jobs.get(leg.key)) === 'failure')
}

/** Whether `max-parallel` leaves room for this leg now: legs start in the order of the matrix. */
export function mayStartInParallel(state: RunState, job: PlannedJob): boolean {
  if (!job.leg) return true
  const siblings = siblingsOf(state, job)
  const phaseOf = (leg: PlannedJob) => state.jobs.get(leg.key)?.phase
  const active = siblings.filter((leg) => phaseOf(leg) !== 'pending' && phaseOf(leg) !== 'finished').length
  const before = siblings.filter((leg) => phaseOf(leg) === 'pending').findIndex((leg) => leg.key === job.key)
  return active + before < job.leg.strategy['max-parallel']
}

/** All legs of its matrix, itself among them. */
function siblingsOf(state: RunState, job: PlannedJob): readonly PlannedJob[] {
  const group = job.within?.at(-1)
  return state.plan?.jobs.filter((leg) => leg.leg && leg.within?.at(-1) === group) ?? []
}
