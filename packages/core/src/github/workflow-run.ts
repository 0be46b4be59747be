// Runs, jobs and workflows as GitHub's REST API and the payload of `workflow_run` show them.
// Follows https://docs.github.com/rest/actions/workflow-runs

import type { CommitId, EpochMs } from '../text/ids.ts'
import { apiOf, isoTime, minimalRepositoryShape, nodeId, numberOf, type Place, type RepositoryFacts, repositoryShape, type Shape, userShape } from './base.ts'

export interface WorkflowFacts {
  readonly name: string
  /** `.github/workflows/ci.yml`. */
  readonly path: string
  readonly createdAt?: EpochMs
}

export interface RunFacts {
  /** The run's number in the whole installation: GitHub's `run_id`. */
  readonly id: number
  readonly number: number
  readonly attempt: number
  readonly title: string
  readonly event: string
  readonly workflow: WorkflowFacts
  /** Short; null for what belongs to no branch. */
  readonly branch: string | null
  readonly sha: CommitId
  readonly status: 'queued' | 'in_progress' | 'completed' | 'waiting'
  readonly conclusion: string | null
  readonly actor: string
  readonly triggeringActor: string
  readonly createdAt: EpochMs
  readonly updatedAt: EpochMs
  readonly commit?: { readonly tree: string; readonly message: string; readonly author: string; readonly email: string; readonly at: EpochMs }
  readonly pulls?: readonly { readonly number: number; readonly head: PullSide; readonly base: PullSide }[]
}

interface PullSide {
  readonly ref: string
  readonly sha: CommitId
}

/** A workflow. */
export function workflowShape(place: Place, workflow: WorkflowFacts): Shape {
  const id = numberOf(workflow.path)
  const file = workflow.path.split('/').at(-1) ?? ''
  const at = isoTime(workflow.createdAt ?? 0)
  return {
    id,
    node_id: nodeId('W', id),
    name: workflow.name,
    path: workflow.path,
    state: 'active',
    created_at: at,
    updated_at: at,
    url: `${apiOf(place)}/actions/workflows/${id}`,
    html_url: `${place.server}/${place.project}/runs`,
    badge_url: `${place.server}/${place.project}/workflows/${file}/badge.svg`,
  }
}

/** A run. */
export function runShape(place: Place, run: RunFacts): Shape {
  const { project, server } = place
  const api = apiOf(place)
  const url = `${api}/actions/runs/${run.id}`
  const workflow = numberOf(run.workflow.path)
  return {
    id: run.id,
    name: run.workflow.name,
    node_id: nodeId('WFR', run.id),
    check_suite_id: run.id,
    check_suite_node_id: nodeId('CS', run.id),
    head_branch: run.branch,
    head_sha: run.sha,
    path: run.workflow.path,
    run_number: run.number,
    run_attempt: run.attempt,
    display_title: run.title,
    event: run.event,
    status: run.status,
    conclusion: run.conclusion,
    workflow_id: workflow,
    url,
    html_url: `${server}/${project}/runs/${run.number}`,
    pull_requests: (run.pulls ?? []).map((pull) => runPullShape(place, pull)),
    created_at: isoTime(run.createdAt),
    updated_at: isoTime(run.updatedAt),
    run_started_at: isoTime(run.createdAt),
    actor: userShape(run.actor, server),
    triggering_actor: userShape(run.triggeringActor, server),
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: `${api}/check-suites/${run.id}`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    previous_attempt_url: run.attempt > 1 ? `${url}/attempts/${run.attempt - 1}` : null,
    workflow_url: `${api}/actions/workflows/${workflow}`,
    head_commit: headCommitShape(run),
    repository: minimalRepositoryShape(place),
    head_repository: minimalRepositoryShape(place),
    referenced_workflows: [],
  }
}

function headCommitShape({ sha, commit, createdAt }: RunFacts): Shape {
  const person = { name: commit?.author ?? '', email: commit?.email ?? '' }
  return {
    id: sha,
    tree_id: commit?.tree ?? '',
    message: commit?.message ?? '',
    timestamp: isoTime(commit?.at ?? createdAt),
    author: person,
    committer: person,
  }
}

function runPullShape(place: Place, { number, head, base }: NonNullable<RunFacts['pulls']>[number]): Shape {
  const repo = { id: numberOf(place.project), url: apiOf(place), name: place.project.split('/')[1] ?? '' }
  return {
    url: `${apiOf(place)}/pulls/${number}`,
    id: numberOf(`${place.project}#${number}`),
    number,
    head: { ...head, repo },
    base: { ...base, repo },
  }
}

/** The payload of `workflow_run`. */
export function workflowRunPayload(repository: RepositoryFacts, run: RunFacts, action: string): Shape {
  return {
    action,
    workflow_run: runShape(repository, run),
    workflow: workflowShape(repository, run.workflow),
    repository: repositoryShape(repository),
    sender: userShape(run.triggeringActor, repository.server),
  }
}

export interface JobFacts {
  readonly id: number
  readonly name: string
  readonly status: 'queued' | 'in_progress' | 'completed' | 'waiting'
  readonly conclusion: string | null
  readonly startedAt?: EpochMs
  readonly finishedAt?: EpochMs
  readonly labels: readonly string[]
  readonly steps: readonly {
    readonly name: string
    readonly status: 'queued' | 'in_progress' | 'completed'
    readonly conclusion: string | null
    readonly number: number
    readonly startedAt?: EpochMs
    readonly finishedAt?: EpochMs
  }[]
}

/** One job of a run. */
export function jobShape(place: Place, run: RunFacts, job: JobFacts): Shape {
  const url = `${apiOf(place)}/actions/jobs/${job.id}`
  const time = (at: EpochMs | undefined) => (at === undefined ? null : isoTime(at))
  return {
    id: job.id,
    run_id: run.id,
    workflow_name: run.workflow.name,
    head_branch: run.branch,
    run_url: `${apiOf(place)}/actions/runs/${run.id}`,
    run_attempt: run.attempt,
    node_id: nodeId('CR', job.id),
    head_sha: run.sha,
    url,
    html_url: `${place.server}/${place.project}/runs/${run.number}`,
    status: job.status,
    conclusion: job.conclusion,
    created_at: isoTime(run.createdAt),
    started_at: time(job.startedAt),
    completed_at: time(job.finishedAt),
    name: job.name,
    steps: job.steps.map(({ startedAt, finishedAt, ...step }) => ({ ...step, started_at: time(startedAt), completed_at: time(finishedAt) })),
    check_run_url: `${apiOf(place)}/check-runs/${job.id}`,
    labels: job.labels,
    runner_id: 1,
    runner_name: 'pushway',
    runner_group_id: 1,
    runner_group_name: 'Default',
  }
}
