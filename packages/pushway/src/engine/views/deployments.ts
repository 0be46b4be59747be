// Views of deployments and releases, from their streams.

import { streams } from '@pushway/core/event/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { releaseChanges } from '@pushway/core/release/changes.ts'
import type { Release } from '@pushway/core/release/types.ts'
import { describeStep } from '@pushway/core/rollout/describe.ts'
import type { DeploymentState, RolloutState } from '@pushway/core/rollout/state.ts'
import { deploymentReason, deploymentStatus } from '@pushway/core/rollout/state.ts'
import type { Observed, TrafficCounts } from '@pushway/core/rollout/types.ts'
import type { DeploymentId, ReleaseId } from '@pushway/core/text/ids.ts'
import { shortDigest } from '@pushway/core/text/ids.ts'
import type { ApprovalView, DeploymentSummary, DeploymentView, EvidenceView, ReleaseView, RolloutView } from '@pushway/core/views/types.ts'
import type { Workshop } from '../../model/workshop.ts'
import { messageOf } from './messages.ts'
import { runView } from './runs.ts'

/** A release for people; undefined when there is none of that id. */
export function releaseView(shop: Workshop, id: ReleaseId | undefined): ReleaseView | undefined {
  const release = id === undefined ? undefined : shop.states.release(id)
  return release && describeRelease(shop, release)
}

export function describeRelease(shop: Workshop, release: Release): ReleaseView {
  return {
    id: release.id,
    number: release.number,
    commit: release.commit,
    message: messageOf(shop, release.project, release.commit),
    ...(release.run ? { run: release.run } : {}),
    createdAt: release.createdAt,
    contentDigest: release.contentDigest,
    services: release.services.map(({ name, image, replicas }) => ({ name, repository: image.repository, digest: image.digest, replicas })),
  }
}

/** A deployment in one line. @throws PushwayError `not-found` */
export function deploymentSummary(shop: Workshop, id: DeploymentId): DeploymentSummary {
  const { state } = shop.states.deployment(id)
  const { created } = state
  if (!created) throw fail('not-found', { what: 'deployment', name: id })
  const release = releaseView(shop, state.requested ?? created.release)
  return {
    id,
    project: created.project,
    environment: created.environment,
    kind: created.kind,
    ...(release ? { release } : {}),
    by: created.by,
    ...(created.run ? { run: created.run } : {}),
    ...(created.job ? { job: created.job } : {}),
    status: deploymentStatus(state),
    ...(state.closed ? { conclusion: state.closed.conclusion, finishedAt: state.closed.at } : {}),
    why: (state.closed ? undefined : shop.notes.get(streams.deployment(id))) ?? deploymentReason(state),
    createdAt: created.at,
  }
}

/**
 * A deployment whole.
 * @param observed what the environment looks like now, for a rollout under way
 * @param mayDecide whether the viewer may approve or reject it
 */
export function deploymentView(shop: Workshop, id: DeploymentId, now: { readonly observed?: Observed; readonly mayDecide: boolean }): DeploymentView {
  const summary = deploymentSummary(shop, id)
  const { state } = shop.states.deployment(id)
  const previousId = state.rollout?.previous ?? liveBefore(shop, state)
  const previous = releaseView(shop, previousId)
  return {
    ...summary,
    ...(previous ? { previous } : {}),
    changes: state.approval?.changes ?? changesOf(shop, state, previousId),
    ...(state.approval ? { approval: approvalView(state, now.mayDecide) } : {}),
    ...(state.rollout ? { rollout: rolloutView(state.rollout, now.observed) } : {}),
    evidence: evidenceOf(shop, state),
  }
}

/** What it changes where nobody had to approve it; nothing is said of one that never began. */
function changesOf(shop: Workshop, { created, requested, rollout, closed }: DeploymentState, previous: ReleaseId | undefined) {
  const release = shop.states.release(requested ?? created?.release ?? '')
  if (!release || (closed && !rollout)) return []
  return releaseChanges(previous === undefined ? undefined : shop.states.release(previous), release)
}

function liveBefore(shop: Workshop, { created, closed }: DeploymentState): ReleaseId | undefined {
  if (!created || closed) return undefined
  return shop.states.environment(created.project, created.environment).state.live?.release
}

