// Builds what expressions and job workers see: the github, needs and inputs contexts, and a job's whole spec.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/contexts

import { numberOf } from '../github/base.ts'
import { fail, refuse } from '../reason/errors.ts'
import type { ProjectName, RunId } from '../text/ids.ts'
import { EvaluationError, evaluateValue } from '../workflow/evaluate.ts'
import type { Job, Workflow } from '../workflow/types.ts'
import { outputsOfName, plannedJob, resultOfName } from './graph.ts'
import { inputsContext } from './inputs.ts'
import { readOnly } from './permissions.ts'
import { jobWorkflow, type Place, permissionsAt, placeOf, secretsAt } from './places.ts'
import type { RunState } from './state.ts'
import { shortRef } from './trigger.ts'
import type { JobContexts, JobServer, JobSpec, RunCause } from './types.ts'

export interface GithubFacts {
  readonly project: ProjectName
  readonly cause: RunCause
  /** Absent while a run is only planned. */
  readonly run?: { readonly id: RunId; readonly number: number; readonly attempt: number; readonly serial?: number }
  readonly workflow: Workflow
  /** The job's key. */
  readonly job?: string
  readonly serverUrl?: string
  readonly workspace?: string
  /** Who started this attempt, when it is a re-run. */
  readonly triggeringActor?: string
}

/** The `github` context. `token`, `action` and the paths of files are added by the worker. */
export function githubContext(facts: GithubFacts): Readonly<Record<string, unknown>> {
  const { project, cause, run, workflow, job = '', serverUrl = '', workspace } = facts
  const { ref, sha, event } = cause
  const [owner = ''] = project.split('/')
  const pull = pullRequestRefs(cause)
  return {
    actor: cause.actor,
    actor_id: String(numberOf(cause.actor)),
    triggering_actor: facts.triggeringActor ?? cause.actor,
    api_url: `${serverUrl}/api/v3`,
    base_ref: pull.base,
    event: cause.payload,
    event_name: event,
    graphql_url: `${serverUrl}/api/graphql`,
    head_ref: pull.head,
    job,
    ref,
    ref_name: ref.startsWith('refs/pull/') ? ref.slice('refs/pull/'.length) : shortRef(ref),
    ref_protected: false,
    ref_type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    repository: project,
    repository_id: String(numberOf(project)),
    repository_owner: owner,
    repository_owner_id: String(numberOf(owner)),
    repositoryUrl: `${serverUrl}/${project}.git`,
    retention_days: '90',
    run_attempt: String(run?.attempt ?? 1),
    run_id: String(run?.serial ?? run?.id ?? ''),
    run_number: String(run?.number ?? ''),
    secret_source: 'Actions',
    server_url: serverUrl,
    sha,
    workflow: workflow.name,
    workflow_ref: `${project}/${workflow.file}@${ref}`,
    workflow_sha: sha,
    ...(workspace === undefined ? {} : { workspace }),
  }
}

