// Moves one deployment on: protection, then admission to its environment, then the rollout.

import { streams } from '@pushway/core/event/types.ts'
import { PushwayError } from '@pushway/core/reason/errors.ts'
import type { ReasonText } from '@pushway/core/reason/reasons.ts'
import { reason } from '@pushway/core/reason/reasons.ts'
import { releaseChanges } from '@pushway/core/release/changes.ts'
import type { Release } from '@pushway/core/release/types.ts'
import { decideApproval, supersede } from '@pushway/core/rollout/approval.ts'
import { decideRollout, rolloutActionKey } from '@pushway/core/rollout/decide.ts'
import { planRollout } from '@pushway/core/rollout/plan.ts'
import type { DeploymentState } from '@pushway/core/rollout/state.ts'
import type { DeploymentId, Milliseconds } from '@pushway/core/text/ids.ts'
import { environmentId } from '@pushway/core/text/ids.ts'
import { withConsequences } from '../model/consequences.ts'
import { environmentConfig } from '../model/environment-config.ts'
import { missingEvidence } from '../model/evidence.ts'
import { lookAt } from '../model/observe.ts'
import { missingProof } from '../model/proof.ts'
import { runtimeOf } from '../model/runtime-of.ts'
import type { Folded } from '../model/states.ts'
import type { Workshop } from '../model/workshop.ts'
import type { Append, NewAction } from '../ports/store.ts'

/** While it rolls, it is looked at this often. */
const rollingTickMs: Milliseconds = 250
/** A waiting deployment is looked at this often at least, for what no event tells. */
const waitingTickMs: Milliseconds = 15_000

interface Move {
  readonly appends: readonly Append[]
  /** Why it rests, when nothing is appended. */
  readonly note?: ReasonText
  readonly again?: Milliseconds
}

/** Decides until it rests; gives when to look again, or undefined when it is over. */
export async function driveDeployment(shop: Workshop, id: DeploymentId, signal: AbortSignal): Promise<Milliseconds | undefined> {
  for (;;) {
    const folded = shop.states.deployment(id)
    const { state } = folded
    if (!state.created || state.closed) {
      shop.notes.delete(streams.deployment(id))
      return undefined
    }
    const move = state.rollout ? await moveRollout(shop, folded, signal) : await moveProtection(shop, folded)
    if (move.note) shop.notes.set(streams.deployment(id), move.note)
    if (move.appends.length === 0) return move.again ?? waitingTickMs
    const result = shop.world.store.append(move.appends)
    const onlyActions = move.appends.every((append) => append.events.length === 0)
    if (result.ok && onlyActions) return move.again ?? rollingTickMs
  }
}

async function moveProtection(shop: Workshop, { state, seq }: Folded<DeploymentState>): Promise<Move> {
  const { world, states } = shop
  const { created } = state
  const release = created && states.release(state.requested ?? created.release)
  if (!created || !release) return { appends: [] }
  const now = world.clock.now()
  const live = liveRelease(shop, release)
  const subject = { contentDigest: release.contentDigest, changes: releaseChanges(live, release) }
  const decision = decideApproval(state, subject, now)
  if (decision.events.length > 0) return { appends: withConsequences(states, { state, expected: seq, events: decision.events }, now) }
  if (!state.cleared) {
    const expires = state.approval?.expiresAt
    return { appends: [], note: decision.reason, again: Math.min(waitingTickMs, Math.max(50, (expires ?? now + waitingTickMs) - now)) }
  }
  if (state.requested !== undefined) return admit(shop, { state, seq }, release)
  if (created.job !== undefined) return { appends: [], note: decision.reason }
  return { appends: withConsequences(states, { state, expected: seq, events: [{ type: 'RolloutRequested', release: release.id }] }, now) }
}

function liveRelease(shop: Workshop, release: Release): Release | undefined {
  const live = shop.states.environment(release.project, release.environment).state.live
  return live && shop.states.release(live.release)
}

