// The payload of an event that has not happened: for runs in a working tree, where nobody pushed, opened or released anything.

import type { CommitId, EpochMs } from '../text/ids.ts'
import type { Trigger } from '../workflow/types.ts'
import type { RepositoryFacts, Shape } from './base.ts'
import { deploymentPayload } from './deployment.ts'
import { repositoryDispatchPayload, schedulePayload, workflowDispatchPayload } from './dispatch.ts'
import { pullRequestPayload } from './pull.ts'
import { pushPayload, refPayload } from './push.ts'
import { releasePayload } from './release.ts'
import { workflowRunPayload } from './workflow-run.ts'

export interface ExampleFacts extends RepositoryFacts {
  readonly event: Trigger['event']
  /** Whole. */
  readonly ref: string
  readonly sha: CommitId
  readonly actor: string
  /** The workflow's file. */
  readonly workflow: string
  readonly inputs: Readonly<Record<string, string>>
  readonly now: EpochMs
}

/** What `github.event` is, with the usual activity: a pull request is opened, a release published, a run completed. */
export function examplePayload(facts: ExampleFacts): Shape {
  const { ref, sha, actor, workflow, inputs, now } = facts
  const branch = ref.replace(/^refs\/(heads|tags)\//, '')
  const deployment = { id: 1, sha, ref: branch, environment: 'local', by: actor, createdAt: now }
  switch (facts.event) {
    case 'push':
      return pushPayload({ ...facts, after: sha, commits: [] })
    case 'create':
    case 'delete':
      return refPayload({ ...facts, deleted: facts.event === 'delete' })
    case 'pull_request':
    case 'pull_request_target':
      return pullRequestPayload(facts, examplePull(facts, branch), { action: 'opened', actor })
    case 'workflow_dispatch':
    case 'workflow_call':
      return workflowDispatchPayload({ ...facts, inputs })
    case 'repository_dispatch':
      return repositoryDispatchPayload({ ...facts, type: 'local', clientPayload: {} })
    case 'schedule':
      return schedulePayload({ ...facts, cron: '0 0 * * *' })
    case 'release': {
      const release = { id: 1, tag: branch, target: facts.defaultBranch, name: branch, body: '', draft: false, prerelease: false, by: actor, createdAt: now }
      return releasePayload(facts, { ...release, publishedAt: now }, { action: 'published', actor })
    }
    case 'deployment':
      return deploymentPayload(facts, deployment)
    case 'deployment_status':
      return deploymentPayload(facts, deployment, { id: 1, state: 'success', by: actor, at: now })
    case 'workflow_run':
      return workflowRunPayload(facts, exampleRun(facts, { branch, workflow }), 'completed')
  }
}

function examplePull({ sha, actor, now, defaultBranch }: ExampleFacts, branch: string) {
  return {
    number: 1,
    title: branch,
    body: '',
    state: 'open' as const,
    draft: false,
    head: { ref: branch, sha },
    base: { ref: defaultBranch, sha },
    by: actor,
    labels: [],
    comments: 0,
    createdAt: now,
    updatedAt: now,
  }
}

function exampleRun({ sha, actor, now }: ExampleFacts, { branch, workflow }: { branch: string; workflow: string }) {
  return {
    id: 1,
    number: 1,
    attempt: 1,
    title: workflow,
    event: 'push',
    workflow: { name: workflow, path: workflow },
    branch,
    sha,
    status: 'completed' as const,
    conclusion: 'success',
    actor,
    triggeringActor: actor,
    createdAt: now,
    updatedAt: now,
  }
}
