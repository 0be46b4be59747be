// What a run will do, as far as it can be known before it starts: its jobs with their names and environments.

import { type Diagnostic, hasErrors, type Parsed } from '../text/diagnostic.ts'
import { EvaluationError, evaluateText, evaluateValue, prepareContexts, type Scope } from '../workflow/evaluate.ts'
import type { Job, Template, Workflow } from '../workflow/types.ts'
import { claimTerms } from './concurrency.ts'
import { githubContext } from './contexts.ts'
import { checkInputs, inputsContext } from './inputs.ts'
import { environmentProblem, isKnownEarly, layOutLater } from './lay-out.ts'
import type { PlannedJob, RunCause, RunPlan } from './types.ts'

export interface PlanOptions {
  readonly vars: Readonly<Record<string, string>>
  /** `owner/name`. */
  readonly repository: string
}

/** The plan of a run, or every reason why there is none: wrong inputs, names that can't be evaluated or are not allowed. */
export function planRun(workflow: Workflow, cause: RunCause, options: PlanOptions): Parsed<RunPlan> {
  const diagnostics: Diagnostic[] = [...checkInputs(workflow, cause)]
  const github = githubContext({ project: options.repository, cause, workflow })
  const scope: Scope = { contexts: { github, vars: options.vars, inputs: inputsContext(workflow, cause) }, status: 'success' }
  prepareContexts(scope.contexts)
  const jobs = workflow.jobs.map((job) => planJob(job, scope, diagnostics))
  const { concurrency } = workflow
  const claim = concurrency && attempt(() => claimTerms(concurrency, scope), diagnostics)
  const runName = workflow.runName && attempt(() => evaluateText(workflow.runName as Template, scope), diagnostics)?.trim()
  if (hasErrors(diagnostics)) return { diagnostics }
  return { value: { jobs, ...(claim ? { concurrency: claim } : {}), ...(runName ? { runName } : {}) }, diagnostics }
}

/** What waits for other jobs stays as it is written until these have ended. */
function planJob(job: Job, scope: Scope, diagnostics: Diagnostic[]): PlannedJob {
  const text = (template: Template | undefined) => template && attempt(() => evaluateText(template, scope), diagnostics)
  const { id: key, needs } = job
  const environment = job.environment && isKnownEarly(job.environment.name) ? text(job.environment.name)?.trim() : job.environment?.name.value
  const problem = job.environment && environment && isKnownEarly(job.environment.name) ? environmentProblem(environment) : undefined
  if (job.environment && problem) diagnostics.push({ severity: 'error', code: 'environment-name', message: problem, at: job.environment.name.at })
  const later = attempt(() => layOutLater(job, scope), diagnostics)
  if (later?.problem) diagnostics.push({ severity: 'error', code: 'matrix-invalid', message: later.problem, at: job.strategy?.at ?? job.at })
  const layOut = later?.layOut
  const name = job.name && isKnownEarly(job.name) ? text(job.name)?.trim() : undefined
  const runsOn = layOut ? job.runsOn : job.runsOn.flatMap((label) => labelsOf({ value: label, at: job.at }, scope, diagnostics))
  return { key, name: name || key, needs, runsOn, ...(environment ? { environment } : {}), ...(layOut ? { layOut } : {}) }
}

function labelsOf(label: Template, scope: Scope, diagnostics: Diagnostic[]): readonly string[] {
  const value = attempt(() => evaluateValue(label, scope), diagnostics)
  const labels = Array.isArray(value) ? value.map(String) : [String(value ?? '')]
  if (labels.every((text) => text.trim() !== '')) return labels
  diagnostics.push({ severity: 'error', code: 'runs-on-empty', message: `\`runs-on: ${label.value}\` gives no label. Name a runner.`, at: label.at })
  return []
}

function attempt<T>(work: () => T, diagnostics: Diagnostic[]): T | undefined {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error
    diagnostics.push(error.diagnostic)
    return undefined
  }
}
