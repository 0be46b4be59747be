// Commands on deployments and environments: approve, reject, pause, resume, abort, rollback, promote.

import { streams } from '@pushway/core/event/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { previousRelease } from '@pushway/core/release/environment.ts'
import { approve, reject } from '@pushway/core/rollout/approval.ts'
import { requestAbort, requestPause, requestResume } from '@pushway/core/rollout/command.ts'
import { type DeploymentState, initialDeployment } from '@pushway/core/rollout/state.ts'
import type { DeploymentEvent } from '@pushway/core/rollout/types.ts'
import type { DeploymentId, ReleaseId } from '@pushway/core/text/ids.ts'
import { withConsequences } from '../model/consequences.ts'
import type { Workshop } from '../model/workshop.ts'
import type { Commands, EnvironmentPlace } from '../ports/service.ts'
import type { Append } from '../ports/store.ts'
import { deploymentSummary } from './views/deployments.ts'

type DeploymentCommands = Pick<Commands, 'approve' | 'reject' | 'pause' | 'resume' | 'abort' | 'rollback'>

/** The commands that concern deployments that are there, and the way back. */
export function createDeploymentCommands(shop: Workshop): DeploymentCommands {
  const { world, states } = shop

  /** Decides on the newest state and writes; a conflict means that it has changed meanwhile: decide again. */
  function change(id: DeploymentId, decide: (state: DeploymentState, now: number) => readonly DeploymentEvent[]): void {
    for (;;) {
      const { state, seq } = states.deployment(id)
      if (!state.created) throw fail('not-found', { what: 'deployment', name: id })
      const now = world.clock.now()
      const events = decide(state, now)
      if (events.length === 0 || world.store.append(withConsequences(states, { state, expected: seq, events }, now)).ok) return
    }
  }

  return {
    approve: (id, { contentDigest, why }, by) =>
      change(id, (state, now) => approve(state, { by, why, ...(contentDigest ? { contentDigest } : {}), ...runActor(shop, state) }, now)),
    reject: (id, why, by) => change(id, (state, now) => reject(state, { by, why }, now)),
    pause: (id, by) => change(id, (state, now) => requestPause(state, by, now)),
    resume: (id, by) => change(id, (state, now) => requestResume(state, by, now)),
    abort: (id, why, by) => change(id, (state) => requestAbort(state, by, why)),
    rollback({ project, environment }, to, by) {
      const release = rollbackTarget(shop, { project, environment }, to)
      const abort = abortUnderWay(shop, { project, environment }, by)
      const id = openDirect(shop, { project, environment, release, by, kind: 'rollback' }, abort)
      return deploymentSummary(shop, id)
    },
  }
}

/** Who started the run that asked for a deployment. */
export function runActor(shop: Workshop, { created }: DeploymentState): { readonly runActor?: string } {
  const actor = created?.run && shop.states.run(created.run).state.cause?.actor
  return actor ? { runActor: actor } : {}
}

/** The release to go back to, by id or number, or the one before the live one. */
function rollbackTarget(shop: Workshop, { project, environment }: EnvironmentPlace, to: string | undefined): ReleaseId {
  const { state } = shop.states.environment(project, environment)
  if (to === undefined) {
    const before = previousRelease(state)
    if (before === undefined) throw fail('nothing-to-roll-back-to', { environment })
    return before
  }
  const number = /^v?(\d+)$/.exec(to)?.[1]
  const id = number === undefined ? to : shop.world.lists.releaseByNumber(project, Number(number))
  if (id === undefined || !state.history.some((record) => record.release === id)) throw fail('not-found', { what: 'release', name: to })
  return id
}

/** A rollout under way is aborted first: the way back waits for it, and takes it from there. */
function abortUnderWay(shop: Workshop, { project, environment }: EnvironmentPlace, by: string): readonly Append[] {
  const { holder } = shop.states.environment(project, environment).state
  const folded = holder === undefined ? undefined : shop.states.deployment(holder)
  const { rollout } = folded?.state ?? {}
  if (!folded || !rollout || rollout.aborting || rollout.ended) return []
  const events = requestAbort(folded.state, by, 'a rollback was asked for')
  return withConsequences(shop.states, { state: folded.state, expected: folded.seq, events }, shop.world.clock.now())
}

export interface DirectDeployment extends EnvironmentPlace {
  readonly release: ReleaseId
  readonly by: string
  readonly kind: 'rollback' | 'promote'
  readonly rule?: Extract<DeploymentEvent, { type: 'DeploymentCreated' }>['rule']
}

/** Opens a deployment that no job asked for. */
export function openDirect(shop: Workshop, { project, environment, release, by, kind, rule }: DirectDeployment, before: readonly Append[]): DeploymentId {
  const id = shop.world.ids.next()
  const created: DeploymentEvent = { type: 'DeploymentCreated', project, environment, release, by, kind, deploys: true, ...(rule ? { rule } : {}) }
  const appends = withConsequences(shop.states, { state: initialDeployment(id), expected: 0, events: [created] }, shop.world.clock.now())
  const result = shop.world.store.append([...before, ...appends])
  if (!result.ok) throw fail('bug', { problem: `a new deployment met a conflict on ${streams.deployment(id)}` })
  return id
}
