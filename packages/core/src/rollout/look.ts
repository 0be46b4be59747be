// Small questions about what is observed, as decisions ask them.

import { judge, sumTraffic } from '../judge/judge.ts'
import type { EpochMs, GroupId, Milliseconds } from '../text/ids.ts'
import type { RolloutState } from './state.ts'
import type { Observed, RolloutAction, ServiceRollout, TrafficCounts, Verdict } from './types.ts'

/** Ready instances of a group; 0 when it does not exist. */
export function readyOf(observed: Observed, group: GroupId | undefined): number {
  return group === undefined ? 0 : (observed.groups[group]?.ready ?? 0)
}

/** Instances of a group, ready or not. */
export function totalOf(observed: Observed, group: GroupId | undefined): number {
  return group === undefined ? 0 : (observed.groups[group]?.total ?? 0)
}

/** The group's newest trouble, in words. */
export function problemOf(observed: Observed, group: GroupId): string {
  return observed.groups[group]?.problem ?? 'its readiness check does not succeed'
}

/** Whether the router gives the service's new side this share. A service without an old side has it as soon as it gets any. */
export function hasWeight(observed: Observed, service: ServiceRollout, percent: number): boolean {
  const share = observed.weights[service.to]
  if (percent === 0) return (share ?? 0) === 0 && (service.from === undefined || (observed.weights[service.from] ?? 0) > 0)
  if (service.from === undefined) return (share ?? 0) > 0
  return share !== undefined && Math.abs(share - percent) < 0.5
}

/** Whether requests for the service's new side get anywhere: a share without instances behind it is none yet. */
export function isReached(observed: Observed, service: ServiceRollout): boolean {
  return observed.reached === undefined || (observed.reached[service.to] ?? 0) > 0
}

/** SetWeights for services whose router share is not the one that was confirmed before: the router was replaced, or somebody changed it. */
export function mendWeights(rollout: RolloutState, observed: Observed): readonly RolloutAction[] {
  return rollout.plan.services.flatMap((service) => {
    const percent = rollout.weights[service.service]
    const known = observed.weights[service.to] !== undefined
    return percent === undefined || !known || hasWeight(observed, service, percent) ? [] : [{ kind: 'SetWeights' as const, percent, service: service.service }]
  })
}

/** How long a batch, or the way back, may take to become ready, in ms. */
export function readyWithin(rollout: RolloutState): Milliseconds {
  return rollout.plan.strategy.readyWithinMs
}

/** The services that are judged: those with traffic on the new side and an old side to go back to. */
function judgedServices(rollout: RolloutState): readonly ServiceRollout[] {
  return rollout.plan.services.filter((service) => service.routed && service.from !== undefined && (rollout.weights[service.service] ?? 0) > 0)
}

function countsOf(observed: Observed, groups: readonly (GroupId | undefined)[]): TrafficCounts | undefined {
  return sumTraffic(groups.flatMap((group) => (group !== undefined && observed.traffic[group] ? [observed.traffic[group]] : [])))
}

/** Requests of the judged services' new and old sides since the present weight was set. */
export function sidesTraffic(rollout: RolloutState, observed: Observed): { readonly fresh?: TrafficCounts; readonly baseline?: TrafficCounts } {
  const services = judgedServices(rollout)
  const fresh = countsOf(
    observed,
    services.map((service) => service.to),
  )
  const baseline = countsOf(
    observed,
    services.map((service) => service.from),
  )
  return { ...(fresh ? { fresh } : {}), ...(baseline ? { baseline } : {}) }
}

/** A verdict that needs no waiting: strong evidence against one of the services, at whatever step. */
export function earlyFailure(rollout: RolloutState, observed: Observed, now: EpochMs): Verdict | undefined {
  // Counts that were read when the weight was set belong to the time before it.
  if (!rollout.weight || now <= rollout.weight.at) return undefined
  const { analysis } = rollout.plan.strategy
  const verdicts = judgedServices(rollout).map((service) =>
    judge({ analysis, fresh: countsOf(observed, [service.to]), baseline: countsOf(observed, [service.from]), elapsedMs: 0, forMs: 1 }),
  )
  return verdicts.find((verdict) => verdict.outcome === 'fail')
}

/** The verdict over all judged services together. */
export function presentVerdict(rollout: RolloutState, observed: Observed, time: { readonly elapsedMs: Milliseconds; readonly forMs: Milliseconds }): Verdict {
  const { fresh, baseline } = sidesTraffic(rollout, observed)
  return judge({ analysis: rollout.plan.strategy.analysis, fresh, baseline, ...time })
}
