// Which workflows an event starts: the files at the commit it is about, or at the default branch's.

import type { TriggerEvent } from '@pushway/core/run/trigger.ts'
import type { RunCause } from '@pushway/core/run/types.ts'
import { formatDiagnostic } from '@pushway/core/text/diagnostic.ts'
import type { ProjectName } from '@pushway/core/text/ids.ts'
import type { Trigger } from '@pushway/core/workflow/types.ts'
import { callMistakes } from './called-workflows.ts'
import type { RunRequest } from './start-runs.ts'
import { firstLine } from './start-runs.ts'
import type { Workshop } from './workshop.ts'

export interface EventFacts {
  readonly project: ProjectName
  /** Its `sha` is also where the workflow files are read. */
  readonly cause: RunCause
  /** What filters look at, besides the event's name and ref. */
  readonly trigger?: Omit<Partial<TriggerEvent>, 'event' | 'ref'>
  /** The first line of the commit's message unless told. */
  readonly title?: string
}

/** As GitHub has it: a workflow may start another one that starts another one, and no further. */
export const deepestChain = 3

/** The runs that an event asks for. Files that can't be read are told of at pushes only. */
export async function runsForEvent(
  shop: Workshop,
  facts: EventFacts,
): Promise<{ readonly requests: readonly RunRequest[]; readonly refused: readonly string[] }> {
  const { project, cause } = facts
  const { sources, world } = shop
  const { matchTrigger } = await import('@pushway/core/run/trigger.ts')
  const event: TriggerEvent = { ...facts.trigger, event: cause.event, ref: cause.ref }
  const title = facts.title ?? (firstLine((await world.git.commitInfo(project, cause.sha))?.message) || cause.ref)
  const requests: RunRequest[] = []
  const problems: string[] = []
  for (const file of await sources.workflowFiles(project, cause.sha)) {
    const parsed = await sources.workflow(project, cause.sha, file)
    if (!parsed) continue
    const mistakes = [...parsed.diagnostics, ...(await callMistakes(shop, { project, commit: cause.sha }, parsed))]
    const refused = mistakes.filter((d) => d.severity === 'error').map(formatDiagnostic)
    problems.push(...refused)
    const applies = parsed.value ? matchTrigger(parsed.value, event) : cause.event === 'push'
    if (applies) requests.push({ project, file, cause, title, workflow: parsed.value, refused })
  }
  return { requests, refused: problems }
}

/** Whether any workflow at that commit has the trigger: asked before a payload is made that nobody wants. */
export async function anyTrigger(shop: Workshop, project: ProjectName, at: { readonly commit: string; readonly event: Trigger['event'] }): Promise<boolean> {
  for (const file of await shop.sources.workflowFiles(project, at.commit)) {
    const parsed = await shop.sources.workflow(project, at.commit, file)
    if (parsed?.value?.on.some(({ event }) => event === at.event)) return true
  }
  return false
}
