// Deployments and their statuses, as objects and as payloads.
// Follows https://docs.github.com/rest/deployments and https://docs.github.com/webhooks/webhook-events-and-payloads#deployment

import type { CommitId, EpochMs } from '../text/ids.ts'
import { apiOf, isoTime, nodeId, type Place, type RepositoryFacts, repositoryShape, type Shape, userShape } from './base.ts'

/** GitHub's states of a deployment. */
export const deploymentStates = ['error', 'failure', 'inactive', 'in_progress', 'queued', 'pending', 'success', 'waiting'] as const
export type DeploymentStateName = (typeof deploymentStates)[number]

export interface DeploymentFacts {
  readonly id: number
  readonly sha: CommitId
  /** Short: `main`. */
  readonly ref: string
  readonly environment: string
  readonly task?: string
  readonly payload?: unknown
  readonly description?: string
  readonly by: string
  readonly createdAt: EpochMs
  readonly updatedAt?: EpochMs
  readonly production?: boolean
  readonly transient?: boolean
}

export interface DeploymentStatusFacts {
  readonly id: number
  readonly state: DeploymentStateName
  readonly description?: string
  readonly environmentUrl?: string
  readonly logUrl?: string
  readonly by: string
  readonly at: EpochMs
}

/** A deployment as the REST API and payloads show it. */
export function deploymentShape(place: Place, facts: DeploymentFacts): Shape {
  const url = `${apiOf(place)}/deployments/${facts.id}`
  return {
    url,
    id: facts.id,
    node_id: nodeId('DE', facts.id),
    sha: facts.sha,
    ref: facts.ref,
    task: facts.task ?? 'deploy',
    payload: facts.payload ?? {},
    original_environment: facts.environment,
    environment: facts.environment,
    description: facts.description ?? null,
    creator: userShape(facts.by, place.server),
    created_at: isoTime(facts.createdAt),
    updated_at: isoTime(facts.updatedAt ?? facts.createdAt),
    statuses_url: `${url}/statuses`,
    repository_url: apiOf(place),
    transient_environment: facts.transient ?? false,
    production_environment: facts.production ?? facts.environment === 'production',
  }
}

/** One status of a deployment. */
export function deploymentStatusShape(place: Place, deployment: DeploymentFacts, facts: DeploymentStatusFacts): Shape {
  const url = `${apiOf(place)}/deployments/${deployment.id}`
  return {
    url: `${url}/statuses/${facts.id}`,
    id: facts.id,
    node_id: nodeId('DES', facts.id),
    state: facts.state,
    creator: userShape(facts.by, place.server),
    description: facts.description ?? '',
    environment: deployment.environment,
    target_url: facts.logUrl ?? facts.environmentUrl ?? '',
    created_at: isoTime(facts.at),
    updated_at: isoTime(facts.at),
    deployment_url: url,
    repository_url: apiOf(place),
    environment_url: facts.environmentUrl ?? '',
    log_url: facts.logUrl ?? '',
  }
}

/** The payload of `deployment`, and of `deployment_status` when there is a status. */
export function deploymentPayload(repository: RepositoryFacts, deployment: DeploymentFacts, status?: DeploymentStatusFacts): Shape {
  return {
    action: 'created',
    ...(status ? { deployment_status: deploymentStatusShape(repository, deployment, status) } : {}),
    deployment: deploymentShape(repository, deployment),
    repository: repositoryShape(repository),
    sender: userShape(status?.by ?? deployment.by, repository.server),
  }
}
