// What a deployment's creation and its statuses start. Deployments are Pushway's own, or records that others keep through the API.

import { type DeploymentFacts, type DeploymentStateName, type DeploymentStatusFacts, deploymentPayload } from '@pushway/core/github/deployment.ts'
import { shortRef } from '@pushway/core/run/trigger.ts'
import type { RunCause } from '@pushway/core/run/types.ts'
import type { ProjectName } from '@pushway/core/text/ids.ts'
import type { Append } from '../ports/store.ts'
import type { Announcement, DeploymentActivity } from './announce.ts'
import { environmentConfig, environmentUrl } from './environment-config.ts'
import { anyTrigger, deepestChain, runsForEvent } from './event-runs.ts'
import { repositoryFacts } from './repository-facts.ts'
import { workflowFolder } from './sources.ts'
import { startAll } from './start-runs.ts'
import type { Workshop } from './workshop.ts'

const states: Readonly<Record<DeploymentActivity, DeploymentStateName | undefined>> = {
  created: undefined,
  in_progress: 'in_progress',
  success: 'success',
  failure: 'failure',
  inactive: 'inactive',
}

export interface ToldDeployment {
  readonly project: ProjectName
  readonly deployment: DeploymentFacts
  readonly status?: DeploymentStatusFacts
  readonly actor: string
  /** Of the run that made it. */
  readonly depth?: number
  /** Files that are started for it by other means: the environment's own check. */
  readonly without?: readonly string[]
  /** Whole, where it is known. */
  readonly ref?: string
}

/** The runs of `deployment` (without a status) or `deployment_status`. */
export async function startDeploymentRuns(shop: Workshop, told: ToldDeployment): Promise<readonly Append[]> {
  const { project, deployment, status, actor, depth = 0, without = [] } = told
  const event = status ? 'deployment_status' : 'deployment'
  if (depth >= deepestChain || !(await anyTrigger(shop, project, { commit: deployment.sha, event }))) return []
  const payload = deploymentPayload(await repositoryFacts(shop, project), deployment, status)
  const ref = told.ref ?? `refs/heads/${deployment.ref}`
  const cause: RunCause = { event, ref, sha: deployment.sha, actor, payload, depth: depth + 1 }
  const title = `${deployment.environment}: ${status ? status.state : 'created'}`
  const { requests } = await runsForEvent(shop, { project, cause, title })
  return (
    await startAll(
      shop,
      requests.filter(({ file }) => !without.includes(file)),
    )
  ).appends
}

/** The runs that one of Pushway's own deployments starts by getting somewhere. A run that a deployment started starts no further ones by deploying. */
export async function runsForDeployment(
  shop: Workshop,
  { deployment: id, activity }: Extract<Announcement, { kind: 'deployment' }>,
): Promise<readonly Append[]> {
  const { created } = shop.states.deployment(id).state
  const release = created?.release === undefined ? undefined : shop.states.release(created.release)
  const run = created?.run === undefined ? undefined : shop.states.run(created.run).state
  const sha = release?.commit ?? run?.cause?.sha
  if (!created || sha === undefined) return []
  if (run?.cause?.event === 'deployment' || run?.cause?.event === 'deployment_status') return []
  const { project, environment, by } = created
  const ref = run?.cause?.ref ?? (await shop.world.git.defaultBranch(project))
  const deployment: DeploymentFacts = {
    id: shop.world.lists.deploymentSerial(id) ?? 0,
    sha,
    ref: shortRef(ref),
    environment,
    by,
    createdAt: created.at,
    description: created.kind === 'deploy' ? '' : created.kind,
  }
  const state = states[activity]
  const config = await environmentConfig(shop, { project, commit: sha }, environment).catch(() => undefined)
  const without = config?.verify ? [`${workflowFolder}/${config.verify.workflow}`] : []
  const base = { project, deployment, actor: by, depth: run?.cause?.depth ?? 0, without, ref }
  if (state === undefined) return startDeploymentRuns(shop, base)
  const environmentUrlNow = release ? await environmentUrl(shop, release).catch(() => '') : (config?.url ?? '')
  const logUrl = `${shop.world.server.url}/deployments/${id}`
  const status = { id: deployment.id, state, environmentUrl: environmentUrlNow, logUrl, by, at: shop.world.clock.now() }
  return startDeploymentRuns(shop, { ...base, status })
}
