// What a deployment's facts mean for other streams: the run that asked for it, and its environment. Written in the same transaction.

import type { EnvironmentEvent } from '@pushway/core/event/types.ts'
import { streams } from '@pushway/core/event/types.ts'
import { type DeploymentState, evolveDeployment } from '@pushway/core/rollout/state.ts'
import type { DeploymentEvent } from '@pushway/core/rollout/types.ts'
import type { RunEvent } from '@pushway/core/run/types.ts'
import type { EpochMs } from '@pushway/core/text/ids.ts'
import type { Append, NewAction } from '../ports/store.ts'
import { announceDeployment } from './announce.ts'
import type { States } from './states.ts'

export interface DeploymentFacts {
  readonly state: DeploymentState
  /** What the writer has seen; another one is a conflict. */
  readonly expected: number | 'any'
  readonly events: readonly DeploymentEvent[]
  readonly actions?: readonly NewAction[]
}

/** The appends for a deployment's new facts, with what they cause elsewhere. */
export function withConsequences(states: States, { state, expected, events, actions }: DeploymentFacts, now: EpochMs): readonly Append[] {
  const stream = streams.deployment(state.id)
  const voidQueued = events.some(({ type }) => type === 'RolloutAborting')
  const own: Append = { stream, expected, events, ...(actions ? { actions } : {}), ...(voidQueued ? { voidQueued } : {}) }
  const after = events.reduce((before, event) => evolveDeployment(before, event, now), state)
  const told = events.flatMap((event) => deploymentNews(after, event))
  const forRun = events.flatMap((event) => runConsequence(after, event))
  const forEnvironment = events.flatMap((event) => environmentConsequence(states, after, event))
  const { created } = after
  return [
    own,
    // Not of this stream: an abort voids what is queued there.
    ...(told.length > 0 && created ? [{ stream: streams.project(created.project), expected: 'any' as const, events: [], actions: told }] : []),
    ...(forRun.length > 0 && created?.run ? [{ stream: streams.run(created.run), expected: 'any' as const, events: forRun, cause: stream }] : []),
    ...(forEnvironment.length > 0 && created
      ? [{ stream: streams.environment(created.project, created.environment), expected: 'any' as const, events: forEnvironment, cause: stream }]
      : []),
  ]
}

/** What workflows are told of a deployment's facts. */
function deploymentNews({ id, created }: DeploymentState, event: DeploymentEvent): readonly NewAction[] {
  switch (event.type) {
    case 'DeploymentCreated':
      return [announceDeployment(id, 'created')]
    case 'DeploymentCleared':
      return [announceDeployment(id, 'in_progress')]
    case 'DeploymentClosed':
      return created ? [announceDeployment(id, event.conclusion === 'cancelled' ? 'inactive' : event.conclusion)] : []
    default:
      return []
  }
}

function runConsequence({ id, created }: DeploymentState, event: DeploymentEvent): readonly RunEvent[] {
  if (!created?.run || !created.job) return []
  const { job } = created
  if (event.type === 'DeploymentCleared') return [{ type: 'DeploymentCleared', job, deployment: id }]
  if (event.type === 'DeploymentClosed')
    return [{ type: 'DeploymentEnded', job, deployment: id, conclusion: event.conclusion, reason: event.reason.sentence, code: event.reason.code }]
  return []
}

function environmentConsequence(states: States, { id, created, rollout }: DeploymentState, event: DeploymentEvent): readonly EnvironmentEvent[] {
  if (!created || !rollout) return []
  if (event.type === 'DeploymentClosed') return [{ type: 'RolloutLeft', deployment: id }]
  if (event.type !== 'RolloutCompleted') return []
  const live: EnvironmentEvent = { type: 'ReleaseLive', release: rollout.target, deployment: id, kind: created.kind, groups: rollout.plan.serving }
  // Without a check of its own, an environment proves what has become healthy and stayed so in it.
  const digests = states.release(rollout.target)?.services.map(({ image }) => image.digest) ?? []
  return [live, { type: 'ReleaseVerified', release: rollout.target, digests: [...new Set(digests)] }]
}
