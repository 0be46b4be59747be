// What things are now, folded from their streams. Folding goes on where it stopped; nothing here is written.

import type { EnvironmentEvent, ProjectEvent, PushwayEvent, StreamId } from '@pushway/core/event/types.ts'
import { streams } from '@pushway/core/event/types.ts'
import type { ProjectState } from '@pushway/core/project/state.ts'
import { emptyProject, evolveProject } from '@pushway/core/project/state.ts'
import { evolvePull } from '@pushway/core/pull/state.ts'
import type { PullEvent, PullState } from '@pushway/core/pull/types.ts'
import type { EnvironmentState } from '@pushway/core/release/environment.ts'
import { emptyEnvironment, evolveEnvironment } from '@pushway/core/release/environment.ts'
import type { Release } from '@pushway/core/release/types.ts'
import type { DeploymentState } from '@pushway/core/rollout/state.ts'
import { evolveDeployment, initialDeployment } from '@pushway/core/rollout/state.ts'
import type { DeploymentEvent } from '@pushway/core/rollout/types.ts'
import type { RunState } from '@pushway/core/run/state.ts'
import { evolveRun, initialRun } from '@pushway/core/run/state.ts'
import type { RunEvent } from '@pushway/core/run/types.ts'
import type { DeploymentId, EnvironmentName, EpochMs, ProjectName, ReleaseId, RunId } from '@pushway/core/text/ids.ts'
import type { EventStore } from '../ports/store.ts'

/** A state with the last event it has taken in: what an append expects. */
export interface Folded<S> {
  readonly state: S
  readonly seq: number
}

export interface States {
  run(id: RunId): Folded<RunState>
  deployment(id: DeploymentId): Folded<DeploymentState>
  environment(project: ProjectName, name: EnvironmentName): Folded<EnvironmentState>
  project(name: ProjectName): Folded<ProjectState>
  pull(project: ProjectName, number: number): Folded<PullState | undefined>
  release(id: ReleaseId): Release | undefined
}

/** How many folded states are kept in memory, the most recently used ones. */
const kept = 500

/** The states of a store. */
export function createStates(store: EventStore): States {
  const cache = new Map<StreamId, Folded<unknown>>()

  function fold<S, E extends PushwayEvent>(stream: StreamId, initial: S, evolve: (state: S, event: E, at: EpochMs) => S): Folded<S> {
    const known = cache.get(stream) as Folded<S> | undefined
    let { state, seq } = known ?? { state: initial, seq: 0 }
    for (const event of store.read(stream, seq)) {
      // A stream holds one family of events; its name says which.
      state = evolve(state, event.body as E, event.at)
      seq = event.seq
    }
    const folded = { state, seq }
    cache.delete(stream)
    cache.set(stream, folded)
    if (cache.size > kept) cache.delete(cache.keys().next().value ?? '')
    return folded
  }

  return {
    run: (id) => fold<RunState, RunEvent>(streams.run(id), initialRun(id), evolveRun),
    deployment: (id) => fold<DeploymentState, DeploymentEvent>(streams.deployment(id), initialDeployment(id), evolveDeployment),
    environment: (project, name) => fold<EnvironmentState, EnvironmentEvent>(streams.environment(project, name), emptyEnvironment, evolveEnvironment),
    project: (name) => fold<ProjectState, ProjectEvent>(streams.project(name), emptyProject, evolveProject),
    pull: (project, number) => fold<PullState | undefined, PullEvent>(streams.pull(project, number), undefined, evolvePull),
    release: (id) =>
      fold<Release | undefined, PushwayEvent>(streams.release(id), undefined, (_, event) => (event.type === 'ReleaseCreated' ? event.release : undefined))
        .state,
  }
}
