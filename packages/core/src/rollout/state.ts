// The state of one deployment, folded from its events: protection, rollout and end. Views read it; decisions start from it.

import type { ApprovalRule } from '../project/types.ts'
import { type ReasonText, reason } from '../reason/reasons.ts'
import type { ReleaseChange } from '../release/types.ts'
import type { DeploymentId, Digest, EnvironmentName, EpochMs, Milliseconds, ProjectName, ReleaseId, RunId } from '../text/ids.ts'
import { type DeploymentEvent, type RolloutPlan, type RolloutStep, type ServiceRollout, takesShare, type Verdict } from './types.ts'

export interface DeploymentState {
  readonly id: DeploymentId
  /** Absent before `DeploymentCreated`. */
  readonly created?: DeploymentFacts
  readonly approval?: ApprovalState
  /** Protection is satisfied for what is (to be) deployed. */
  readonly cleared: boolean
  /** The release to roll out, once the job's steps are done. */
  readonly requested?: ReleaseId
  /** The rollout of the same environment that is ahead of this one. */
  readonly behind?: DeploymentId
  readonly rollout?: RolloutState
  readonly supersededBy?: DeploymentId
  readonly closed?: { readonly conclusion: 'success' | 'failure' | 'cancelled'; readonly reason: ReasonText; readonly at: EpochMs }
}

export interface DeploymentFacts {
  readonly project: ProjectName
  readonly environment: EnvironmentName
  readonly release: ReleaseId
  readonly run?: RunId
  readonly job?: string
  readonly by: string
  readonly kind: 'deploy' | 'rollback' | 'promote'
  readonly deploys: boolean
  readonly rule?: ApprovalRule
  readonly at: EpochMs
}

export interface ApprovalState {
  readonly state: 'open' | 'given' | 'rejected' | 'expired' | 'void'
  readonly contentDigest: Digest
  readonly changes: readonly ReleaseChange[]
  readonly requestedAt: EpochMs
  readonly expiresAt: EpochMs
  /** One entry a person. */
  readonly given: readonly { readonly by: string; readonly why: string; readonly at: EpochMs }[]
  readonly rejected?: { readonly by: string; readonly why: string; readonly at: EpochMs }
  /** Why it no longer holds; stays for the record when it is asked again. */
  readonly voided?: string
}

export interface RolloutState {
  readonly plan: RolloutPlan
  readonly target: ReleaseId
  readonly previous?: ReleaseId
  readonly startedAt: EpochMs
  /** Index of the present step; the number of steps when all are over. */
  readonly step: number
  readonly stepStartedAt: EpochMs
  /** Time of the present step that was spent paused. */
  readonly pausedMs: Milliseconds
  readonly paused?: { readonly by: string; readonly at: EpochMs }
  readonly done: readonly { readonly step: number; readonly reason: ReasonText; readonly at: EpochMs }[]
  /** Share of the new side that the router confirmed last, per service; and the newest one over all. */
  readonly weights: Readonly<Record<string, number>>
  readonly weight?: { readonly percent: number; readonly at: EpochMs }
  readonly verify?: { readonly step: number; readonly run: RunId; readonly ok?: boolean }
  readonly verdicts: readonly { readonly step: number; readonly verdict: Verdict }[]
  /** Service → since when its new side has no ready instance. */
  readonly lost: Readonly<Record<string, EpochMs>>
  readonly abortRequested?: { readonly by: string; readonly why: string; readonly refused?: boolean }
  readonly aborting?: { readonly reason: ReasonText; readonly at: EpochMs }
  readonly ended?: { readonly as: 'completed' | 'aborted'; readonly reason: ReasonText; readonly at: EpochMs }
}

/** A deployment of which nothing is known yet. */
export function initialDeployment(id: DeploymentId): DeploymentState {
  return { id, cleared: false }
}

