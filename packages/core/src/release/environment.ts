// What an environment is, from its stream: what is live, what was, what is proven, who holds it.

import type { EnvironmentEvent } from '../event/types.ts'
import type { DeploymentId, Digest, EpochMs, GroupId, ReleaseId } from '../text/ids.ts'

/** One time a release went live. */
export interface LiveRecord {
  readonly release: ReleaseId
  readonly deployment: DeploymentId
  readonly kind: 'deploy' | 'rollback' | 'promote'
  readonly at: EpochMs
  readonly groups: Readonly<Record<string, GroupId>>
}

export interface EnvironmentState {
  /** The deployment whose rollout is going on. */
  readonly holder?: DeploymentId
  readonly live?: LiveRecord
  /** Oldest first, the live one last. */
  readonly history: readonly LiveRecord[]
  /** Digests whose release was verified here. */
  readonly proven: readonly Digest[]
}

/** An environment before its first event. */
export const emptyEnvironment: EnvironmentState = { history: [], proven: [] }

/**
 * The state after one more event of the environment's stream.
 * @param at when it happened, epoch ms
 */
export function evolveEnvironment(state: EnvironmentState, event: EnvironmentEvent, at: EpochMs): EnvironmentState {
  switch (event.type) {
    case 'RolloutAdmitted':
      return { ...state, holder: event.deployment }
    case 'RolloutLeft': {
      const { holder, ...rest } = state
      return holder === event.deployment ? rest : state
    }
    case 'ReleaseLive': {
      const live: LiveRecord = { release: event.release, deployment: event.deployment, kind: event.kind, at, groups: event.groups }
      return { ...state, live, history: [...state.history, live] }
    }
    case 'ReleaseVerified':
      return { ...state, proven: [...new Set([...state.proven, ...event.digests])] }
  }
}

/** The release to go back to: the newest one that was live before the present one and is another. */
export function previousRelease(state: EnvironmentState): ReleaseId | undefined {
  return state.history.findLast((record) => record.release !== state.live?.release)?.release
}
