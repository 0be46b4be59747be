// From a moved ref to runs: which workflows apply, what they plan, and the facts that start them.

import { streams } from '@pushway/core/event/types.ts'
import { fail, refuse } from '@pushway/core/reason/errors.ts'
import { skipWord } from '@pushway/core/run/skip.ts'
import type { RunCause, RunEvent } from '@pushway/core/run/types.ts'
import type { Diagnostic } from '@pushway/core/text/diagnostic.ts'
import { formatDiagnostic, hasErrors } from '@pushway/core/text/diagnostic.ts'
import type { CommitId, ProjectName, RunId } from '@pushway/core/text/ids.ts'
import type { Workflow } from '@pushway/core/workflow/types.ts'
import type { RefUpdate } from '../ports/service.ts'
import type { Append } from '../ports/store.ts'
import { linkWorkflow } from './called-workflows.ts'
import { configuredApp } from './configured-app.ts'
import type { Workshop } from './workshop.ts'

export interface StartedRuns {
  readonly runs: readonly RunId[]
  /** The facts that start them; to be written at once, in one transaction. */
  readonly appends: readonly Append[]
  /** Sentences for who pushed: refused files, or that nothing applies. */
  readonly problems: readonly string[]
}

/** The runs that a push asks for, not written yet. Every workflow file is looked at, also when another one is refused. */
export async function startRunsForPush(
  shop: Workshop,
  push: { project: ProjectName; update: RefUpdate & { after: CommitId }; by: string },
): Promise<StartedRuns> {
  const { project, update, by } = push
  const { world, sources } = shop
  const files = await sources.workflowFiles(project, update.after)
  if (files.length === 0) return { runs: [], appends: [], problems: ['No workflow: the repository has no file in .github/workflows/.'] }
  const commit = await world.git.commitInfo(project, update.after)
  const skip = skipWord(commit?.message ?? '')
  if (skip !== undefined) return { runs: [], appends: [], problems: [`The commit message says ${skip}: no workflow was started.`] }
  const [{ matchTrigger }, { pushPayload }] = await Promise.all([import('@pushway/core/run/trigger.ts'), import('@pushway/core/run/contexts.ts')])
  const changedPaths = await world.git.changedPaths(project, update.before, update.after)
  const payload = pushPayload({
    project,
    ref: update.ref,
    before: update.before,
    after: update.after,
    commit,
    actor: by,
    serverUrl: world.server.url,
    changedPaths,
  })
  const cause: RunCause = { event: 'push', ref: update.ref, sha: update.after, actor: by, payload }
  const title = firstLine(commit?.message) || update.ref
  const problems = await configProblems(shop, project, update.after)
  const requests: RunRequest[] = []
  for (const file of files) {
    const parsed = await sources.workflow(project, update.after, file)
    const refused = parsed?.diagnostics.filter((d) => d.severity === 'error').map(formatDiagnostic) ?? []
    problems.push(...refused)
    if (parsed?.value && !matchTrigger(parsed.value, { event: 'push', ref: update.ref, changedPaths })) continue
    if (parsed) requests.push({ project, file, cause, title, workflow: parsed.value, refused })
  }
  if (requests.length === 0 && problems.length === 0) problems.push(`No workflow applies to a push to ${update.ref}.`)
  const prepared = await Promise.all(requests.map((request) => planned(shop, request)))
  const made = prepared.map((make, index) => make(index))
  return { runs: made.map(({ id }) => id), appends: made.map(({ append }) => append), problems: [...problems, ...made.flatMap((run) => run.problems)] }
}

/** What is wrong with pushway.yml and the files it names, if anything: said at the push, not when they are needed. */
async function configProblems(shop: Workshop, project: ProjectName, commit: CommitId): Promise<string[]> {
  const { value, diagnostics } = await shop.sources.config(project, commit)
  const deploying = value?.environments.filter(({ files }) => files.length > 0) ?? []
  const apps = await Promise.all(deploying.map((environment) => configuredApp(shop, { project, commit, environment })))
  return [...new Set([...diagnostics.map(formatDiagnostic), ...apps.flatMap((app) => findings(app.diagnostics))])]
}

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

interface PreparedRun {
  readonly id: RunId
  readonly append: Append
  /** What was found wrong with its calls and its plan. */
  readonly problems: readonly string[]
}

/** The facts of one new run; to be appended at once, because its number is taken now. */
export async function prepareRun(shop: Workshop, request: RunRequest): Promise<PreparedRun> {
  return (await planned(shop, request))(0)
}

/** A planned run that lacks only its number: `index` counts the new runs of one transaction. */
async function planned(shop: Workshop, request: RunRequest): Promise<(index: number) => PreparedRun> {
  const { world } = shop
  const { project, file, cause, title, workflow } = request
  const { planRun } = await import('@pushway/core/run/plan.ts')
  const linked = workflow && (await linkWorkflow(shop, { project, commit: cause.sha }, workflow))
  const vars = world.settings.variables({ project, environment: undefined })
  const plan = linked?.value && planRun(linked.value, cause, { vars, repository: project, files: linked.files })
  const found = findings([...(linked?.diagnostics ?? []), ...(plan?.diagnostics ?? [])])
  const problems = [...request.refused, ...found]
  const outcome: RunEvent = plan?.value && problems.length === 0 ? { type: 'RunPlanned', plan: plan.value } : { type: 'RunRefused', problems }
  const from = cause.verifies ? streams.deployment(cause.verifies) : streams.project(project)
  return (index) => {
    const id = world.ids.next()
    const number = world.lists.nextRunNumber(project) + index
    const requested: RunEvent = { type: 'RunRequested', project, number, workflowFile: file, workflowName: workflow?.name ?? file, title, cause }
    return { id, append: { stream: streams.run(id), expected: 0, events: [requested, outcome], cause: from }, problems: found }
  }
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
