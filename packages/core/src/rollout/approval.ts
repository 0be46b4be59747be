// Protection of an environment: who must approve what, until when; what ends an approval; which deployment gives way.

import { fail } from '../reason/errors.ts'
import { type ReasonText, reason } from '../reason/reasons.ts'
import type { ReleaseChange } from '../release/types.ts'
import { type DeploymentId, type Digest, type EpochMs, shortDigest } from '../text/ids.ts'
import { type DeploymentState, deploymentReason, deploymentStatus } from './state.ts'
import type { DeploymentEvent } from './types.ts'

/** What an approval would bind to, as known now. */
export interface ApprovalSubject {
  readonly contentDigest: Digest
  readonly changes: readonly ReleaseChange[]
}

export interface ApprovalDecision {
  readonly events: readonly DeploymentEvent[]
  readonly reason: ReasonText
}

/**
 * What protection wants next: asked at opening, after each answer, when time has passed, and again after the job's steps with
 * what the release has become. Without a rule: cleared at once. A decision that is not for the present content is void and asked again.
 *
 * @param subject the release's content digest and its difference from what runs; after the steps, the final ones
 * @param now ms since the epoch
 */
export function decideApproval(state: DeploymentState, subject: ApprovalSubject, now: EpochMs): ApprovalDecision {
  const { created, approval } = state
  const nothing: ApprovalDecision = { events: [], reason: deploymentReason(state) }
  if (!created || state.closed || state.rollout) return nothing
  const { rule } = created
  if (!rule || rule.required <= 0) {
    return state.cleared ? nothing : { events: [{ type: 'DeploymentCleared' }], reason: reason('deployment-cleared') }
  }
  const request: DeploymentEvent = { type: 'ApprovalRequested', ...subject, expiresAt: now + rule.expiresMs }
  if (!approval) return { events: [request], reason: waiting(rule.required, rule.reviewers) }
  if (approval.state === 'rejected' || approval.state === 'expired') {
    return { events: [{ type: 'DeploymentClosed', conclusion: 'failure', reason: nothing.reason }], reason: nothing.reason }
  }
  if (approval.state === 'void') return { events: [request], reason: waiting(rule.required, rule.reviewers) }
  if (approval.contentDigest !== subject.contentDigest) {
    const because = `the content is ${shortDigest(subject.contentDigest)} now, not ${shortDigest(approval.contentDigest)}`
    return { events: [{ type: 'ApprovalVoided', because }, request], reason: reason('approval-voided', { because: `${because}.` }) }
  }
  if (approval.given.length >= rule.required) {
    return state.cleared ? nothing : { events: [{ type: 'DeploymentCleared' }], reason: reason('deployment-cleared') }
  }
  if (now >= approval.expiresAt) {
    const expired = reason('approval-expired')
    return { events: [{ type: 'ApprovalExpired' }, { type: 'DeploymentClosed', conclusion: 'failure', reason: expired }], reason: expired }
  }
  return nothing
}

export interface ApprovalAnswer {
  readonly by: string
  /** Teams of who answers, without `@`. */
  readonly teams?: readonly string[]
  readonly why: string
  /** What the person looked at; absent: whatever it is. */
  readonly contentDigest?: Digest
  /** Who started the run. */
  readonly runActor?: string
}

/**
 * One person's yes: `ApprovalGiven`, and `DeploymentCleared` when it was the last one needed. Nothing when they gave it already.
 *
 * @throws PushwayError `approval-not-open`, `approval-stale`, `approval-self`, `approval-not-reviewer`
 */
export function approve(state: DeploymentState, answer: ApprovalAnswer, now: EpochMs): readonly DeploymentEvent[] {
  const approval = checkAnswer(state, answer, now)
  if (approval.given.some((one) => one.by === answer.by)) return []
  if (state.created?.rule?.self !== true && answer.by === (answer.runActor ?? state.created?.by)) throw fail('approval-self')
  const given: DeploymentEvent = { type: 'ApprovalGiven', by: answer.by, why: answer.why, contentDigest: approval.contentDigest }
  const enough = approval.given.length + 1 >= (state.created?.rule?.required ?? 1)
  return enough ? [given, { type: 'DeploymentCleared' }] : [given]
}

/**
 * One person's no ends the deployment, whoever else approved. Who started the run may reject it.
 *
 * @throws PushwayError `approval-not-open`, `approval-stale`, `approval-not-reviewer`
 */
export function reject(state: DeploymentState, answer: ApprovalAnswer, now: EpochMs): readonly DeploymentEvent[] {
  checkAnswer(state, answer, now)
  const { by, why } = answer
  return [
    { type: 'ApprovalRejected', by, why },
    { type: 'DeploymentClosed', conclusion: 'failure', reason: reason('approval-rejected', { by, why }) },
  ]
}

/** Whether this person could approve now: what a view's `mine` says. */
export function mayApprove(state: DeploymentState, answer: Omit<ApprovalAnswer, 'why'>, now: EpochMs): boolean {
  const { approval, created } = state
  if (state.closed || approval?.state !== 'open' || now >= approval.expiresAt || !isReviewer(state, answer)) return false
  if (approval.given.some((one) => one.by === answer.by)) return false
  return created?.rule?.self === true || answer.by !== (answer.runActor ?? created?.by)
}

/** A newer deployment to the same environment came first: one that has not begun to roll out gives way. Nothing when it has. */
export function supersede(state: DeploymentState, by: DeploymentId): readonly DeploymentEvent[] {
  if (state.closed || state.rollout || !state.created) return []
  return [
    { type: 'DeploymentSuperseded', by },
    { type: 'DeploymentClosed', conclusion: 'cancelled', reason: reason('superseded', { by }) },
  ]
}

function checkAnswer(state: DeploymentState, answer: Omit<ApprovalAnswer, 'why'>, now: EpochMs): NonNullable<DeploymentState['approval']> {
  const { approval } = state
  if (state.closed || !approval || approval.state !== 'open') throw fail('approval-not-open', { deployment: state.id, state: deploymentStatus(state) })
  if (now >= approval.expiresAt) throw fail('approval-not-open', { deployment: state.id, state: 'expired' })
  if (!isReviewer(state, answer)) {
    throw fail('approval-not-reviewer', { who: answer.by, reviewers: state.created?.rule?.reviewers.join(', ') ?? '' })
  }
  if (answer.contentDigest !== undefined && answer.contentDigest !== approval.contentDigest) throw fail('approval-stale', { deployment: state.id })
  return approval
}

function isReviewer(state: DeploymentState, { by, teams }: Pick<ApprovalAnswer, 'by' | 'teams'>): boolean {
  const reviewers = state.created?.rule?.reviewers ?? []
  const names = [by, ...(teams ?? []).map((team) => `@${team}`)]
  return reviewers.length === 0 || reviewers.some((reviewer) => names.includes(reviewer))
}

function waiting(missing: number, reviewers: readonly string[]): ReasonText {
  return reason('waiting-for-approval', { missing, reviewers: reviewers.length > 0 ? reviewers.join(', ') : 'anyone with the right' })
}
