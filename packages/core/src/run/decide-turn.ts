// How a run and its jobs keep to their concurrency groups: ask, wait, enter, leave.

import { reason } from '../reason/reasons.ts'
import { EvaluationError, type Scope } from '../workflow/evaluate.ts'
import type { Concurrency } from '../workflow/types.ts'
import { type Claim, claimTerms, turnOf, whyUnwanted } from './concurrency.ts'
import { plannedJob } from './graph.ts'
import type { Place } from './places.ts'
import type { RunState } from './state.ts'
import type { ClaimTerms, HeldClaim, JobState, RunEvent } from './types.ts'

/** `open`: go on; `shut`: wait, after recording the events. */
export type Gate = { readonly kind: 'open' | 'shut'; readonly events: readonly RunEvent[] }

/** Whether the run as a whole may go on. */
export function runGate(state: RunState, claims: readonly Claim[]): Gate {
  if (needsApproval(state) && !state.finished) return { kind: state.cancel ? 'open' : 'shut', events: [] }
  const terms = state.plan?.concurrency
  const { attempt, claim } = state
  if (!terms || state.finished) return { kind: 'open', events: [] }
  if (!claim) return state.cancel ? { kind: 'open', events: [] } : { kind: 'shut', events: [{ type: 'ConcurrencyAsked', attempt, terms }] }
  if (state.cancel) return { kind: 'open', events: [] }
  const mine: Claim = { ...claim, run: state.id, number: state.number ?? 0 }
  if (claim.held) {
    const why = whyUnwanted(mine, claims)
    return { kind: why ? 'shut' : 'open', events: why ? [{ type: 'CancelRequested', by: 'pushway', force: false, reason: why }] : [] }
  }
  const turn = turnOf(mine, claims)
  if (turn.kind === 'enter') return { kind: 'shut', events: [{ type: 'ConcurrencyEntered', attempt }] }
  return { kind: 'shut', events: turn.kind === 'leave' ? [{ type: 'CancelRequested', by: 'pushway', force: true, reason: turn.why }] : [] }
}

/** Whether the run is of a fork's code, and nobody has let it go on. */
export function needsApproval({ cause, approvedBy }: RunState): boolean {
  return cause?.untrusted === true && approvedBy === undefined
}

/** Whether a cancelled run was still waiting for its group, or for approval: then none of its jobs starts, whatever its condition. */
export function neverEntered(state: RunState): boolean {
  if (needsApproval(state)) return true
  return state.plan?.concurrency !== undefined && state.claim?.held !== true
}

/** A job's turn; `leave` ends it as cancelled (`failed`: as a failure). */
export type JobTurn = Gate | { readonly kind: 'leave'; readonly why: string; readonly failed: boolean }

/** A job or a call, as one that asks to enter a group. */
interface Asking {
  readonly key: string
  readonly attempt: number
  readonly claim?: HeldClaim
  readonly concurrency?: Concurrency
  readonly scope: () => Scope
  /** The groups of what is around it. */
  readonly outer: readonly (HeldClaim | undefined)[]
}

export interface JobLook {
  readonly place: Place
  /** The contexts of a job or call; of a called workflow itself with `inside`. */
  readonly scopeOf: (key: string, inside?: boolean) => Scope
  readonly claims: readonly Claim[]
}

/** Whether a job that could start now may: the calls that it belongs to enter their groups before it. */
export function jobGate(state: RunState, job: JobState, { place, scopeOf, claims }: JobLook): JobTurn {
  const outer: (HeldClaim | undefined)[] = [state.claim]
  for (const { planned, job: calling } of callersOf(place)) {
    const call = state.calls.get(planned.key)
    const own = calling.concurrency !== undefined
    const concurrency = calling.concurrency ?? calling.call?.called?.workflow.concurrency
    if (!call) continue
    const turn = gateOf(state, { ...call, concurrency, scope: () => scopeOf(planned.key, !own), outer }, claims)
    if (turn.kind !== 'open') return turn
    outer.push(call.claim)
  }
  const { key, attempt, claim } = job
  const { concurrency } = place.job
  return gateOf(state, { key, attempt, ...(claim ? { claim } : {}), ...(concurrency ? { concurrency } : {}), scope: () => scopeOf(key), outer }, claims)
}

/** The calls around a place, outermost first. */
function callersOf({ caller }: Place): readonly Place[] {
  return caller ? [...callersOf(caller), caller] : []
}

function gateOf(state: RunState, { key, attempt, claim, concurrency, scope, outer }: Asking, claims: readonly Claim[]): JobTurn {
  if (!claim) {
    const terms = termsOf(concurrency, scope)
    if (typeof terms === 'string') return { kind: 'leave', why: terms, failed: true }
    if (!terms) return { kind: 'open', events: [] }
    const isAround = outer.some((other) => other?.group.toLowerCase() === terms.group.toLowerCase())
    // As GitHub does: the job would wait for its own run for ever.
    if (isAround) return { kind: 'leave', why: reason('group-deadlock', { group: terms.group }).sentence, failed: false }
    return { kind: 'shut', events: [{ type: 'ConcurrencyAsked', job: key, attempt, terms }] }
  }
  if (claim.held) return { kind: 'open', events: [] }
  const turn = turnOf({ ...claim, run: state.id, number: state.number ?? 0, job: key }, claims)
  if (turn.kind === 'leave') return { kind: 'leave', why: turn.why, failed: false }
  return { kind: 'shut', events: turn.kind === 'enter' ? [{ type: 'ConcurrencyEntered', job: key, attempt }] : [] }
}

function termsOf(concurrency: Concurrency | undefined, scope: () => Scope): ClaimTerms | string | undefined {
  if (!concurrency) return undefined
  try {
    return claimTerms(concurrency, scope())
  } catch (error) {
    if (error instanceof EvaluationError) return error.message
    throw error
  }
}

/** That a job which is in progress must end, because one that waits says so; no events: it goes on. */
export function jobUnwanted(state: RunState, job: JobState, claims: readonly Claim[]): readonly RunEvent[] {
  const { key, attempt, phase, unwanted } = job
  if (phase === 'finished' || unwanted) return []
  const calls = state.calls.size === 0 ? [] : (plannedJob(state.plan, key)?.within ?? []).flatMap((group) => state.calls.get(group) ?? [])
  for (const { key: name, claim } of [...calls, job]) {
    const why = claim?.held ? whyUnwanted({ ...claim, run: state.id, number: state.number ?? 0, job: name }, claims) : undefined
    if (why) return [{ type: 'JobUnwanted', job: key, attempt, reason: why }]
  }
  return []
}
