// What a run will do, as far as it can be known before it starts: its jobs with their names and environments.

import { type Diagnostic, hasErrors, type Parsed } from '../text/diagnostic.ts'
import { EvaluationError, evaluateText, type Scope } from '../workflow/evaluate.ts'
import type { Job, Template, Workflow } from '../workflow/types.ts'
import { githubContext } from './contexts.ts'
import { checkInputs, inputsContext } from './inputs.ts'
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
  const text = (template: Template | undefined) => template && textOrFinding(template, scope, diagnostics)
  const jobs = workflow.jobs.map((job) => planJob(job, text, diagnostics))
  const runName = text(workflow.runName)?.trim()
  if (hasErrors(diagnostics)) return { diagnostics }
  return { value: { jobs, ...(runName ? { runName } : {}) }, diagnostics }
}

function planJob(job: Job, text: (template: Template | undefined) => string | undefined, diagnostics: Diagnostic[]): PlannedJob {
  const environment = text(job.environment?.name)?.trim()
  if (job.environment && environment && !/^[A-Za-z0-9_][\w.-]{0,99}$/.test(environment)) {
    const message = `"${environment}" can't be the name of an environment: use letters, digits, ".", "_" and "-" (at most 100), starting with a letter, digit or "_".`
    diagnostics.push({ severity: 'error', code: 'environment-name', message, at: job.environment.name.at })
  }
  const { id: key, needs, runsOn } = job
  return { key, name: text(job.name)?.trim() || key, needs, runsOn, ...(environment ? { environment } : {}) }
}

function textOrFinding(template: Template, scope: Scope, diagnostics: Diagnostic[]): string | undefined {
  try {
    return evaluateText(template, scope)
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error
    diagnostics.push(error.diagnostic)
    return undefined
  }
}
