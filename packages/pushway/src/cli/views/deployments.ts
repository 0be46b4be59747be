// Deployments as text: what they change, what they wait for, how far they are, what speaks for them.

import type { ReleaseChange } from '@pushway/core/release/types.ts'
import type { TrafficCounts } from '@pushway/core/rollout/types.ts'
import type { ApprovalView, DeploymentSummary, DeploymentView, ReleaseView, RolloutView } from '@pushway/core/views/types.ts'
import { formatDuration, formatShare, plainLine, shortCommit } from '../format.ts'
import type { Shape } from '../output.ts'
import type { Screen } from '../screen.ts'
import { indent, renderFields } from '../table.ts'
import { paintState } from './projects.ts'

export const deploymentShape: Shape<DeploymentSummary> = {
  name: (deployment) => `deployment/${deployment.id}`,
  none: 'There are no deployments yet.',
  columns: [
    { title: 'DEPLOYMENT', text: (deployment) => deployment.id },
    { title: 'ENVIRONMENT', text: (deployment) => deployment.environment },
    { title: 'KIND', text: (deployment) => deployment.kind },
    { title: 'RELEASE', text: ({ release }) => release && `v${release.number}` },
    { title: 'STATUS', text: deploymentState, state: true },
    { title: 'COMMIT', text: ({ release }) => release && `${shortCommit(release.commit)} ${plainLine(release.message)}`, wide: true },
    { title: 'BY', text: (deployment) => deployment.by },
    { title: 'TOOK', text: tookOf, wide: true },
    { title: 'AGE', text: (deployment, screen) => screen.when(deployment.createdAt) },
    { title: 'WHY', text: (deployment) => deployment.why.sentence },
  ],
}

export function deploymentState(deployment: DeploymentSummary): string {
  return deployment.conclusion ?? deployment.status
}

/** A deployment whole. */
export function describeDeployment(deployment: DeploymentView, screen: Screen): string {
  const { approval, rollout, evidence, changes } = deployment
  return [
    renderFields([
      ['Deployment', deployment.id],
      ['Environment', `${deployment.project} ${deployment.environment}`],
      ['Kind', deployment.kind],
      ['Release', releaseLine(deployment.release)],
      ['Before', releaseLine(deployment.previous)],
      ['Asked by', deployment.job ? `${deployment.by} (job ${deployment.job})` : deployment.by],
      ['Status', paintState(deploymentState(deployment), screen)],
      ['Why', deployment.why.sentence],
      ['Began', screen.when(deployment.createdAt)],
      ['Took', tookOf(deployment)],
    ]),
    section('Changes', changeLines(changes)),
    approval ? section('Approval', approvalLines(approval, screen)) : '',
    rollout ? section(`Rollout (${rollout.strategy})`, rolloutLines(rollout, screen)) : '',
    section(
      'Evidence',
      evidence.map(({ ok, text }) => `${paintState(ok ? 'ok' : 'failed', screen)}  ${plainLine(text)}`),
    ),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

/** A rollout as it goes on, for `-w`: steps, share, both sides' counts. */
export function showProgress(deployment: DeploymentView, screen: Screen): string {
  const head = `${deployment.kind} of ${releaseLine(deployment.release) ?? 'a release'} to ${deployment.environment}: ${paintState(deploymentState(deployment), screen)}`
  const steps = deployment.rollout ? rolloutLines(deployment.rollout, screen) : []
  return [head, ...steps.map((line) => indent(line)), deployment.why.sentence].join('\n')
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}:\n${indent(lines.join('\n'))}`
}

/** `web.image: before → after`, one line each. */
export function changeLines(changes: readonly ReleaseChange[]): readonly string[] {
  return changes.map(({ service, field, before, after }) => plainLine(`${service}.${field}: ${before ?? '(none)'} → ${after ?? '(none)'}`))
}

function approvalLines(approval: ApprovalView, screen: Screen): readonly string[] {
  return [
    `${paintState(approval.state, screen)}: ${approval.given.length} of ${approval.required} given; reviewers: ${approval.reviewers.join(', ') || 'anybody who may change the project'}`,
    ...approval.given.map(({ by, why, at }) => `given by ${by} ${screen.when(at)}${why ? `: ${plainLine(why)}` : ''}`),
    ...(approval.rejected ? [`rejected by ${approval.rejected.by}: ${plainLine(approval.rejected.why)}`] : []),
    ...(approval.void ? [`void: ${approval.void}`] : []),
    `content ${approval.contentDigest}`,
    ...(approval.state === 'open' ? [`expires ${new Date(approval.expiresAt).toISOString()}${approval.mine ? '; you may decide it' : ''}`] : []),
  ]
}

function rolloutLines(rollout: RolloutView, screen: Screen): readonly string[] {
  const steps = rollout.steps.map(
    ({ text, state, why }) => `${paintState(state, screen)}${' '.repeat(8 - state.length)} ${text}${why && state === 'active' ? ` ${why.sentence}` : ''}`,
  )
  const traffic = [
    rollout.fresh && `new release at ${rollout.percent} %: ${counts(rollout.fresh)}`,
    rollout.baseline && `old release: ${counts(rollout.baseline)}`,
  ]
  const verdict = rollout.verdict ? [`verdict: ${rollout.verdict.outcome}. ${rollout.verdict.reason.sentence}`] : []
  return [...steps, ...traffic.flatMap((line) => line ?? []), ...verdict]
}

function counts({ requests, errors, p50Ms, p95Ms }: TrafficCounts): string {
  if (requests === 0) return 'no requests'
  return `${requests} requests, ${errors} failed (${formatShare(errors / requests)}), p50 ${Math.round(p50Ms)} ms, p95 ${Math.round(p95Ms)} ms`
}

export function releaseLine(release: ReleaseView | undefined): string | undefined {
  return release && `v${release.number} (${shortCommit(release.commit)} ${plainLine(release.message)})`
}

function tookOf({ createdAt, finishedAt }: DeploymentSummary): string | undefined {
  return finishedAt === undefined ? undefined : formatDuration(finishedAt - createdAt)
}
