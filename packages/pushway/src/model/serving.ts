// Which group answers for each service of an environment right now, by its facts: what is live, and the rollout under way.

import type { Release, ReleasedService } from '@pushway/core/release/types.ts'
import type { RolloutState } from '@pushway/core/rollout/state.ts'
import type { ServiceRollout } from '@pushway/core/rollout/types.ts'
import type { EnvironmentName, GroupId, ProjectName, ReleaseId } from '@pushway/core/text/ids.ts'
import type { ServedService } from './routes.ts'
import type { States } from './states.ts'

/** What the routes of an environment are built from. `weights` replaces the recorded shares of a rollout's new sides. */
export function servedServices(
  states: States,
  at: { project: ProjectName; environment: EnvironmentName },
  weights?: Readonly<Record<string, number>>,
): readonly ServedService[] {
  const { state } = states.environment(at.project, at.environment)
  const rollout = state.holder === undefined ? undefined : states.deployment(state.holder).state.rollout
  if (rollout && !rollout.ended) return duringRollout(states, rollout, weights ?? rollout.weights)
  const release = state.live && states.release(state.live.release)
  if (!release || !state.live) return []
  const { groups } = state.live
  return release.services.flatMap((service) => serve(service, [[groups[service.name], 100]]))
}

function duringRollout(states: States, rollout: RolloutState, weights: Readonly<Record<string, number>>): readonly ServedService[] {
  const target = states.release(rollout.target)
  const previous = rollout.previous === undefined ? undefined : states.release(rollout.previous)
  const { plan } = rollout
  const changing = plan.services.flatMap((one) => serve(serviceOf(target, one.service), sidesOf(one, weights)))
  const kept = plan.kept.flatMap(({ service, group }) => serve(serviceOf(target, service), [[group, 100]]))
  const removed = plan.removed.flatMap(({ service, group }) => serve(serviceOf(previous, service), [[group, 100]]))
  return [...changing, ...kept, ...removed]
}

/** The new side's share is what was set; before anything was, a service that nothing ran before gets all of its traffic. */
function sidesOf({ service, from, to }: ServiceRollout, weights: Readonly<Record<string, number>>): readonly [GroupId, number][] {
  const fresh = weights[service] ?? (from ? 0 : 100)
  return from
    ? [
        [from, 100 - fresh],
        [to, fresh],
      ]
    : [[to, fresh]]
}

function serviceOf(release: Release | undefined, name: string): ReleasedService | undefined {
  return release?.services.find((service) => service.name === name)
}

function serve(service: ReleasedService | undefined, sides: readonly (readonly [GroupId | undefined, number])[]): readonly ServedService[] {
  if (!service) return []
  return [{ service, sides: sides.flatMap(([group, weight]) => (group === undefined ? [] : [{ group, weight }])) }]
}

/** The release and service that a group runs, from its id. */
export function groupParts(group: GroupId): { readonly environment: string; readonly service: string; readonly release: ReleaseId } {
  const [environment = '', service = '', release = ''] = group.split('~')
  return { environment, service, release }
}