function approvalView(state: DeploymentState, mine: boolean): ApprovalView {
  const { approval, created } = state
  if (!approval) throw fail('bug', { problem: 'an approval view of a deployment without an approval' })
  return {
    contentDigest: approval.contentDigest,
    state: approval.state,
    reviewers: created?.rule?.reviewers ?? [],
    required: created?.rule?.required ?? 1,
    given: approval.given,
    ...(approval.rejected ? { rejected: approval.rejected } : {}),
    ...(approval.voided === undefined ? {} : { void: approval.voided }),
    expiresAt: approval.expiresAt,
    mine: mine && approval.state === 'open' && !state.closed,
  }
}

function rolloutView(rollout: RolloutState, observed: Observed | undefined): RolloutView {
  const { plan } = rollout
  const last = rollout.verdicts.at(-1)?.verdict
  const traffic = observed && sidesOf(rollout, observed)
  const fresh = traffic?.fresh ?? last?.fresh
  const baseline = traffic?.baseline ?? last?.baseline
  return {
    strategy: plan.strategy.kind,
    steps: plan.steps.map((step, index) => ({ text: describeStep(step, plan), ...stepState(rollout, index) })),
    percent: rollout.weight?.percent ?? 0,
    ...(fresh ? { fresh } : {}),
    ...(baseline ? { baseline } : {}),
    ...(last ? { verdict: last } : {}),
    verdicts: rollout.verdicts.map(({ verdict }) => verdict),
    startedAt: rollout.startedAt,
  }
}

function stepState(rollout: RolloutState, index: number): Pick<RolloutView['steps'][number], 'state' | 'why'> {
  const done = rollout.done.find(({ step }) => step === index)
  if (done) return { state: 'done', why: done.reason }
  const over = rollout.aborting !== undefined || rollout.ended !== undefined
  if (over) return { state: 'skipped' }
  return { state: index === rollout.step ? 'active' : 'pending' }
}

/** The counts of both sides, over all services that are being replaced. */
function sidesOf({ plan }: RolloutState, { traffic }: Observed): { readonly fresh?: TrafficCounts; readonly baseline?: TrafficCounts } {
  const first = (groups: readonly (string | undefined)[]) => groups.flatMap((group) => (group !== undefined && traffic[group] ? [traffic[group]] : []))[0]
  const fresh = first(plan.services.map(({ to }) => to))
  const baseline = first(plan.services.map(({ from }) => from))
  return { ...(fresh ? { fresh } : {}), ...(baseline ? { baseline } : {}) }
}

function evidenceOf(shop: Workshop, state: DeploymentState): readonly EvidenceView[] {
  const release = state.created && shop.states.release(state.requested ?? state.created.release)
  const digests = (release?.services ?? []).map(
    ({ name, image }): EvidenceView => ({ kind: 'digest', text: `${name}: ${image.repository}@${shortDigest(image.digest)}, ${image.origin}`, ok: true }),
  )
  return [...digests, ...jobEvidence(shop, state), ...provenEvidence(shop, state, release), ...verdictEvidence(state)]
}

function jobEvidence(shop: Workshop, { created }: DeploymentState): readonly EvidenceView[] {
  if (!created?.run) return []
  const run = runView(shop, created.run)
  return run.jobs
    .filter((job) => job.key !== created.job && job.conclusion !== undefined && job.conclusion !== 'skipped')
    .map((job) => ({ kind: 'job', text: `${job.name}: ${job.conclusion}`, ok: job.conclusion === 'success', href: `/${run.project}/runs/${run.number}` }))
}

/** Environments in which every digest of this release was verified. */
function provenEvidence(shop: Workshop, { created }: DeploymentState, release: Release | undefined): readonly EvidenceView[] {
  if (!created || !release || release.services.length === 0) return []
  const names = new Set(
    shop.world.lists.deployments(created.project, undefined, 50).flatMap((id) => shop.states.deployment(id).state.created?.environment ?? []),
  )
  return [...names].flatMap((name): EvidenceView[] => {
    const { proven } = shop.states.environment(created.project, name).state
    const all = release.services.every(({ image }) => proven.includes(image.digest))
    return all && name !== created.environment
      ? [{ kind: 'verify', text: `verified in ${name}`, ok: true, href: `/${created.project}/environments/${name}` }]
      : []
  })
}

function verdictEvidence({ rollout }: DeploymentState): readonly EvidenceView[] {
  return (rollout?.verdicts ?? []).map(({ verdict }) => ({ kind: 'verdict', text: verdict.reason.sentence, ok: verdict.outcome === 'pass' }))
}
