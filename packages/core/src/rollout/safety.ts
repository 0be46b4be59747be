// What makes a rollout go back, at whatever step: asked for, failed check, crashes, a new side that is gone, bad answers.

import { type ReasonText, reason } from '../reason/reasons.ts'
import type { EpochMs, Milliseconds } from '../text/ids.ts'
import { earlyFailure, problemOf, readyOf, readyWithin } from './look.ts'
import { presentStep, type RolloutState } from './state.ts'
import type { Observed, ServiceRollout, Verdict } from './types.ts'

/** Exits nobody asked for, per wanted instance, before a group counts as one that keeps crashing. */
const crashesPerInstance = 3
/** A group that is not observed at all may be a look at the wrong moment (an agent being replaced). */
const missingGraceMs = 15_000
const unreadyGraceMs = 3_000

export type Safety =
  | { readonly name: 'safe' }
  | { readonly name: 'unsafe'; readonly reason: ReasonText; readonly verdict?: Verdict }
  /** First seen without a ready instance now: remember since when. */
  | { readonly name: 'lost-now'; readonly service: string }
  | { readonly name: 'back-now'; readonly service: string }
  /** Without a ready instance for a moment: nothing goes on until it is back or given up. */
  | { readonly name: 'doubtful'; readonly service: ServiceRollout; readonly missing: boolean }

/**
 * Whether the rollout may go on as observed. While the old groups retire it always may: there is no old side to go back to.
 * Holds while paused, too.
 */
export function checkSafety(rollout: RolloutState, observed: Observed, now: EpochMs): Safety {
  const step = presentStep(rollout)
  if (step === undefined || step.kind === 'retire') return { name: 'safe' }
  const { abortRequested, verify } = rollout
  if (abortRequested?.refused) return { name: 'unsafe', reason: reason('failed', { problem: abortRequested.why }) }
  if (abortRequested) return { name: 'unsafe', reason: reason('aborted-by-user', abortRequested) }
  if (verify?.ok === false) return { name: 'unsafe', reason: reason('verify-failed', { workflow: verifyWorkflow(rollout) }) }
  const crashing = rollout.plan.services.find((service) => (observed.groups[service.to]?.crashes ?? 0) >= crashesPerInstance * Math.max(1, service.replicas))
  if (crashing) {
    const crashes = observed.groups[crashing.to]?.crashes ?? 0
    return { name: 'unsafe', reason: reason('keeps-crashing', { service: crashing.service, crashes, problem: problemOf(observed, crashing.to) }) }
  }
  const verdict = earlyFailure(rollout, observed, now)
  if (verdict) return { name: 'unsafe', reason: verdict.reason, verdict }
  return checkLost(rollout, observed, now)
}

function checkLost(rollout: RolloutState, observed: Observed, now: EpochMs): Safety {
  for (const service of grownServices(rollout)) {
    const since = rollout.lost[service.service]
    const ready = readyOf(observed, service.to)
    if (ready > 0 && since !== undefined) return { name: 'back-now', service: service.service }
    if (ready > 0) continue
    if (since === undefined) return { name: 'lost-now', service: service.service }
    if (now - since >= lostGrace(rollout, observed, service)) return { name: 'unsafe', reason: reason('new-side-gone', { service: service.service }) }
    return { name: 'doubtful', service, missing: observed.groups[service.to] === undefined }
  }
  return { name: 'safe' }
}

function lostGrace(rollout: RolloutState, observed: Observed, service: ServiceRollout): Milliseconds {
  if (service.from === undefined) return readyWithin(rollout)
  if (observed.groups[service.to] === undefined) return missingGraceMs
  const nobodyServes = rollout.weights[service.service] === 100 && readyOf(observed, service.from) > 0
  return nobodyServes ? 0 : unreadyGraceMs
}

/** Services of whose new side a batch was ready before. */
function grownServices(rollout: RolloutState): readonly ServiceRollout[] {
  const grown = new Set(rollout.plan.steps.slice(0, rollout.step).flatMap((step) => (step.kind === 'grow' && step.replicas > 0 ? [step.service] : [])))
  return rollout.plan.services.filter((service) => grown.has(service.service))
}

function verifyWorkflow(rollout: RolloutState): string {
  const step = rollout.plan.steps[rollout.verify?.step ?? -1]
  return step?.kind === 'verify' ? step.workflow : 'verify'
}
