// What people may ask of a rollout that is going on: pause, resume, abort.

import { fail } from '../reason/errors.ts'
import type { EpochMs } from '../text/ids.ts'
import { type DeploymentState, deploymentStatus, presentStep, type RolloutState } from './state.ts'
import type { DeploymentEvent } from './types.ts'

/** Stops the clock and the next steps; safety still aborts. Nothing when it is paused already. @throws PushwayError `rollout-not-active` */
export function requestPause(state: DeploymentState, by: string, now: EpochMs): readonly DeploymentEvent[] {
  return activeRollout(state).paused ? [] : [{ type: 'Paused', by, at: now }]
}

/** Goes on where it was. Nothing when it is not paused. @throws PushwayError `rollout-not-active` */
export function requestResume(state: DeploymentState, by: string, now: EpochMs): readonly DeploymentEvent[] {
  return activeRollout(state).paused ? [{ type: 'Resumed', by, at: now }] : []
}

/**
 * Back to the old release. Nothing when that has been asked already.
 * Once the old groups retire the rollout only goes forward: a rollback is the way then.
 *
 * @throws PushwayError `rollout-not-active`
 */
export function requestAbort(state: DeploymentState, by: string, why: string): readonly DeploymentEvent[] {
  const rollout = activeRollout(state)
  if (presentStep(rollout)?.kind === 'retire') throw fail('rollout-not-active', { deployment: state.id, state: 'the old release is being stopped already' })
  return rollout.abortRequested ? [] : [{ type: 'AbortRequested', by, why }]
}

function activeRollout(state: DeploymentState): RolloutState {
  const { rollout } = state
  if (!rollout || rollout.ended || rollout.aborting || state.closed) throw fail('rollout-not-active', { deployment: state.id, state: deploymentStatus(state) })
  return rollout
}
