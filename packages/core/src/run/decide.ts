// What a run does next: a pure decision on its state. Deciding again on the same state gives the same answer.

import { type ReasonText, reason } from '../reason/reasons.ts'
import type { Workflow } from '../workflow/types.ts'
import { type Claim, claimsOf } from './concurrency.ts'
import { endCalls } from './decide-calls.ts'
import { decideJob } from './decide-job.ts'
import { neverEntered, runGate } from './decide-turn.ts'
import { resultOf } from './graph.ts'
import { runReason } from './reason.ts'
import type { RunState } from './state.ts'
import type { Conclusion, RunAction, RunEvent } from './types.ts'

/** `events` are to be recorded together with `actions`; then decide again, until neither comes. */
export interface RunDecision {
  readonly events: readonly RunEvent[]
  readonly actions: readonly RunAction[]
  readonly reason: ReasonText
}

/** What a decision looks at besides the run itself. */
export interface RunSurroundings {
  /** The project's variables, for the conditions of jobs. */
  readonly vars?: Readonly<Record<string, string>>
  /** What other runs of the project hold and wait for of concurrency groups. */
  readonly others?: readonly Claim[]
}

/** The next facts and actions of a run that no other run concerns: as `decideRunAmong`. */
export function decideRun(state: RunState, workflow: Workflow | undefined, vars: Readonly<Record<string, string>> = {}): RunDecision {
  return decideRunAmong(state, workflow, { vars })
}

/**
 * The next facts and actions of a run.
 *
 * @param state from the run's events
 * @param workflow its parsed file at its commit; without it nothing can be decided
 */
export function decideRunAmong(state: RunState, workflow: Workflow | undefined, { vars = {}, others = [] }: RunSurroundings): RunDecision {
  if (state.refused) {
    const events: readonly RunEvent[] = state.finished ? [] : [{ type: 'RunFinished', conclusion: 'failure' }]
    return { events, actions: [], reason: reason('failed', { problem: state.problems[0] ?? 'The workflow was refused.' }) }
  }
  if (!state.plan) return { events: [], actions: [], reason: runReason(state) }
  if (!workflow) return { events: [], actions: [], reason: reason('failed', { problem: `The workflow ${state.workflowFile ?? ''} can't be read.` }) }
  const claims = [...others, ...claimsOf(state)]
  const gate = runGate(state, claims)
  if (gate.kind === 'shut') return { events: gate.events, actions: [], reason: runReason(state) }
  const seen = state.cancel && neverEntered(state) ? { ...state, cancel: { ...state.cancel, force: true } } : state
  const decisions = [...state.jobs.values()].map((job) => decideJob({ state: seen, workflow, job, vars, claims }))
  const events = decisions.flatMap((decision) => decision.events)
  const actions = decisions.flatMap((decision) => decision.actions)
  const ended = endCalls(state, workflow, vars)
  const done = !state.finished && [...state.jobs.values()].every((job) => job.phase === 'finished') && [...state.calls.values()].every((call) => call.finished)
  const end: readonly RunEvent[] = done ? [{ type: 'RunFinished', conclusion: concludeRun(state) }] : []
  return { events: [...onceEach(events), ...ended, ...end], actions, reason: runReason(state) }
}

/** Jobs of one call ask for its group together. */
function onceEach(events: readonly RunEvent[]): readonly RunEvent[] {
  const seen = new Set<string>()
  return events.filter((event) => {
    if (event.type !== 'ConcurrencyAsked' && event.type !== 'ConcurrencyEntered') return true
    const key = `${event.type} ${event.job ?? ''}`
    return !seen.has(key) && seen.add(key)
  })
}

/** GitHub's word for the whole: a cancelled run with any cancelled job is cancelled, else one failed job makes it fail. */
function concludeRun(state: RunState): Conclusion {
  const results = [...[...state.jobs.values()].map(resultOf), ...[...state.calls.values()].flatMap((call) => (call.problem ? ['failure' as const] : []))]
  if (state.cancel && results.includes('cancelled')) return 'cancelled'
  if (results.includes('failure')) return 'failure'
  if (results.includes('cancelled')) return 'cancelled'
  return results.length > 0 && results.every((result) => result === 'skipped') ? 'skipped' : 'success'
}
