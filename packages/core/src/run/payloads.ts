// Event payloads in GitHub's shape (`github.event`), for events that begin in Pushway.
// Follows https://docs.github.com/webhooks/webhook-events-and-payloads

import type { CommitId, EpochMs, ProjectName } from '../text/ids.ts'
import { shortRef } from './trigger.ts'

type Payload = Readonly<Record<string, unknown>>

export interface CommitFacts {
  readonly message: string
  readonly author: string
  readonly email: string
  readonly at: EpochMs
}

export interface PushFacts {
  readonly project: ProjectName
  /** Whole: `refs/heads/main`. */
  readonly ref: string
  /** Null or absent: the ref is new. */
  readonly before?: CommitId | null
  /** Null: the ref was deleted. */
  readonly after: CommitId | null
  readonly commit?: CommitFacts
  readonly actor: string
  readonly serverUrl?: string
  readonly changedPaths?: readonly string[]
  readonly forced?: boolean
}

const noCommit = '0'.repeat(40)

/** The payload of a push. Only its last commit is described. */
export function pushPayload(facts: PushFacts): Payload {
  const { project, ref, before, after, commit, actor, serverUrl = '' } = facts
  const head = after && commit ? headCommit(facts, after, commit) : null
  return {
    ref,
    before: before ?? noCommit,
    after: after ?? noCommit,
    created: !before,
    deleted: !after,
    forced: facts.forced ?? false,
    base_ref: null,
    compare: `${serverUrl}/${project}/compare/${(before ?? noCommit).slice(0, 12)}...${(after ?? noCommit).slice(0, 12)}`,
    commits: head ? [head] : [],
    head_commit: head,
    repository: repositoryPayload(project, serverUrl),
    pusher: { name: actor, email: null },
    sender: userPayload(actor, serverUrl),
  }
}

function headCommit({ project, serverUrl = '', changedPaths }: PushFacts, id: CommitId, commit: CommitFacts): Payload {
  const person = { name: commit.author, email: commit.email, username: commit.author }
  return {
    id,
    message: commit.message,
    timestamp: isoTime(commit.at),
    url: `${serverUrl}/${project}/commit/${id}`,
    author: person,
    committer: person,
    distinct: true,
    added: [],
    removed: [],
    modified: changedPaths ?? [],
  }
}

/** The payload of `workflow_dispatch`. `workflow` is the file's path. */
export function dispatchPayload(facts: {
  project: ProjectName
  ref: string
  workflow: string
  inputs: Readonly<Record<string, string>>
  actor: string
  serverUrl?: string
}): Payload {
  const { project, ref, workflow, inputs, actor, serverUrl = '' } = facts
  return { inputs, ref, workflow, repository: repositoryPayload(project, serverUrl), sender: userPayload(actor, serverUrl) }
}

/** The payload of `deployment_status`, sent when a new release answers and is to be checked. */
export function deploymentPayload(facts: {
  project: ProjectName
  environment: string
  sha: CommitId
  ref: string
  url: string
  actor: string
  id: string
  state?: 'in_progress' | 'success' | 'failure'
  serverUrl?: string
}): Payload {
  const { project, environment, sha, ref, url, actor, id, state = 'success', serverUrl = '' } = facts
  return {
    action: 'created',
    deployment_status: { state, environment, environment_url: url, target_url: url, log_url: `${serverUrl}/${project}/deployments/${id}`, description: '' },
    deployment: {
      id,
      sha,
      ref: shortRef(ref),
      task: 'deploy',
      environment,
      original_environment: environment,
      creator: userPayload(actor, serverUrl),
      payload: {},
    },
    repository: repositoryPayload(project, serverUrl),
    sender: userPayload(actor, serverUrl),
  }
}

function repositoryPayload(project: ProjectName, serverUrl: string): Payload {
  const [owner = '', name = ''] = project.split('/')
  return {
    name,
    full_name: project,
    owner: { ...userPayload(owner, serverUrl), name: owner },
    html_url: `${serverUrl}/${project}`,
    url: `${serverUrl}/${project}`,
    clone_url: `${serverUrl}/${project}.git`,
    default_branch: 'main',
  }
}

function userPayload(login: string, serverUrl: string): Payload {
  return { login, type: 'User', html_url: `${serverUrl}/${login}` }
}

/** `2026-01-31T12:00:00Z`, UTC. */
function isoTime(at: EpochMs): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
}