/** The state after one more event. Total: an event that does not fit (a repetition, one after the end) changes nothing. */
export function evolveDeployment(state: DeploymentState, event: DeploymentEvent, at: EpochMs): DeploymentState {
  if (state.closed) return state
  switch (event.type) {
    case 'DeploymentCreated': {
      const { type: _, ...facts } = event
      return state.created ? state : { ...state, created: { ...facts, at } }
    }
    case 'ApprovalRequested':
    case 'ApprovalGiven':
    case 'ApprovalRejected':
    case 'ApprovalExpired':
    case 'ApprovalVoided':
      return evolveApproval(state, event, at)
    case 'DeploymentCleared':
      return { ...state, cleared: true, ...(state.approval ? { approval: { ...state.approval, state: 'given' } } : {}) }
    case 'RolloutRequested':
      return { ...state, requested: event.release }
    case 'RolloutWaiting':
      return { ...state, behind: event.behind }
    case 'DeploymentSuperseded':
      return { ...state, supersededBy: event.by }
    case 'DeploymentClosed':
      return { ...state, closed: { conclusion: event.conclusion, reason: event.reason, at } }
    case 'RolloutStarted':
      return state.rollout ? state : { ...state, rollout: startRollout(event, at) }
    default:
      return state.rollout && !state.rollout.ended ? { ...state, rollout: evolveRollout(state.rollout, event, at) } : state
  }
}

type ApprovalEvent = Extract<DeploymentEvent, { type: `Approval${string}` }>

function evolveApproval(state: DeploymentState, event: ApprovalEvent, at: EpochMs): DeploymentState {
  const { approval } = state
  if (event.type === 'ApprovalRequested') {
    const { contentDigest, changes, expiresAt } = event
    const voided = approval?.voided === undefined ? {} : { voided: approval.voided }
    return { ...state, cleared: false, approval: { state: 'open', contentDigest, changes, expiresAt, requestedAt: at, given: [], ...voided } }
  }
  if (!approval) return state
  switch (event.type) {
    case 'ApprovalGiven': {
      if (approval.given.some((one) => one.by === event.by)) return state
      const given = [...approval.given, { by: event.by, why: event.why, at }]
      const enough = given.length >= (state.created?.rule?.required ?? 1)
      return { ...state, approval: { ...approval, given, state: enough ? 'given' : approval.state } }
    }
    case 'ApprovalRejected':
      return { ...state, cleared: false, approval: { ...approval, state: 'rejected', rejected: { by: event.by, why: event.why, at } } }
    case 'ApprovalExpired':
      return { ...state, cleared: false, approval: { ...approval, state: 'expired' } }
    case 'ApprovalVoided':
      return { ...state, cleared: false, approval: { ...approval, state: 'void', voided: event.because } }
  }
}

function startRollout(event: Extract<DeploymentEvent, { type: 'RolloutStarted' }>, at: EpochMs): RolloutState {
  const { plan, target, previous } = event
  return {
    plan,
    target,
    ...(previous === undefined ? {} : { previous }),
    startedAt: at,
    step: 0,
    stepStartedAt: at,
    pausedMs: 0,
    done: [],
    weights: {},
    verdicts: [],
    lost: {},
  }
}

type RolloutProgress = Exclude<DeploymentEvent, ApprovalEvent | { type: `Deployment${string}` | 'RolloutRequested' | 'RolloutWaiting' | 'RolloutStarted' }>

function evolveRollout(rollout: RolloutState, event: RolloutProgress, at: EpochMs): RolloutState {
  switch (event.type) {
    case 'StepCompleted':
      if (event.step !== rollout.step) return rollout
      return { ...rollout, step: rollout.step + 1, stepStartedAt: at, pausedMs: 0, done: [...rollout.done, { step: event.step, reason: event.reason, at }] }
    case 'WeightsSet': {
      // A share for all is for those that have two sides; zero, on the way back, is for every new side.
      const all = (one: ServiceRollout) => takesShare(one, event.percent) && (one.from !== undefined || event.percent === 0)
      const services = rollout.plan.services.filter((one) => one.routed && (event.service === undefined ? all(one) : one.service === event.service))
      const weights = { ...rollout.weights, ...Object.fromEntries(services.map((one) => [one.service, event.percent])) }
      return { ...rollout, weights, weight: { percent: event.percent, at: event.at } }
    }
    case 'VerdictReached':
      return { ...rollout, verdicts: [...rollout.verdicts, { step: event.step, verdict: event.verdict }] }
    case 'VerifyStarted':
      return rollout.verify?.step === event.step ? rollout : { ...rollout, verify: { step: event.step, run: event.run } }
    case 'VerifyFinished':
      return { ...rollout, verify: { step: event.step, run: event.run, ok: event.ok } }
    case 'NewSideLost':
      return { ...rollout, lost: { ...rollout.lost, [event.service]: rollout.lost[event.service] ?? event.at } }
    case 'NewSideBack':
      return { ...rollout, lost: Object.fromEntries(Object.entries(rollout.lost).filter(([service]) => service !== event.service)) }
    case 'Paused':
      return rollout.paused || rollout.aborting ? rollout : { ...rollout, paused: { by: event.by, at: event.at } }
    case 'Resumed':
      return resume(rollout, event.at)
    case 'AbortRequested':
      return rollout.abortRequested ? rollout : { ...rollout, abortRequested: { by: event.by, why: event.why, ...(event.refused ? { refused: true } : {}) } }
    case 'RolloutAborting':
      return rollout.aborting ? rollout : { ...resume(rollout, at), aborting: { reason: event.reason, at } }
    case 'RolloutAborted':
      return { ...rollout, ended: { as: 'aborted', reason: event.reason, at } }
    case 'RolloutCompleted':
      return { ...rollout, ended: { as: 'completed', reason: reason('rollout-complete'), at } }
  }
}

