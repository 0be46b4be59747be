// The payloads of what people and clocks start: workflow_dispatch, repository_dispatch, schedule.
// Follows https://docs.github.com/webhooks/webhook-events-and-payloads

import { type RepositoryFacts, repositoryShape, type Shape, userShape } from './base.ts'

/** The payload of `workflow_dispatch`; `workflow` is the file's path, `ref` whole. */
export function workflowDispatchPayload(
  facts: RepositoryFacts & { readonly ref: string; readonly workflow: string; readonly inputs: Readonly<Record<string, string>>; readonly actor: string },
): Shape {
  const { ref, workflow, inputs, actor, server } = facts
  return { inputs, ref, workflow, repository: repositoryShape(facts), sender: userShape(actor, server) }
}

/** The payload of `repository_dispatch`; its action is the type that was sent. */
export function repositoryDispatchPayload(facts: RepositoryFacts & { readonly type: string; readonly clientPayload: Shape; readonly actor: string }): Shape {
  const { type, clientPayload, actor, server, defaultBranch } = facts
  return { action: type, branch: defaultBranch, client_payload: clientPayload, repository: repositoryShape(facts), sender: userShape(actor, server) }
}

/** The payload of `schedule`; `cron` is the entry as the file has it. */
export function schedulePayload(facts: RepositoryFacts & { readonly cron: string; readonly workflow: string; readonly actor: string }): Shape {
  const { cron, workflow, actor, server } = facts
  return { schedule: cron, workflow, repository: repositoryShape(facts), sender: userShape(actor, server) }
}
