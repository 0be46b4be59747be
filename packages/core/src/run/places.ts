// Where a planned job stands: its definition, the workflow that defines it, and the calls that lead there.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/reusable-workflows

import { evaluateText } from '../workflow/evaluate.ts'
import type { CalledWorkflow, Job, Workflow } from '../workflow/types.ts'
import { plannedJob } from './graph.ts'
import { mayAskIdToken, tokenPermissions } from './permissions.ts'
import type { JobContexts, PlannedJob, RunPlan, TokenPermissions } from './types.ts'

export interface Place {
  readonly planned: PlannedJob
  readonly job: Job
  /** The file that defines the job. */
  readonly workflow: Workflow
  /** Absent for jobs of the run's own workflow. */
  readonly caller?: Place
  readonly called?: CalledWorkflow
}

/**
 * Where the job or call of that key stands.
 *
 * @param root the run's workflow, its calls linked
 */
export function placeOf(plan: RunPlan | undefined, root: Workflow, key: string): Place | undefined {
  const planned = plannedJob(plan, key)
  if (!planned) return undefined
  const caller = planned.caller === undefined ? undefined : placeOf(plan, root, planned.caller)
  if (planned.caller !== undefined && !caller) return undefined
  const called = caller?.job.call?.called
  const workflow = caller ? called?.workflow : root
  const job = workflow?.jobs.find(({ id }) => id === (planned.id ?? planned.key))
  return workflow && job && { planned, job, workflow, ...(caller ? { caller } : {}), ...(called ? { called } : {}) }
}

/** What the job's token may do: a called workflow can only lower it. */
export function permissionsAt({ caller, workflow, job }: Place): TokenPermissions {
  return tokenPermissions(workflow.permissions, job.permissions, caller && permissionsAt(caller))
}

/** Whether the job may ask for an identity token: every call on the way must allow it. */
export function idTokenAt({ caller, workflow, job }: Place): boolean {
  const isSaid = job.permissions !== undefined || workflow.permissions !== undefined
  if (caller && !idTokenAt(caller)) return false
  return isSaid || !caller ? mayAskIdToken(workflow.permissions, job.permissions) : true
}

/**
 * The secrets that a job of a called workflow sees: those that each call on the way hands on, and GITHUB_TOKEN.
 *
 * @param all what the run's own jobs see
 * @param contexts of the job that calls. Throws EvaluationError.
 */
export function secretsAt(
  { caller }: Place,
  all: Readonly<Record<string, string>>,
  contexts: (key: string) => Omit<JobContexts, 'secrets'>,
): Readonly<Record<string, string>> {
  if (!caller) return all
  const above = secretsAt(caller, all, contexts)
  const given = caller.job.call?.secrets ?? []
  if (given === 'inherit') return above
  const scope = { contexts: { ...contexts(caller.planned.key), secrets: above }, status: 'success' as const }
  const named = given.map(([name, value]) => [name.value, evaluateText(value, scope)] as const)
  return { ...Object.fromEntries(named), ...('GITHUB_TOKEN' in all ? { GITHUB_TOKEN: all.GITHUB_TOKEN as string } : {}) }
}

/** The entries of the `job` context that say which workflow file defines the job. */
export function jobWorkflow({ called, workflow }: Place, github: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const repository = called?.repository ?? String(github.repository ?? '')
  const path = called?.path ?? workflow.file
  const own = called?.repository === undefined
  const ref = own
    ? String(github.workflow_ref ?? '')
        .split('@')
        .slice(1)
        .join('@')
    : (called?.ref ?? '')
  const sha = own ? String(github.workflow_sha ?? '') : (called?.sha ?? '')
  return { workflow_ref: `${repository}/${path}@${ref}`, workflow_sha: sha, workflow_repository: repository, workflow_file_path: path }
}
