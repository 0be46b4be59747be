// What the performers of a rollout's actions have in common: whose rollout it is, where it runs, what a refusal means.

import { fail } from '@pushway/core/reason/errors.ts'
import type { Release } from '@pushway/core/release/types.ts'
import type { DeploymentState } from '@pushway/core/rollout/state.ts'
import type { EnvironmentId, EnvironmentName, ProjectName } from '@pushway/core/text/ids.ts'
import { environmentId } from '@pushway/core/text/ids.ts'
import { runtimeOf } from '../model/runtime-of.ts'
import type { Performer, Workshop } from '../model/workshop.ts'
import type { Runtime } from '../ports/runtime.ts'
import type { LeasedAction } from '../ports/store.ts'

export interface RolloutScene {
  readonly deployment: string
  readonly state: DeploymentState
  readonly project: ProjectName
  readonly environment: EnvironmentName
  readonly id: EnvironmentId
  readonly runtime: Runtime
  readonly target: Release
  readonly previous: Release | undefined
}

/** The rollout that an action belongs to. */
export function sceneOf(action: LeasedAction, shop: Workshop): RolloutScene {
  const deployment = action.stream.slice('deployment/'.length)
  const { state } = shop.states.deployment(deployment)
  const target = state.rollout && shop.states.release(state.rollout.target)
  if (!state.created || !target) throw fail('not-found', { what: 'deployment', name: deployment })
  const { project, environment } = state.created
  const previous = state.rollout?.previous === undefined ? undefined : shop.states.release(state.rollout.previous)
  return { deployment, state, project, environment, id: environmentId(project, environment), runtime: runtimeOf(shop, target), target, previous }
}

/** An action that can't be done makes the rollout go back, as a failure with this reason. */
export function abortBecause(action: LeasedAction, problem: string): ReturnType<Performer['refused']> {
  return [{ stream: action.stream, expected: 'any', events: [{ type: 'AbortRequested', by: 'pushway', why: problem, refused: true }] }]
}
