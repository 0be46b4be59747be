// What a run will do, as far as it can be known before it starts: its jobs with their names and environments.

import { type Diagnostic, hasErrors, type Parsed } from '../text/diagnostic.ts'
import { evaluateText, prepareContexts, type Scope } from '../workflow/evaluate.ts'
import type { CalledFile } from '../workflow/link.ts'
import type { Template, Workflow } from '../workflow/types.ts'
import { claimTerms } from './concurrency.ts'
import { type GithubFacts, githubContext } from './contexts.ts'
import { checkInputs, inputsContext } from './inputs.ts'
import { raisedPermissions } from './permissions.ts'
import { attempt, planJob } from './plan-job.ts'
import type { RunCause, RunPlan } from './types.ts'

export interface PlanOptions {
  readonly vars: Readonly<Record<string, string>>
  /** `owner/name`. */
  readonly repository: string
  /** The files of other repositories that the workflow's calls were linked with. */
  readonly files?: readonly CalledFile[]
  /** The run itself, where it is known: names of groups may hold its number. */
  readonly run?: GithubFacts['run']
}

/** The plan of a run, or every reason why there is none: wrong inputs, names that can't be evaluated or are not allowed. */
export function planRun(workflow: Workflow, cause: RunCause, options: PlanOptions): Parsed<RunPlan> {
  const diagnostics: Diagnostic[] = [...checkInputs(workflow, cause), ...raisedPermissions(workflow)]
  const scope = planScope(workflow, cause, options)
  prepareContexts(scope.contexts)
  const jobs = workflow.jobs.map((job) => planJob(job, scope, diagnostics))
  const { concurrency } = workflow
  const claim = concurrency && attempt(() => claimTerms(concurrency, scope), diagnostics)
  const runName = workflow.runName && attempt(() => evaluateText(workflow.runName as Template, scope), diagnostics)?.trim()
  if (hasErrors(diagnostics)) return { diagnostics }
  const files = options.files?.length ? { files: options.files } : {}
  return { value: { jobs, ...(claim ? { concurrency: claim } : {}), ...(runName ? { runName } : {}), ...files }, diagnostics }
}

/** What is known before a run starts: the github, vars and inputs contexts. */
export function planScope(workflow: Workflow, cause: RunCause, { repository, vars, run }: PlanOptions): Scope {
  const github = githubContext({ project: repository, cause, workflow, ...(run ? { run } : {}) })
  return { contexts: { github, vars, inputs: inputsContext(workflow, cause) }, status: 'success' }
}
