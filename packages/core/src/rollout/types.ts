// A deployment takes one release to one environment as a rollout: small steps over groups and traffic weights.

import type { ApprovalRule, Strategy } from '../project/types.ts'
import type { ReasonText } from '../reason/reasons.ts'
import type { ReleaseChange } from '../release/types.ts'
import type { DeploymentId, Digest, EnvironmentName, EpochMs, GroupId, Milliseconds, ProjectName, ReleaseId, RunId } from '../text/ids.ts'

/** One service's two sides in a rollout. `from` is absent when nothing ran before. */
export interface ServiceRollout {
  readonly service: string
  readonly to: GroupId
  readonly from?: GroupId
  readonly replicas: number
  readonly fromReplicas: number
  /** Whether traffic reaches it through the router. */
  readonly routed: boolean
  /** Its instances share a volume: the old ones stop before the new ones start, whatever the strategy says. */
  readonly stopFirst?: boolean
}

/** Whether a share for all services is for this one: one that stops first is all old or all new, never a part of both. */
export function takesShare(service: ServiceRollout, percent: number): boolean {
  return !service.stopFirst || percent === 0 || percent === 100
}

/** One step of the plan; a step is over when its condition holds. */
export type RolloutStep =
  /** New instances beside the old ones until there are `replicas`; over when that many are ready. */
  | { readonly kind: 'grow'; readonly service: string; readonly replicas: number }
  /** What the new side needs (its image) is made ready while the old side still serves; over when the group is there. */
  | { readonly kind: 'prepare'; readonly service: string }
  /** Old instances fewer; over when no more than `replicas` are left. */
  | { readonly kind: 'shrink'; readonly service: string; readonly replicas: number }
  /** Traffic share of the new side of `service` (absent: of every routed service), percent; over when the router confirms it. */
  | { readonly kind: 'weight'; readonly percent: number; readonly service?: string }
  /** Judged for `forMs` at the present weight; over when the verdict is `pass`. */
  | { readonly kind: 'analyse'; readonly percent: number; readonly forMs: Milliseconds }
  /** The environment's verify workflow against the new release; over when it succeeds. */
  | { readonly kind: 'verify'; readonly workflow: string }
  /** The old groups drain and go; over when they are gone. */
  | { readonly kind: 'retire' }

export interface RolloutPlan {
  readonly strategy: Strategy
  readonly services: readonly ServiceRollout[]
  /** Services that run now and are not in the new release: retired last. */
  readonly removed: readonly { readonly service: string; readonly group: GroupId }[]
  readonly steps: readonly RolloutStep[]
  /** Services whose content did not change: their group goes on, untouched. */
  readonly kept: readonly { readonly service: string; readonly group: GroupId }[]
  /** Which group serves each service once the rollout is complete: the next plan's `previous.serving`. */
  readonly serving: Readonly<Record<string, GroupId>>
  /** False: old and new never run at the same time, so a swap is a stop and a start. */
  readonly sideBySide: boolean
}

/** What one environment looks like right now: from the runtime and the router, never from memory. */
export interface Observed {
  readonly groups: Readonly<Record<GroupId, ObservedGroup>>
  /** Percent of traffic to each group, by the router; absent: not routed or not known. */
  readonly weights: Readonly<Record<GroupId, number>>
  /** Instances that the router sends a group's requests to (the fewest of its routes); absent: not known. */
  readonly reached?: Readonly<Record<GroupId, number>>
  /** Requests since the present weight was set, per group. */
  readonly traffic: Readonly<Record<GroupId, TrafficCounts>>
}

export interface ObservedGroup {
  readonly total: number
  readonly ready: number
  /** Exits that nobody asked for, since the group was made. */
  readonly crashes: number
  /** The newest reason an instance is not ready, for people: `exited with code 1`, `nothing listens on 3000`. */
  readonly problem?: string
}

/** Counted by the proxy over a window. Latencies in ms over successful and failed answers alike. */
export interface TrafficCounts {
  readonly requests: number
  /** Answers of 500 and above, and requests that got no answer. */
  readonly errors: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly sinceMs: EpochMs
  readonly firstErrorAt?: EpochMs
}