/** One rollout an environment at a time: this one begins, waits, or gives way to a newer one. */
async function admit(shop: Workshop, { state, seq }: Folded<DeploymentState>, release: Release): Promise<Move> {
  const { world, states } = shop
  const now = world.clock.now()
  const facts = (events: Parameters<typeof withConsequences>[1]['events']): Move => ({
    appends: withConsequences(states, { state, expected: seq, events }, now),
  })
  const newer = newerRequest(shop, state)
  if (newer !== undefined) return facts(supersede(state, newer))
  const environment = states.environment(release.project, release.environment)
  const { holder } = environment.state
  if (holder !== undefined) {
    return state.behind === holder
      ? { appends: [], note: reason('waiting-for-rollout', { deployment: holder }) }
      : facts([{ type: 'RolloutWaiting', behind: holder }])
  }
  const config = await environmentConfig(shop, release, release.environment)
  const proof = state.created?.kind === 'rollback' ? undefined : missingProof(shop, release, config?.promote?.from)
  if (proof) return { appends: [], note: proof, again: 2_000 }
  // Like the proof: what ran here once may always come back.
  const missing = state.created?.kind === 'rollback' ? undefined : await missingEvidence(shop, release, config)
  if (missing?.next === 'wait') return { appends: [], note: missing.reason, again: 500 }
  if (missing) return facts([{ type: 'DeploymentClosed', conclusion: 'failure', reason: missing.reason }])
  const live = environment.state.live
  const previous = live && states.release(live.release)
  const plan = planRollout({
    release,
    ...(live && previous ? { previous: { release: previous, serving: live.groups } } : {}),
    environment: environmentId(release.project, release.environment),
    strategy: strategyFor(state, release, config?.strategy),
    ...(config?.verify && state.created?.kind !== 'rollback' ? { verify: config.verify } : {}),
    sideBySide: runtimeOf(shop, release).capabilities.sideBySide,
  })
  const admitted: Append = {
    stream: streams.environment(release.project, release.environment),
    expected: environment.seq,
    events: [{ type: 'RolloutAdmitted', deployment: state.id }],
  }
  const started = { type: 'RolloutStarted' as const, plan, target: release.id, ...(previous ? { previous: previous.id } : {}) }
  return { appends: [admitted, ...facts([started]).appends] }
}

type Strategy = Parameters<typeof planRollout>[0]['strategy']

const healthOnly = { maxErrorRate: 1, minRequests: 0, noData: 'pass' } as const

/** A way back is taken at once: the whole old release beside the new one, then all traffic. */
function strategyFor(state: DeploymentState, release: Release, configured: Strategy | undefined): Strategy {
  const most = Math.max(1, ...release.services.map(({ replicas }) => replicas))
  const direct: Strategy = {
    kind: 'rolling',
    maxSurge: most,
    maxUnavailable: 0,
    readyWithinMs: configured?.readyWithinMs ?? 60_000,
    watchMs: 0,
    analysis: healthOnly,
  }
  return state.created?.kind === 'rollback' || !configured ? direct : configured
}

/** A deployment of the same environment that asked later and has not begun either. */
function newerRequest(shop: Workshop, state: DeploymentState): DeploymentId | undefined {
  const { created } = state
  if (!created) return undefined
  const others = shop.world.lists.activeDeployments().map((id) => shop.states.deployment(id).state)
  return others.find((other) => {
    const theirs = other.created
    const same = theirs?.project === created.project && theirs.environment === created.environment
    return same && other.id > state.id && other.requested !== undefined && !other.rollout && other.cleared
  })?.id
}

async function moveRollout(shop: Workshop, { state, seq }: Folded<DeploymentState>, signal: AbortSignal): Promise<Move> {
  const { world, states } = shop
  const { created, rollout } = state
  const target = rollout && states.release(rollout.target)
  if (!created || !rollout || !target) return { appends: [] }
  const verified = verifyOutcome(shop, state)
  if (verified) return { appends: withConsequences(states, { state, expected: seq, events: [verified] }, world.clock.now()) }
  const environment = environmentId(created.project, created.environment)
  const look = await lookAt(world, { environment, runtime: runtimeOf(shop, target), since: rollout.weight?.at ?? rollout.startedAt }, signal).catch(engineAway)
  if ('away' in look) return { appends: [], note: look.away, again: rollingTickMs }
  const { observed } = look
  const now = world.clock.now()
  const decision = decideRollout(state, observed, now)
  if (decision.events.length > 0) return { appends: withConsequences(states, { state, expected: seq, events: decision.events }, now) }
  const actions = decision.actions.map(
    (action): NewAction => ({ key: rolloutActionKey(action), kind: action.kind, body: action, again: action.kind !== 'StartVerify' }),
  )
  const asked: Append = { stream: streams.deployment(state.id), expected: seq, events: [], actions }
  return { appends: actions.length > 0 ? [asked] : [], note: decision.reason, again: rollingTickMs }
}

/** For `catch`: an engine that does not answer is waited for, and that is said. */
function engineAway(error: unknown): { readonly away: ReasonText } {
  if (error instanceof PushwayError && error.code === 'engine-unreachable') return { away: reason('waiting-for-engine', { problem: error.message }) }
  throw error
}

/** The verify run has ended and the deployment does not know it yet. */
function verifyOutcome(shop: Workshop, { rollout }: DeploymentState) {
  const verify = rollout?.verify
  if (!verify || verify.ok !== undefined || rollout?.ended) return undefined
  const run = shop.states.run(verify.run).state
  return run.finished ? ({ type: 'VerifyFinished', step: verify.step, ok: run.conclusion === 'success', run: verify.run } as const) : undefined
}
