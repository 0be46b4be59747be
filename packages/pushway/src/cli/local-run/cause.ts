// The event that a local run or plan pretends has happened in the working tree.

import { examplePayload } from '@pushway/core/github/example.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { RunCause } from '@pushway/core/run/types.ts'
import type { WorkingTree } from './working-tree.ts'

const events: readonly RunCause['event'][] = [
  'push',
  'pull_request',
  'pull_request_target',
  'workflow_dispatch',
  'workflow_call',
  'workflow_run',
  'schedule',
  'repository_dispatch',
  'release',
  'create',
  'delete',
  'deployment',
  'deployment_status',
]

interface Asked {
  readonly event: string
  readonly workflow?: string
  readonly inputs: Readonly<Record<string, string>>
}

/** @throws PushwayError `usage` when there is no such event */
export function makeCause({ event: name, workflow = '', inputs }: Asked, tree: WorkingTree): RunCause {
  const event = events.find((one) => one === name)
  if (event === undefined) throw fail('usage', { problem: `"${name}" is not an event that starts workflows here.`, hint: `Use one of ${events.join(', ')}.` })
  const { ref, sha, actor, repository } = tree
  const facts = { project: repository, server: '', defaultBranch: 'main', createdAt: 0 }
  const payload = examplePayload({ ...facts, event, ref, sha, actor, workflow, inputs, now: Date.now() })
  return { event, ref: event === 'pull_request' ? 'refs/pull/1/merge' : ref, sha, actor, payload, inputs }
}
