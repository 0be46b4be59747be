// A rollout in words and numbers, for views: one sentence per step, its state, the traffic of both sides.

import { reason } from '../reason/reasons.ts'
import type { RolloutView } from '../views/types.ts'
import { sidesTraffic } from './look.ts'
import type { RolloutState } from './state.ts'
import type { Observed, RolloutPlan, RolloutStep } from './types.ts'

/** One sentence for one step of a plan. */
export function describeStep(step: RolloutStep, plan: RolloutPlan): string {
  switch (step.kind) {
    case 'grow': {
      const wanted = plan.services.find((service) => service.service === step.service)?.replicas ?? step.replicas
      return `Start ${count(step.replicas, 'new instance', wanted)} of ${step.service} and wait until they are ready.`
    }
    case 'prepare':
      return `Fetch the image of ${step.service}: ${sharing(step.service, plan)}, so the old ones stop before the new ones start, and requests wait.`
    case 'shrink':
      return step.replicas === 0 ? `Stop the old instances of ${step.service}.` : `Stop old instances of ${step.service} until ${step.replicas} are left.`
    case 'weight':
      return `Give ${step.percent} % of the traffic${step.service === undefined ? '' : ` of ${step.service}`} to the new release.`
    case 'analyse':
      return `Watch errors and latency at ${step.percent} % for ${Math.round(step.forMs / 1000)} seconds.`
    case 'verify':
      return `Run the end-to-end check ${step.workflow} against the new release.`
    case 'retire':
      return retireText(plan)
  }
}

/** The sentences of a whole plan; one when there is nothing to do. */
export function describePlan(plan: RolloutPlan): readonly string[] {
  const steps = plan.steps.map((step) => describeStep(step, plan))
  const kept = plan.kept.length > 0 ? [`Leave ${plan.kept.map((one) => one.service).join(', ')} as they are: nothing changed.`] : []
  return steps.length === 0 && kept.length === 0 ? [reason('nothing-to-do').sentence] : [...kept, ...steps]
}

/** A rollout for views: its steps with their states, the share of traffic, both sides' counts when they are observed. */
export function describeRollout(rollout: RolloutState, observed?: Observed): RolloutView {
  const verdicts = rollout.verdicts.map((one) => one.verdict)
  const verdict = verdicts.at(-1)
  const back = rollout.aborting !== undefined
  return {
    strategy: rollout.plan.strategy.kind,
    steps: rollout.plan.steps.map((step, index) => stepView(rollout, describeStep(step, rollout.plan), index)),
    percent: back && observed ? presentPercent(rollout, observed) : (rollout.weight?.percent ?? 0),
    ...(observed ? sidesTraffic(rollout, observed) : {}),
    ...(verdict ? { verdict } : {}),
    verdicts,
    startedAt: rollout.startedAt,
  }
}

function stepView(rollout: RolloutState, text: string, index: number): RolloutView['steps'][number] {
  const done = rollout.done.find((one) => one.step === index)
  if (done) return { text, state: 'done', why: done.reason }
  const back = rollout.aborting ?? rollout.ended
  if (back) return index === rollout.step ? { text, state: 'skipped', why: back.reason } : { text, state: 'skipped' }
  return { text, state: index === rollout.step ? 'active' : 'pending' }
}

function presentPercent(rollout: RolloutState, observed: Observed): number {
  const shares = rollout.plan.services.flatMap((service) => (service.from === undefined ? [] : [observed.weights[service.to] ?? 0]))
  return Math.max(0, ...shares)
}

function retireText(plan: RolloutPlan): string {
  const removed = plan.removed.map((one) => one.service)
  const old = plan.services.some((service) => service.from !== undefined)
  if (removed.length === 0) return 'Stop the old release.'
  const leaving = `stop ${removed.join(', ')}, which the new release does not have`
  return old ? `Stop the old release, and ${leaving}.` : `${leaving.charAt(0).toUpperCase()}${leaving.slice(1)}.`
}

function sharing(service: string, plan: RolloutPlan): string {
  return plan.services.find((one) => one.service === service)?.stopFirst ? 'its instances share a volume' : 'the runtime runs one release at a time'
}

function count(number: number, what: string, of: number): string {
  return `${number}${number === of ? '' : ` of ${of}`} ${what}${number === 1 ? '' : 's'}`
}
