// One step of a plan: is it over, and if not, what is to be done for it.

import { type ReasonText, reason } from '../reason/reasons.ts'
import type { EpochMs } from '../text/ids.ts'
import { hasWeight, isReached, presentVerdict, problemOf, readyOf, readyWithin, totalOf } from './look.ts'
import { liveGroups } from './plan.ts'
import { type RolloutState, stepElapsed } from './state.ts'
import type { Observed, RolloutAction, RolloutStep, ServiceRollout, Verdict } from './types.ts'

export type StepState =
  /** `mend`: weights that were confirmed before are set again when the router lost them. */
  | { readonly name: 'step-open'; readonly actions: readonly RolloutAction[]; readonly reason: ReasonText; readonly mend: boolean }
  | { readonly name: 'step-over'; readonly reason: ReasonText; readonly verdict?: Verdict }
  | { readonly name: 'unsafe'; readonly reason: ReasonText; readonly verdict?: Verdict }

interface View {
  readonly observed: Observed
  readonly now: EpochMs
}

/** A group that is empty but still listed counts as gone after this time. */
const emptyMs = 2_000
/** A look that shows none of the groups that serve is not believed for this long. */
const blindMs = 15_000

/** The state of the rollout's present step. */
export function nameStepState(rollout: RolloutState, step: RolloutStep, view: View): StepState {
  switch (step.kind) {
    case 'grow':
      return nameGrow(rollout, step, view)
    case 'prepare':
      return namePrepare(rollout, step, view)
    case 'shrink':
      return nameShrink(rollout, step, view)
    case 'weight':
      return nameWeight(rollout, step, view)
    case 'analyse':
      return nameAnalyse(rollout, step, view)
    case 'verify':
      return nameVerify(rollout, step)
    case 'retire':
      return nameRetire(rollout, view)
  }
}

function open(why: ReasonText, actions: readonly RolloutAction[] = []): StepState {
  return { name: 'step-open', actions, reason: why, mend: true }
}

function over(why: ReasonText): StepState {
  return { name: 'step-over', reason: why }
}

function nameGrow(rollout: RolloutState, step: Extract<RolloutStep, { kind: 'grow' }>, { observed, now }: View): StepState {
  const { to } = serviceOf(rollout, step.service)
  const { service, replicas } = step
  const ready = readyOf(observed, to)
  if (ready >= replicas) return over(reason('grown-ready', { service, replicas }))
  const late = notReadyInTime(rollout, step.service, { observed, now })
  if (late) return late
  if (totalOf(observed, to) >= replicas) return open(reason('waiting-for-ready', { service, ready, wanted: replicas }))
  return open(reason('growing-new', { service, replicas }), [{ kind: 'EnsureGroup', group: to, replicas }])
}

/** The group without instances: whatever it lacks is said before anything stops. */
function namePrepare(rollout: RolloutState, step: Extract<RolloutStep, { kind: 'prepare' }>, { observed }: View): StepState {
  const { service } = step
  const { to } = serviceOf(rollout, service)
  if (observed.groups[to] !== undefined) return over(reason('prepared-new', { service }))
  return open(reason('preparing-new', { service }), [{ kind: 'EnsureGroup', group: to, replicas: 0 }])
}

/** Old instances go only while enough ready ones stay, counting that the runtime may take ready ones first. */
function nameShrink(rollout: RolloutState, step: Extract<RolloutStep, { kind: 'shrink' }>, { observed, now }: View): StepState {
  const one = serviceOf(rollout, step.service)
  const total = totalOf(observed, one.from)
  if (one.from === undefined || total <= step.replicas) return over(reason('shrunk-old', { service: step.service, replicas: step.replicas }))
  const oldReady = readyOf(observed, one.from)
  const freshReady = readyOf(observed, one.to)
  const after = freshReady + Math.max(0, oldReady - (total - step.replicas))
  const losesNone = oldReady === 0
  if (losesNone || after >= mustStayReady(rollout, one)) {
    return open(reason('draining-old', { service: step.service }), [{ kind: 'ScaleGroup', group: one.from, replicas: step.replicas }])
  }
  const late = notReadyInTime(rollout, step.service, { observed, now })
  return late ?? open(reason('waiting-for-ready', { service: step.service, ready: freshReady + oldReady, wanted: mustStayReady(rollout, one) }))
}

/** How many ready instances of both sides a rollout leaves at least. */
function mustStayReady({ plan }: RolloutState, service: ServiceRollout): number {
  if (!plan.sideBySide || service.stopFirst) return 0
  const unavailable = plan.strategy.kind === 'rolling' ? plan.strategy.maxUnavailable : 0
  return Math.max(0, Math.min(service.replicas, service.fromReplicas) - unavailable)
}

