// Concurrency groups: of the runs and jobs of a project that name one group, one goes on at a time.
// Follows https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency

import { reason } from '../reason/reasons.ts'
import type { EpochMs, RunId } from '../text/ids.ts'
import { evaluateText, evaluateValue, type Scope } from '../workflow/evaluate.ts'
import type { Concurrency } from '../workflow/types.ts'
import type { RunState } from './state.ts'
import type { ClaimTerms } from './types.ts'

/** A run or job that is in a group or waits for it. */
export interface Claim extends ClaimTerms {
  readonly at: EpochMs
  /** It goes on; else it waits. */
  readonly held: boolean
  readonly run: RunId
  readonly number: number
  /** The job's key; absent for the whole run. */
  readonly job?: string
}

/** What a waiting claim does next. */
export type Turn =
  | { readonly kind: 'enter' }
  | { readonly kind: 'wait'; readonly behind: Claim }
  /** Another one took its place, or the queue is full: it is cancelled. */
  | { readonly kind: 'leave'; readonly why: string }

/** GitHub's limit for `queue: max`. */
const longestQueue = 100

/** The terms as they are now; undefined when the group's name is empty. Throws EvaluationError. */
export function claimTerms(concurrency: Concurrency, scope: Scope): ClaimTerms | undefined {
  const group = evaluateText(concurrency.group, scope).trim()
  const cancels = concurrency.cancelInProgress && evaluateValue(concurrency.cancelInProgress, scope)
  return group === '' ? undefined : { group, cancelInProgress: cancels === true || cancels === 'true', queue: concurrency.queue }
}

/** What a run and its jobs hold and wait for. */
export function claimsOf(state: RunState): readonly Claim[] {
  const { id: run, number = 0 } = state
  const own = state.claim && !state.finished ? [{ ...state.claim, run, number }] : []
  const ofJobs = [...state.jobs.values()].flatMap(({ key, phase, claim }) => (claim && phase !== 'finished' ? [{ ...claim, run, number, job: key }] : []))
  const ofCalls = [...state.calls.values()].flatMap(({ key, finished, claim }) => (claim && !finished ? [{ ...claim, run, number, job: key }] : []))
  return [...own, ...ofCalls, ...ofJobs]
}

/**
 * What a waiting claim does: the oldest enters a free group; in a group that is taken, a newer one replaces those that wait,
 * unless it queues with `queue: max`.
 *
 * @param all every claim of the project, this one among them; those of one run in the order of its jobs
 */
export function turnOf(mine: Claim, all: readonly Claim[]): Turn {
  const rivals = rivalsOf(mine, all)
  const waiting = rivals.filter((claim) => !claim.held)
  const before = waiting.filter((claim) => comesBefore(claim, mine, all))
  const holder = rivals.find((claim) => claim.held)
  const [first] = before
  if (!holder) return first ? { kind: 'wait', behind: first } : { kind: 'enter' }
  const newer = waiting.find((claim) => !before.includes(claim) && claim.queue === 'single')
  if (newer) return { kind: 'leave', why: reason('replaced-in-group', { by: sayClaim(newer), group: mine.group }).sentence }
  if (mine.queue === 'max' && before.length >= longestQueue) {
    return { kind: 'leave', why: reason('group-is-full', { group: mine.group, most: longestQueue }).sentence }
  }
  return { kind: 'wait', behind: holder }
}

/** Why a claim that is held must end: one that waits cancels what is in progress. */
export function whyUnwanted(mine: Claim, all: readonly Claim[]): string | undefined {
  const newer = rivalsOf(mine, all).find((claim) => !claim.held && claim.cancelInProgress)
  return newer && reason('cancelled-in-group', { by: sayClaim(newer), group: mine.group }).sentence
}

/** `run 12`, `job deploy of run 12`. */
export function sayClaim({ number, job }: Claim): string {
  return job === undefined ? `run ${number}` : `job ${job} of run ${number}`
}

/** Group names are compared without case, as on GitHub. */
function rivalsOf(mine: Claim, all: readonly Claim[]): readonly Claim[] {
  return all.filter((claim) => claim.group.toLowerCase() === mine.group.toLowerCase() && !isSame(claim, mine))
}

function isSame(a: Claim, b: Claim): boolean {
  return a.run === b.run && a.job === b.job
}

function comesBefore(a: Claim, b: Claim, all: readonly Claim[]): boolean {
  if (a.at !== b.at) return a.at < b.at
  if (a.number !== b.number) return a.number < b.number
  return all.findIndex((claim) => isSame(claim, a)) < all.findIndex((claim) => isSame(claim, b))
}
