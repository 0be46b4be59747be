// The event that a local run or plan pretends has happened in the working tree.

import { fail } from '@pushway/core/reason/errors.ts'
import { dispatchPayload, pushPayload } from '@pushway/core/run/contexts.ts'
import type { RunCause } from '@pushway/core/run/types.ts'
import type { WorkingTree } from './working-tree.ts'

const events: readonly RunCause['event'][] = ['push', 'pull_request', 'workflow_dispatch', 'workflow_call', 'deployment_status']

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
  const payload =
    event === 'workflow_dispatch'
      ? dispatchPayload({ project: repository, ref, workflow, inputs, actor })
      : pushPayload({ project: repository, ref, after: sha, actor })
  return { event, ref, sha, actor, payload, inputs }
}
