// Views of projects: each push's way from commit to production.

import type { ReceivedPush } from '@pushway/core/project/state.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { reason } from '@pushway/core/reason/reasons.ts'
import type { DeploymentId, ProjectName, RunId } from '@pushway/core/text/ids.ts'
import { shortDigest } from '@pushway/core/text/ids.ts'
import type { DeploymentSummary, LaneView, ProjectView, RunSummary, StationView } from '@pushway/core/views/types.ts'
import type { Workshop } from '../../model/workshop.ts'
import { deploymentSummary } from './deployments.ts'
import { environmentSummary } from './environments.ts'
import { imagesOf, runSummary } from './runs.ts'

/** A project with its newest `lanes` ways. @throws PushwayError `not-found` */
export function projectView(shop: Workshop, name: ProjectName, lanes: number): ProjectView {
  const { state, seq } = shop.states.project(name)
  if (seq === 0) throw fail('not-found', { what: 'project', name })
  const pushes = state.pushes.filter((push) => push.after !== null && push.runs.length + push.problems.length > 0)
  return {
    name,
    createdAt: state.createdAt,
    cloneUrl: `${shop.world.server.url}/${name}.git`,
    environments: environmentNames(shop, name).map((environment) => environmentSummary(shop, { project: name, name: environment })),
    lanes: pushes
      .slice(-lanes)
      .toReversed()
      .map((push) => laneView(shop, name, push)),
  }
}

/** The environments that were ever deployed to or asked for, staging-like ones first: in the order of their first use. */
export function environmentNames(shop: Workshop, project: ProjectName): readonly string[] {
  const ids = shop.world.lists.deployments(project, undefined, 500).toReversed()
  return [...new Set(ids.flatMap((id) => shop.states.deployment(id).state.created?.environment ?? []))]
}

function laneView(shop: Workshop, project: ProjectName, push: ReceivedPush): LaneView {
  const runs = push.runs.map((id) => runSummary(shop, id))
  return {
    commit: push.after ?? '',
    ref: push.ref,
    message: push.message,
    by: push.by,
    at: push.at,
    stations: [
      {
        kind: 'commit',
        name: (push.after ?? '').slice(0, 7),
        state: push.problems.length > 0 && runs.length === 0 ? 'failed' : 'done',
        startedAt: push.at,
        ...problemOf(push),
      },
      ...runs.map((run) => runStation(run)),
      ...imageStations(shop, project, push.runs),
      ...environmentStations(shop, [...push.runs.flatMap((run) => shop.world.lists.deploymentsOfRun(run)), ...promotionsOf(shop, project, push)]),
    ],
  }
}

function problemOf({ problems }: ReceivedPush): { why?: ReturnType<typeof reason> } {
  return problems.length > 0 ? { why: reason('failed', { problem: problems.join('\n') }) } : {}
}

function runStation(run: RunSummary): StationView {
  const ended = run.conclusion === 'success' ? 'done' : run.conclusion === 'skipped' ? 'skipped' : 'failed'
  const state = run.status === 'finished' ? ended : run.status === 'waiting' ? 'waiting' : run.status === 'running' ? 'active' : 'pending'
  const duration = run.finishedAt === undefined ? {} : { durationMs: run.finishedAt - run.createdAt }
  return { kind: 'run', name: run.workflowName, state, startedAt: run.createdAt, ...duration, href: `/${run.project}/runs/${run.number}` }
}

function imageStations(shop: Workshop, project: ProjectName, runs: readonly RunId[]): readonly StationView[] {
  return imagesOf(shop, project)
    .filter((image) => image.run !== undefined && runs.includes(image.run))
    .map((image) => ({ kind: 'image', name: shortDigest(image.digest), state: 'done', startedAt: image.at, href: `/${project}/images` }))
}

/** Where the commit was promoted to: no run of its own asked for that. */
function promotionsOf(shop: Workshop, project: ProjectName, { after }: ReceivedPush): readonly DeploymentId[] {
  return shop.world.lists.deployments(project, undefined, 100).filter((id) => {
    const { created } = shop.states.deployment(id).state
    return created?.kind === 'promote' && shop.states.release(created.release)?.commit === after
  })
}

function environmentStations(shop: Workshop, ids: readonly DeploymentId[]): readonly StationView[] {
  const deployments = ids.map((id) => deploymentSummary(shop, id))
  return deployments.map((deployment) => ({
    kind: 'environment',
    name: deployment.environment,
    state: deploymentStation(deployment),
    why: deployment.why,
    startedAt: deployment.createdAt,
    ...(deployment.finishedAt === undefined ? {} : { durationMs: deployment.finishedAt - deployment.createdAt }),
    href: `/deployments/${deployment.id}`,
  }))
}

function deploymentStation({ status, conclusion }: DeploymentSummary): StationView['state'] {
  switch (status) {
    case 'done':
      return conclusion === 'success' ? 'done' : conclusion === 'cancelled' ? 'skipped' : 'failed'
    case 'waiting':
    case 'waiting-for-approval':
    case 'paused':
      return 'waiting'
    case 'rolling':
    case 'aborting':
      return 'active'
  }
}