function pullRequestRefs(cause: RunCause): { base: string; head: string } {
  if (cause.event !== 'pull_request' && cause.event !== 'pull_request_target') return { base: '', head: '' }
  const pull = field(cause.payload, 'pull_request')
  return { base: String(field(field(pull, 'base'), 'ref') ?? ''), head: String(field(field(pull, 'head'), 'ref') ?? '') }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

/** The `needs` context of a job: result and outputs of each job it names, of all legs together. A tolerated failure is a success here. */
export function needsContext(state: RunState, job: string): JobContexts['needs'] {
  const needs = plannedJob(state.plan, job)?.needs ?? []
  const idOf = (need: string) => plannedJob(state.plan, need)?.id ?? need
  return Object.fromEntries(needs.map((need) => [idOf(need), { result: resultOfName(state, need), outputs: outputsOfName(state, need) }]))
}

/** What a job's own `if` and `continue-on-error` see. In a called workflow `github` is the caller's, `inputs` what it was called with. */
export function jobContexts(
  state: RunState,
  workflow: Workflow,
  options: { job: string; vars: Readonly<Record<string, string>>; serverUrl?: string },
): Omit<JobContexts, 'secrets'> {
  const { project = '', cause, id, number = 0, serial, attempt, rerunBy } = state
  const { job, vars, serverUrl } = options
  if (!cause) return { github: {}, vars, needs: {}, inputs: {}, matrix: {}, strategy: {} }
  const planned = plannedJob(state.plan, job)
  const github = githubContext({ project, cause, run: { id, number, attempt, serial }, workflow, job: planned?.id ?? job, serverUrl, triggeringActor: rerunBy })
  const { matrix, strategy } = planned?.leg ?? { matrix: {}, strategy: { 'fail-fast': true, 'job-index': 0, 'job-total': 1, 'max-parallel': 1 } }
  const inputs = planned?.caller === undefined ? inputsContext(workflow, cause) : (plannedJob(state.plan, planned.caller)?.call?.inputs ?? {})
  return { github, vars, needs: needsContext(state, job), inputs, matrix, strategy }
}

export interface JobSpecFacts {
  readonly state: RunState
  /** The run's own workflow, its calls linked. */
  readonly workflow: Workflow
  /** The planned job's key. */
  readonly key: string
  readonly attempt: number
  readonly vars: Readonly<Record<string, string>>
  /** Of the project, with GITHUB_TOKEN: what a called workflow gets is chosen from these. */
  readonly secrets: Readonly<Record<string, string>>
  /** Of the job's own environment, which a call can't hand on. */
  readonly environmentSecrets?: Readonly<Record<string, string>>
  readonly server?: JobServer
}

/** Everything the worker of a job is given. @throws PushwayError `not-found`, or `workflow-invalid` when `timeout-minutes` is not a number of minutes. */
export function jobSpec(facts: JobSpecFacts): JobSpec {
  const { state, workflow: root, key, attempt, vars, environmentSecrets, server } = facts
  const place = placeOf(state.plan, root, key)
  if (!place) throw fail('not-found', { what: 'job', name: key })
  const { job, workflow } = place
  const secrets = { ...secretsOf(facts, place), ...environmentSecrets }
  const own = jobContexts(state, root, { job: key, vars, serverUrl: server?.url })
  const contexts = { ...own, secrets, job: jobWorkflow(place, own.github) }
  return {
    run: state.id,
    runNumber: state.number ?? 0,
    attempt,
    job,
    workflowEnv: workflow.env,
    workflowDefaults: workflow.defaults,
    contexts,
    timeoutMs: timeoutOf(workflow, job, contexts),
    permissions: state.cause?.untrusted ? readOnly(permissionsAt(place)) : permissionsAt(place),
    debug: { steps: isDebugged('ACTIONS_STEP_DEBUG', facts), runner: isDebugged('ACTIONS_RUNNER_DEBUG', facts) },
    ...(server ? { server } : {}),
  }
}

function secretsOf({ state, workflow, vars, secrets, server }: JobSpecFacts, place: Place): Readonly<Record<string, string>> {
  return secretsAt(place, secrets, (key) => jobContexts(state, workflow, { job: key, vars, serverUrl: server?.url }))
}

/** By the attempt, or as on GitHub by a secret or variable of that name. */
function isDebugged(name: string, { state, secrets, vars }: JobSpecFacts): boolean {
  return state.debug === true || secrets[name] === 'true' || vars[name] === 'true'
}

const defaultMinutes = 360

function timeoutOf(workflow: Workflow, job: Job, contexts: JobContexts): number {
  const template = job.timeoutMinutes
  if (!template) return defaultMinutes * 60_000
  try {
    const minutes = Number(evaluateValue(template, { contexts: { ...contexts, secrets: {} }, status: 'success' }))
    if (Number.isFinite(minutes) && minutes > 0) return Math.round(minutes * 60_000)
  } catch (error) {
    if (error instanceof EvaluationError) throw refuse('workflow-invalid', workflow.file, [error.diagnostic])
    throw error
  }
  const message = `\`timeout-minutes\` of job \`${job.id}\` must be a number of minutes above 0, not "${template.value}".`
  throw refuse('workflow-invalid', workflow.file, [{ severity: 'error', code: 'timeout-invalid', message, at: template.at }])
}
