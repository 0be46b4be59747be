// The way back of a rollout: the old side ready again, all weight to it, the new groups retired. Never touches kept groups.

import { type ReasonText, reason } from '../reason/reasons.ts'
import type { EpochMs, GroupId } from '../text/ids.ts'
import { hasWeight, readyOf, readyWithin, totalOf } from './look.ts'
import type { RolloutState } from './state.ts'
import type { Observed, RolloutAction, RolloutDecision, ServiceRollout } from './types.ts'

/** Time for effects that were asked for before the way back began to show themselves. */
const settleMs = 1_000

type BackState =
  | { readonly name: 'restoring'; readonly service: ServiceRollout; readonly short: readonly ServiceRollout[] }
  | { readonly name: 'moving-weight' }
  /** The router has confirmed it: routes that are made anew from the events must keep it so. */
  | { readonly name: 'weight-is-back' }
  | { readonly name: 'retiring'; readonly groups: readonly GroupId[] }
  | { readonly name: 'back' }

/** What to do next on the way back, from what is observed alone: it may begin again at any moment. */
export function decideGoingBack(rollout: RolloutState, why: ReasonText, view: { readonly observed: Observed; readonly now: EpochMs }): RolloutDecision {
  const state = nameBackState(rollout, view.observed, view.now)
  switch (state.name) {
    case 'restoring': {
      const { service, fromReplicas, from } = state.service
      const actions = state.short.map((one): RolloutAction => ({ kind: 'EnsureGroup', group: one.from as GroupId, replicas: one.fromReplicas }))
      return { events: [], actions, reason: reason('restoring-old', { service, ready: readyOf(view.observed, from), wanted: fromReplicas }) }
    }
    case 'moving-weight':
      return { events: [], actions: [{ kind: 'SetWeights', percent: 0 }], reason: reason('weight-going-back') }
    case 'weight-is-back':
      return { events: [{ type: 'WeightsSet', percent: 0, at: view.now }], actions: [], reason: reason('weight-going-back') }
    case 'retiring':
      return { events: [], actions: state.groups.map((group): RolloutAction => ({ kind: 'RetireGroup', group })), reason: reason('retiring-new') }
    case 'back': {
      const ended = why.code !== 'aborted-by-user' && oldSides(rollout).length > 0 ? reason('rolled-back', { because: why.sentence }) : why
      const conclusion = why.code === 'aborted-by-user' ? 'cancelled' : 'failure'
      return {
        events: [
          { type: 'RolloutAborted', reason: ended },
          { type: 'DeploymentClosed', conclusion, reason: ended },
        ],
        actions: [],
        reason: ended,
      }
    }
  }
}

function nameBackState(rollout: RolloutState, observed: Observed, now: EpochMs): BackState {
  const freshGroups = rollout.plan.services.map((service) => service.to)
  const settled = now - (rollout.aborting?.at ?? now) >= settleMs
  const retired = settled && freshGroups.every((group) => totalOf(observed, group) === 0)
  const retiring: BackState = { name: 'retiring', groups: freshGroups }
  // Where two groups can't run side by side, the new one makes room first.
  if (!rollout.plan.sideBySide && !retired) return retiring
  // So do the new instances of a service whose instances share a volume.
  const sharing = rollout.plan.services.filter((service) => service.stopFirst && wasShrunk(rollout, service)).map((service) => service.to)
  const room = settled && sharing.every((group) => totalOf(observed, group) === 0)
  if (sharing.length > 0 && !room) return { name: 'retiring', groups: sharing }
  const restore = oldSides(rollout)
  const short = restore.filter((service) => totalOf(observed, service.from) < service.fromReplicas)
  const waiting = restore.find((service) => !isRestored(rollout, service, { observed, now }))
  if (waiting) return { name: 'restoring', service: waiting, short }
  if (restore.some((service) => service.routed && !hasWeight(observed, service, 0))) return { name: 'moving-weight' }
  if (restore.some((service) => (rollout.weights[service.service] ?? 0) > 0)) return { name: 'weight-is-back' }
  if (!retired) return retiring
  const [first] = short
  return first ? { name: 'restoring', service: first, short } : { name: 'back' }
}

function oldSides(rollout: RolloutState): readonly ServiceRollout[] {
  return rollout.plan.services.filter((service) => service.from !== undefined)
}

/**
 * Whether the old side can take the traffic. A side that was made smaller must be whole first; one that never was needs one
 * ready instance. When the new side serves nobody any more, or the time is over, any ready instance is better than none; when
 * neither side has one and the time is over, there is nothing left to wait for.
 */
function isRestored(rollout: RolloutState, service: ServiceRollout, { observed, now }: { readonly observed: Observed; readonly now: EpochMs }): boolean {
  const ready = readyOf(observed, service.from)
  if (service.fromReplicas === 0 || ready >= service.fromReplicas) return true
  const small = wasShrunk(rollout, service) || totalOf(observed, service.from) < service.fromReplicas
  const freshReady = readyOf(observed, service.to)
  const late = now - (rollout.aborting?.at ?? now) >= readyWithin(rollout)
  if (ready > 0) return !small || freshReady === 0 || late
  return late && freshReady === 0
}

function wasShrunk(rollout: RolloutState, service: ServiceRollout): boolean {
  return rollout.plan.steps.slice(0, rollout.step + 1).some((step) => step.kind === 'shrink' && step.service === service.service)
}