/** Facts of a deployment's stream. */
export type DeploymentEvent =
  | {
      readonly type: 'DeploymentCreated'
      readonly project: ProjectName
      readonly environment: EnvironmentName
      readonly release: ReleaseId
      readonly run?: RunId
      readonly job?: string
      readonly by: string
      readonly kind: 'deploy' | 'rollback' | 'promote'
      readonly deploys: boolean
      readonly rule?: ApprovalRule
    }
  | { readonly type: 'ApprovalRequested'; readonly contentDigest: Digest; readonly changes: readonly ReleaseChange[]; readonly expiresAt: EpochMs }
  | { readonly type: 'ApprovalGiven'; readonly by: string; readonly why: string; readonly contentDigest: Digest }
  | { readonly type: 'ApprovalRejected'; readonly by: string; readonly why: string }
  | { readonly type: 'ApprovalExpired' }
  | { readonly type: 'ApprovalVoided'; readonly because: string }
  /** Protection is satisfied; a run's job may do its steps. */
  | { readonly type: 'DeploymentCleared' }
  /** The job's steps are done (or there was no job): the rollout may begin when the environment is free. */
  | { readonly type: 'RolloutRequested'; readonly release: ReleaseId }
  | { readonly type: 'RolloutWaiting'; readonly behind: DeploymentId }
  | { readonly type: 'RolloutStarted'; readonly plan: RolloutPlan; readonly target: ReleaseId; readonly previous?: ReleaseId }
  | { readonly type: 'StepCompleted'; readonly step: number; readonly reason: ReasonText }
  | { readonly type: 'WeightsSet'; readonly percent: number; readonly at: EpochMs; readonly service?: string }
  /** A new side that was ready has no ready instance any more; if it does not come back soon the rollout goes back. */
  | { readonly type: 'NewSideLost'; readonly service: string; readonly at: EpochMs }
  | { readonly type: 'NewSideBack'; readonly service: string }
  | { readonly type: 'VerdictReached'; readonly step: number; readonly verdict: Verdict }
  | { readonly type: 'VerifyStarted'; readonly step: number; readonly run: RunId }
  | { readonly type: 'VerifyFinished'; readonly step: number; readonly ok: boolean; readonly run: RunId }
  | { readonly type: 'Paused'; readonly by: string; readonly at: EpochMs }
  | { readonly type: 'Resumed'; readonly by: string; readonly at: EpochMs }
  /** `refused`: nobody asked for it; something that the rollout needs was refused, and `why` says what. */
  | { readonly type: 'AbortRequested'; readonly by: string; readonly why: string; readonly refused?: boolean }
  /** The way back has begun: all weight to the old side, then the new one retires. */
  | { readonly type: 'RolloutAborting'; readonly reason: ReasonText }
  | { readonly type: 'RolloutAborted'; readonly reason: ReasonText }
  | { readonly type: 'RolloutCompleted' }
  /** A newer release came before this one began. */
  | { readonly type: 'DeploymentSuperseded'; readonly by: DeploymentId }
  | { readonly type: 'DeploymentClosed'; readonly conclusion: 'success' | 'failure' | 'cancelled'; readonly reason: ReasonText }

/** What a rollout wants done next. Idempotent; performed through ports. */
export type RolloutAction =
  | { readonly kind: 'EnsureGroup'; readonly group: GroupId; readonly replicas: number }
  | { readonly kind: 'ScaleGroup'; readonly group: GroupId; readonly replicas: number }
  /** `percent` to the new group and the rest to the old one, of `service` only, or of every routed service of the plan when absent. */
  | { readonly kind: 'SetWeights'; readonly percent: number; readonly service?: string }
  | { readonly kind: 'StartVerify'; readonly step: number; readonly workflow: string }
  | { readonly kind: 'RetireGroup'; readonly group: GroupId }

/** What a decision gives: facts to append, effects to perform, and why. Never an effect itself. */
export interface RolloutDecision {
  readonly events: readonly DeploymentEvent[]
  readonly actions: readonly RolloutAction[]
  readonly reason: ReasonText
}

/** The judgement over one window. `numbers` are shown beside the sentence. */
export interface Verdict {
  readonly outcome: 'pass' | 'fail' | 'wait'
  readonly reason: ReasonText
  readonly fresh: TrafficCounts
  readonly baseline?: TrafficCounts
}
