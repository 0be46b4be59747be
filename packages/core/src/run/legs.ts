// How the legs of one matrix act on each other: fail-fast and max-parallel.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstrategyfail-fast

import { isNameFinished, lineageOf, partsOf, resultOfName } from './graph.ts'
import type { RunState } from './state.ts'
import type { PlannedJob } from './types.ts'

/** The leg whose failure makes this job unwanted; a tolerated failure (`continue-on-error`) is none. A job of a called workflow is a part of the leg that calls. */
export function failedLeg(state: RunState, job: PlannedJob): PlannedJob | undefined {
  for (const one of lineageOf(state.plan, job)) {
    if (!one.leg?.strategy['fail-fast']) continue
    const failed = siblingsOf(state, one).find((leg) => leg.key !== one.key && isNameFinished(state, leg.key) && resultOfName(state, leg.key) === 'failure')
    if (failed) return failed
  }
  return undefined
}

/** Whether `max-parallel` leaves room for this leg now: legs start in the order of the matrix. */
export function mayStartInParallel(state: RunState, job: PlannedJob): boolean {
  if (!job.leg || job.leg.strategy['max-parallel'] >= job.leg.strategy['job-total']) return true
  const siblings = siblingsOf(state, job)
  const isPending = (leg: PlannedJob) => state.jobs.get(leg.key)?.phase === 'pending'
  const active = siblings.filter((leg) => !isPending(leg) && !isNameFinished(state, leg.key)).length
  const before = siblings.filter(isPending).findIndex((leg) => leg.key === job.key)
  return active + before < job.leg.strategy['max-parallel']
}

/** All legs of its matrix, itself among them. */
function siblingsOf(state: RunState, job: PlannedJob): readonly PlannedJob[] {
  return partsOf(state.plan, job.within?.at(-1)).filter((leg) => leg.leg)
}
