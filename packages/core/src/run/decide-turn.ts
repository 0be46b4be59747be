// How a run and its jobs keep to their concurrency groups: ask, wait, enter, leave.

import { reason } from '../reason/reasons.ts'
import { EvaluationError, type Scope } from '../workflow/evaluate.ts'
import type { Job } from '../workflow/types.ts'
import { type Claim, claimTerms, turnOf, whyUnwanted } from './concurrency.ts'
import type { RunState } from './state.ts'
import type { ClaimTerms, JobState, RunEvent } from './types.ts'

/** `open`: go on; `shut`: wait, after recording the events. */
export type Gate = { readonly kind: 'open' | 'shut'; readonly events: readonly RunEvent[] }

/** Whether the run as a whole may go on. */
export function runGate(state: RunState, claims: readonly Claim[]): Gate {
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

/** Whether a cancelled run was still waiting for its group: then none of its jobs starts, whatever its condition. */
export function neverEntered(state: RunState): boolean {
  return state.plan?.concurrency !== undefined && state.claim?.held !== true
}

/** A job's turn; `leave` ends it as cancelled (`failed`: as a failure). */
export type JobTurn = Gate | { readonly kind: 'leave'; readonly why: string; readonly failed: boolean }

/** Whether a job that could start now may. */
export function jobGate(state: RunState, job: JobState, look: { definition: Job; scope: () => Scope; claims: readonly Claim[] }): JobTurn {
  const { key, attempt, claim } = job
  if (!claim) {
    const terms = termsOf(look.definition, look.scope)
    if (typeof terms === 'string') return { kind: 'leave', why: terms, failed: true }
    if (!terms) return { kind: 'open', events: [] }
    const isOwnRun = state.claim?.group.toLowerCase() === terms.group.toLowerCase()
    // As GitHub does: the job would wait for its own run for ever.
    if (isOwnRun) return { kind: 'leave', why: reason('group-deadlock', { group: terms.group }).sentence, failed: false }
    return { kind: 'shut', events: [{ type: 'ConcurrencyAsked', job: key, attempt, terms }] }
  }
  if (claim.held) return { kind: 'open', events: [] }
  const turn = turnOf({ ...claim, run: state.id, number: state.number ?? 0, job: key }, look.claims)
  if (turn.kind === 'leave') return { kind: 'leave', why: turn.why, failed: false }
  return { kind: 'shut', events: turn.kind === 'enter' ? [{ type: 'ConcurrencyEntered', job: key, attempt }] : [] }
}

function termsOf({ concurrency }: Job, scope: () => Scope): ClaimTerms | string | undefined {
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
  const { key, attempt, claim } = job
  if (!claim?.held || job.phase === 'finished' || job.unwanted) return []
  const why = whyUnwanted({ ...claim, run: state.id, number: state.number ?? 0, job: key }, claims)
  return why ? [{ type: 'JobUnwanted', job: key, attempt, reason: why }] : []
}