function nameWeight(rollout: RolloutState, step: Extract<RolloutStep, { kind: 'weight' }>, { observed, now }: View): StepState {
  const { percent } = step
  // A share for all is for those that have two sides; a service that is new got its own when it started.
  const services = rollout.plan.services.filter(
    (one) => one.routed && (step.service === undefined ? one.from !== undefined && !one.stopFirst : one.service === step.service),
  )
  const notReady = services.find((one) => readyOf(observed, one.to) === 0)
  if (notReady) {
    const late = notReadyInTime(rollout, notReady.service, { observed, now })
    return late ?? open(reason('waiting-for-ready', { service: notReady.service, ready: 0, wanted: notReady.replicas }))
  }
  if (services.every((one) => hasWeight(observed, one, percent) && isReached(observed, one))) return over(reason('weight-set', { percent }))
  const action: RolloutAction = { kind: 'SetWeights', percent, ...(step.service === undefined ? {} : { service: step.service }) }
  return { name: 'step-open', actions: [action], reason: reason('setting-weight', { percent }), mend: false }
}

function nameAnalyse(rollout: RolloutState, step: Extract<RolloutStep, { kind: 'analyse' }>, { observed, now }: View): StepState {
  const { percent, forMs } = step
  const elapsedMs = stepElapsed(rollout, now)
  const leftMs = forMs - elapsedMs
  if (leftMs > 0) return open(reason('analysing', { percent, leftMs }))
  const verdict = presentVerdict(rollout, observed, { elapsedMs, forMs })
  switch (verdict.outcome) {
    case 'pass':
      return { name: 'step-over', reason: verdict.reason, verdict }
    case 'fail':
      return { name: 'unsafe', reason: verdict.reason, verdict }
    case 'wait':
      return open(verdict.reason)
  }
}

function nameVerify(rollout: RolloutState, step: Extract<RolloutStep, { kind: 'verify' }>): StepState {
  const { workflow } = step
  const { verify } = rollout
  if (verify?.step !== rollout.step) return open(reason('verifying', { workflow }), [{ kind: 'StartVerify', step: rollout.step, workflow }])
  return verify.ok === true ? over(reason('verify-passed', { workflow })) : open(reason('verifying', { workflow }))
}

/** The old groups go when all weight is off them, and only while the new ones are seen: an empty look proves nothing. */
function nameRetire(rollout: RolloutState, { observed, now }: View): StepState {
  const { plan } = rollout
  const groups = [...plan.services.flatMap((one) => (one.from === undefined ? [] : [one.from])), ...plan.removed.map((one) => one.group)]
  const unseen = plan.services.filter((one) => one.replicas > 0 && observed.groups[one.to] === undefined)
  const unconfirmed = plan.services.some((one) => one.routed && !hasWeight(observed, one, 100))
  if (unconfirmed) {
    return { name: 'step-open', actions: [{ kind: 'SetWeights', percent: 100 }], reason: reason('setting-weight', { percent: 100 }), mend: false }
  }
  const settled = stepElapsed(rollout, now) >= emptyMs
  const left = groups.filter((group) => observed.groups[group] !== undefined && !(settled && totalOf(observed, group) === 0))
  const looked = liveGroups(plan).some((group) => observed.groups[group] !== undefined) || stepElapsed(rollout, now) >= blindMs
  if (!looked) {
    return open(
      reason('retiring-old'),
      groups.map((group) => ({ kind: 'RetireGroup', group })),
    )
  }
  if (left.length === 0 && unseen.length === 0) return over(reason('old-is-gone'))
  const again = unseen.map((one): RolloutAction => ({ kind: 'EnsureGroup', group: one.to, replicas: one.replicas }))
  return open(reason('retiring-old'), again.length > 0 ? again : left.map((group) => ({ kind: 'RetireGroup', group })))
}

function notReadyInTime(rollout: RolloutState, service: string, { observed, now }: View): StepState | undefined {
  const allowed = readyWithin(rollout)
  if (stepElapsed(rollout, now) < allowed) return undefined
  const problem = problemOf(observed, serviceOf(rollout, service).to)
  return { name: 'unsafe', reason: reason('not-ready-in-time', { service, seconds: Math.round(allowed / 1000), problem }) }
}

function serviceOf(rollout: RolloutState, name: string): ServiceRollout {
  const service = rollout.plan.services.find((one) => one.service === name)
  if (!service) throw new Error(`the plan has a step for ${name} and no such service`)
  return service
}
