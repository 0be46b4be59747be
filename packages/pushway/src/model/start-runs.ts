// From events to runs: what workflows plan, and the facts that start them.

import { streams } from '@pushway/core/event/types.ts'
import { fail, refuse } from '@pushway/core/reason/errors.ts'
import type { RunCause, RunEvent } from '@pushway/core/run/types.ts'
import type { Diagnostic } from '@pushway/core/text/diagnostic.ts'
import { formatDiagnostic, hasErrors } from '@pushway/core/text/diagnostic.ts'
import type { CommitId, ProjectName, RunId } from '@pushway/core/text/ids.ts'
import type { Workflow } from '@pushway/core/workflow/types.ts'
import type { Append } from '../ports/store.ts'
import { announceRun } from './announce.ts'
import { linkWorkflow } from './called-workflows.ts'
import type { Workshop } from './workshop.ts'

export interface StartedRuns {
  readonly runs: readonly RunId[]
  /** The facts that start them; to be written at once, in one transaction. */
  readonly appends: readonly Append[]
  /** Sentences for who pushed: refused files, or that nothing applies. */
  readonly problems: readonly string[]
}

export const noRuns: StartedRuns = { runs: [], appends: [], problems: [] }

export interface RunRequest {
  readonly project: ProjectName
  readonly file: string
  readonly cause: RunCause
  readonly title: string
  readonly workflow: Workflow | undefined
  readonly refused: readonly string[]
}

/** Starts one run. */
export async function requestRun(shop: Workshop, request: RunRequest): Promise<RunId> {
  const { id, append } = await prepareRun(shop, request)
  shop.world.store.append([append])
  return id
}

/** The facts of several new runs, in the order they were asked for. */
export async function startAll(shop: Workshop, requests: readonly RunRequest[], problems: readonly string[] = []): Promise<StartedRuns> {
  const made: PreparedRun[] = []
  for (const request of requests) made.push(await prepareRun(shop, request))
  return { runs: made.map(({ id }) => id), appends: made.map(({ append }) => append), problems: [...problems, ...made.flatMap((run) => run.problems)] }
}

interface PreparedRun {
  readonly id: RunId
  readonly append: Append
  /** What was found wrong with its calls and its plan. */
  readonly problems: readonly string[]
}

/** The facts of one new run. */
export async function prepareRun(shop: Workshop, request: RunRequest): Promise<PreparedRun> {
  const { world } = shop
  const { project, file, cause, title, workflow } = request
  const { planRun } = await import('@pushway/core/run/plan.ts')
  const id = world.ids.next()
  const number = world.lists.takeRunNumber(project)
  const serial = world.lists.takeRunSerial()
  const linked = workflow && (await linkWorkflow(shop, { project, commit: cause.sha }, workflow))
  const vars = world.settings.variables({ project, environment: undefined })
  const plan = linked?.value && planRun(linked.value, cause, { vars, repository: project, files: linked.files, run: { id, number, serial, attempt: 1 } })
  const found = findings([...(linked?.diagnostics ?? []), ...(plan?.diagnostics ?? [])])
  const problems = [...request.refused, ...found]
  const outcome: RunEvent = plan?.value && problems.length === 0 ? { type: 'RunPlanned', plan: plan.value } : { type: 'RunRefused', problems }
  const requested: RunEvent = { type: 'RunRequested', project, number, serial, workflowFile: file, workflowName: workflow?.name ?? file, title, cause }
  const actions = [announceRun(id, 'requested', 1)]
  return { id, append: { stream: streams.run(id), expected: 0, events: [requested, outcome], actions, cause: originOf(project, cause) }, problems: found }
}

/** The stream of what led to the run. */
function originOf(project: ProjectName, { verifies, pull }: RunCause): string {
  if (verifies) return streams.deployment(verifies)
  return pull === undefined ? streams.project(project) : streams.pull(project, pull)
}

function findings(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.filter((d) => d.severity === 'error').map(formatDiagnostic)
}

/** A workflow by file name, path or name, at a commit; refused files throw. */
export async function findWorkflow(shop: Workshop, at: { project: ProjectName; commit: CommitId }, wanted: string): Promise<Workflow> {
  const files = await shop.sources.workflowFiles(at.project, at.commit)
  const file = files.find((path) => path === wanted || path.endsWith(`/${wanted}`))
  const parsed = file && (await shop.sources.workflow(at.project, at.commit, file))
  if (!file || !parsed) throw fail('not-found', { what: 'workflow', name: wanted })
  if (!parsed.value || hasErrors(parsed.diagnostics)) throw refuse('workflow-invalid', file, parsed.diagnostics)
  return parsed.value
}

export function firstLine(text: string | undefined): string {
  return text?.split('\n', 1)[0]?.trim() ?? ''
}