function resume(rollout: RolloutState, at: EpochMs): RolloutState {
  if (!rollout.paused) return rollout
  const { paused, ...rest } = rollout
  return { ...rest, pausedMs: rollout.pausedMs + Math.max(0, at - Math.max(paused.at, rollout.stepStartedAt)) }
}

/** The step that is being done; absent when all are over. */
export function presentStep(rollout: RolloutState): RolloutStep | undefined {
  return rollout.plan.steps[rollout.step]
}

/** How long the present step has been going on, pauses left out, in ms. */
export function stepElapsed(rollout: RolloutState, now: EpochMs): Milliseconds {
  const pausedNow = rollout.paused ? Math.max(0, now - Math.max(rollout.paused.at, rollout.stepStartedAt)) : 0
  return Math.max(0, now - rollout.stepStartedAt - rollout.pausedMs - pausedNow)
}

/** The one word that lists show. */
export function deploymentStatus(state: DeploymentState): 'waiting-for-approval' | 'waiting' | 'rolling' | 'paused' | 'aborting' | 'done' {
  if (state.closed) return 'done'
  if (state.rollout?.aborting) return 'aborting'
  if (state.rollout?.paused) return 'paused'
  if (state.rollout) return 'rolling'
  return state.approval?.state === 'open' ? 'waiting-for-approval' : 'waiting'
}

/** What the deployment waits for, or why it ended so, as far as its events tell. `decideRollout` knows more while it rolls. */
export function deploymentReason(state: DeploymentState): ReasonText {
  if (state.closed) return state.closed.reason
  if (state.supersededBy) return reason('superseded', { by: state.supersededBy })
  if (state.rollout) return rolloutReason(state.rollout)
  const { approval, created } = state
  if (approval && !state.cleared) return approvalReason(approval, created?.rule)
  if (!created || !state.cleared) return reason('deployment-opening')
  if (state.requested === undefined && created.job) return reason('waiting-for-steps', { job: created.job })
  if (state.behind) return reason('waiting-for-rollout', { deployment: state.behind })
  return state.requested === undefined ? reason('deployment-cleared') : reason('waiting-to-begin')
}

/** Why an approval is as it is. */
function approvalReason(approval: ApprovalState, rule: ApprovalRule | undefined): ReasonText {
  switch (approval.state) {
    case 'open':
    case 'given': {
      const missing = Math.max(0, (rule?.required ?? 1) - approval.given.length)
      if (missing === 0) return reason('deployment-cleared')
      return reason('waiting-for-approval', { missing, reviewers: rule && rule.reviewers.length > 0 ? rule.reviewers.join(', ') : 'anyone with the right' })
    }
    case 'rejected':
      return reason('approval-rejected', { by: approval.rejected?.by ?? 'someone', why: approval.rejected?.why ?? '' })
    case 'expired':
      return reason('approval-expired')
    case 'void':
      return reason('approval-voided', { because: approval.voided ?? '' })
  }
}

function rolloutReason(rollout: RolloutState): ReasonText {
  if (rollout.ended) return rollout.ended.reason
  if (rollout.aborting) return reason('going-back')
  if (rollout.paused) return reason('paused', { by: rollout.paused.by })
  const last = rollout.done.at(-1)
  return last ? last.reason : reason('waiting-to-begin')
}
