// The decision of a rollout: name the state from (events, observed, now), then map it to events, actions and the reason.

import { type ReasonText, reason } from '../reason/reasons.ts'
import type { EpochMs } from '../text/ids.ts'
import { decideGoingBack } from './going-back.ts'
import { mendWeights } from './look.ts'
import { checkSafety } from './safety.ts'
import { type DeploymentState, deploymentReason, evolveDeployment, presentStep, type RolloutState } from './state.ts'
import { nameStepState, type StepState } from './step.ts'
import type { DeploymentEvent, Observed, RolloutAction, RolloutDecision, Verdict } from './types.ts'

/**
 * What a rollout wants done next. Pure and total: everything derives from the events in `state` and from `observed`, so it
 * may be asked at any time, by any process, and asked again gives the same. Actions are idempotent and are given again until
 * `observed` shows them done. Several facts may become true at once: `events` are in order, `actions` follow from all of them.
 *
 * The end brings its `DeploymentClosed` with it: `success`; `failure` when it went back by itself; `cancelled` when somebody
 * aborted it. Actions asked for before `RolloutAborting` are void: a queue should drop those that have not begun.
 *
 * @param now ms since the epoch; the only clock
 */
export function decideRollout(state: DeploymentState, observed: Observed, now: EpochMs): RolloutDecision {
  const events: DeploymentEvent[] = []
  let current = state
  // Each round ends a step, remembers a fact or ends the rollout; the bound only guards against a mistake of ours.
  const rounds = 4 * (state.rollout?.plan.steps.length ?? 0) + 20
  for (let round = 0; round < rounds; round++) {
    const decision = decideOnce(current, observed, now)
    if (decision.events.length === 0) return { ...decision, events }
    events.push(...decision.events)
    current = decision.events.reduce((before, event) => evolveDeployment(before, event, now), current)
  }
  return { events, actions: [], reason: deploymentReason(current) }
}

/** Either facts, or actions: never both, because new facts change what is to be done. */
function decideOnce(state: DeploymentState, observed: Observed, now: EpochMs): RolloutDecision {
  const { rollout } = state
  if (!rollout || rollout.ended || state.closed) return { events: [], actions: [], reason: deploymentReason(state) }
  if (rollout.aborting) return decideGoingBack(rollout, rollout.aborting.reason, { observed, now })
  return mapState(rollout, nameState(rollout, observed, now), { observed, now })
}

type ForwardState =
  | { readonly name: 'unsafe'; readonly reason: ReasonText; readonly verdict?: Verdict }
  | { readonly name: 'new-fact'; readonly event: DeploymentEvent }
  | { readonly name: 'doubtful'; readonly actions: readonly RolloutAction[]; readonly reason: ReasonText }
  | { readonly name: 'paused'; readonly by: string }
  | { readonly name: 'finished' }
  | StepState

function nameState(rollout: RolloutState, observed: Observed, now: EpochMs): ForwardState {
  const safety = checkSafety(rollout, observed, now)
  switch (safety.name) {
    case 'unsafe':
      return safety
    case 'lost-now':
      return { name: 'new-fact', event: { type: 'NewSideLost', service: safety.service, at: now } }
    case 'back-now':
      return { name: 'new-fact', event: { type: 'NewSideBack', service: safety.service } }
    case 'doubtful': {
      const { service, to, replicas } = safety.service
      const again: readonly RolloutAction[] = safety.missing && !rollout.paused ? [{ kind: 'EnsureGroup', group: to, replicas: grownTo(rollout, service) }] : []
      return { name: 'doubtful', actions: again, reason: reason('waiting-for-ready', { service, ready: 0, wanted: replicas }) }
    }
    case 'safe': {
      if (rollout.paused) return { name: 'paused', by: rollout.paused.by }
      const step = presentStep(rollout)
      return step ? nameStepState(rollout, step, { observed, now }) : { name: 'finished' }
    }
  }
}

function mapState(rollout: RolloutState, state: ForwardState, { observed, now }: { readonly observed: Observed; readonly now: EpochMs }): RolloutDecision {
  const facts = (events: readonly DeploymentEvent[], why: ReasonText): RolloutDecision => ({ events, actions: [], reason: why })
  switch (state.name) {
    case 'unsafe': {
      const verdict = state.verdict ? [{ type: 'VerdictReached', step: rollout.step, verdict: state.verdict } as const] : []
      return facts([...verdict, { type: 'RolloutAborting', reason: state.reason }], state.reason)
    }
    case 'new-fact':
      return facts([state.event], reason('waiting-to-begin'))
    case 'doubtful':
      return { events: [], actions: state.actions, reason: state.reason }
    case 'paused':
      return { events: [], actions: [], reason: reason('paused', { by: state.by }) }
    case 'step-open':
      return { events: [], actions: [...mendWeights(rollout, observed).filter(() => state.mend), ...state.actions], reason: state.reason }
    case 'step-over':
      return facts([...stepFacts(rollout, state, now), { type: 'StepCompleted', step: rollout.step, reason: state.reason }], state.reason)
    case 'finished': {
      const ended = rollout.plan.steps.length === 0 ? reason('nothing-to-do') : reason('rollout-complete')
      return facts([{ type: 'RolloutCompleted' }, { type: 'DeploymentClosed', conclusion: 'success', reason: ended }], ended)
    }
  }
}

/** What a step's end leaves behind besides its completion. */
function stepFacts(rollout: RolloutState, state: Extract<StepState, { name: 'step-over' }>, now: EpochMs): readonly DeploymentEvent[] {
  const step = presentStep(rollout)
  if (state.verdict) return [{ type: 'VerdictReached', step: rollout.step, verdict: state.verdict }]
  if (step?.kind !== 'weight') return []
  // Who performs SetWeights may have recorded it: its time is the better one.
  const scope = rollout.plan.services.filter((one) => one.routed && (step.service === undefined ? one.from !== undefined : one.service === step.service))
  if (rollout.weight && scope.every((one) => rollout.weights[one.service] === step.percent)) return []
  return [{ type: 'WeightsSet', percent: step.percent, at: now, ...(step.service === undefined ? {} : { service: step.service }) }]
}

/** How many instances of the service's new side the steps so far have asked for. */
function grownTo(rollout: RolloutState, service: string): number {
  const sizes = rollout.plan.steps.slice(0, rollout.step + 1).flatMap((step) => (step.kind === 'grow' && step.service === service ? [step.replicas] : []))
  return Math.max(0, ...sizes)
}

/** One key per effect: a queue that holds one pending action a key asks for each effect once. */
export function rolloutActionKey(action: RolloutAction): string {
  switch (action.kind) {
    case 'EnsureGroup':
    case 'ScaleGroup':
      return `${action.kind} ${action.group} ${action.replicas}`
    case 'SetWeights':
      return `${action.kind} ${action.service ?? '*'} ${action.percent}`
    case 'StartVerify':
      return `${action.kind} ${action.step}`
    case 'RetireGroup':
      return `${action.kind} ${action.group}`
  }
}
