// What one job of a run does next.

import { type ReasonText, reason } from '../reason/reasons.ts'
import { conditionNamesStatus, EvaluationError, evaluateCondition, evaluateValue, type Scope } from '../workflow/evaluate.ts'
import type { Job, Workflow } from '../workflow/types.ts'
import type { Claim } from './concurrency.ts'
import { jobContexts } from './contexts.ts'
import { jobGate, jobUnwanted } from './decide-turn.ts'
import { ancestorsOf, isNameFinished, namedJobs, plannedJob, resultOfName } from './graph.ts'
import { layOut } from './lay-out.ts'
import { layOutCall } from './lay-out-call.ts'
import { failedLeg, mayStartInParallel } from './legs.ts'
import { outputsProblem } from './outputs.ts'
import { type Place, placeOf } from './places.ts'
import type { RunState } from './state.ts'
import type { Conclusion, JobState, PlannedJob, RunAction, RunEvent } from './types.ts'

export interface JobDecision {
  readonly events: readonly RunEvent[]
  readonly actions: readonly RunAction[]
}

export interface JobScene {
  readonly state: RunState
  readonly workflow: Workflow
  readonly job: JobState
  readonly vars: Readonly<Record<string, string>>
  /** Every claim of the project on a concurrency group. */
  readonly claims: readonly Claim[]
}

const nothing: JobDecision = { events: [], actions: [] }

/** The next facts and actions of one job. */
export function decideJob(scene: JobScene): JobDecision {
  const { state, workflow, job } = scene
  const place = placeOf(state.plan, workflow, job.key)
  if (!place) return job.phase === 'finished' ? nothing : finish(scene, 'failure', `The workflow has no job ${job.key} any more.`)
  const definition = place.job
  if (job.phase === 'finished') return closeLeftover(scene)
  const unwanted = jobUnwanted(state, job, scene.claims)
  if (unwanted.length > 0) return { events: unwanted, actions: [] }
  if (job.steps) return afterSteps(scene, definition, job.steps)
  switch (job.phase) {
    case 'pending':
      return decidePending(scene, place)
    case 'waiting':
      return decideWaiting(scene, definition)
    case 'running':
    case 'deploying':
      return isUnwanted(scene, definition) ? { events: [], actions: [{ kind: 'CancelJob', ...ref(scene), force: state.cancel?.force === true }] } : nothing
  }
}

function decidePending(scene: JobScene, place: Place): JobDecision {
  const { planned, job: definition } = place
  const { state, job } = scene
  if (state.cancel?.force) return finish(scene, 'cancelled', cancelReason(scene))
  if (planned.needs.some((need) => !isNameFinished(state, need))) return nothing
  const failed = failedLeg(state, planned)
  if (failed) return finish(scene, 'cancelled', reason('leg-not-wanted', { leg: failed.name }))
  const status = statusBefore(state, job.key)
  // The condition of a matrix was looked at before its legs were laid out, as on GitHub; a cancelled run asks again.
  const holds = planned.leg && !state.cancel ? true : conditionHolds(scene, definition, status)
  if (typeof holds === 'string') return finish(scene, 'failure', holds)
  if (!holds && state.cancel) return finish(scene, 'cancelled', cancelReason(scene))
  if (!holds) return finish(scene, 'skipped', skipReason(scene, { definition, planned }, status))
  if (planned.leg && !mayStartInParallel(state, planned)) return nothing
  if (planned.layOut && !job.laidOut) return layOutNow(scene, place)
  const gate = jobGate(state, job, { place, scopeOf: (key, inside) => scopeOf(scene, status, { key, inside }), claims: scene.claims })
  if (gate.kind === 'leave') return finish(scene, gate.failed ? 'failure' : 'cancelled', gate.why)
  if (gate.kind === 'shut') return { events: gate.events, actions: [] }
  if (job.unwanted) return finish(scene, 'cancelled', job.unwanted)
  if (planned.environment === undefined) return start(scene)
  return { events: [], actions: [{ kind: 'OpenDeployment', ...ref(scene), environment: planned.environment }] }
}

/** A call becomes the jobs of the called workflow; one with a matrix its legs first, which then are calls themselves. */
function layOutNow(scene: JobScene, place: Place): JobDecision {
  const { job } = scene
  const { planned, job: definition } = place
  const isCall = planned.call !== undefined && (planned.leg !== undefined || !definition.strategy?.matrix)
  const made = isCall ? layOutCall(place, scopeOf(scene, 'success')) : layOut(planned, definition, scopeOf(scene, 'success'))
  if ('problem' in made) return finish(scene, 'failure', made.problem)
  return { events: [{ type: 'JobLaidOut', job: job.key, attempt: job.attempt, ...made }], actions: [] }
}

function decideWaiting(scene: JobScene, definition: Job): JobDecision {
  const { job } = scene
  const end = job.deploymentEnd
  // It ended before the steps began, so the job did not do its work, however the deployment calls it.
  if (end) return finish(scene, end.conclusion === 'success' ? 'failure' : end.conclusion, endReason(end))
  if (isUnwanted(scene, definition)) return both(close(scene, 'cancelled'), finish(scene, 'cancelled', cancelReason(scene)))
  return job.cleared ? start(scene) : nothing
}

/** The worker has ended. A job with a deployment ends with it; others end now. */
function afterSteps(scene: JobScene, definition: Job, steps: NonNullable<JobState['steps']>): JobDecision {
  const { state, job } = scene
  if (steps.conclusion !== 'success') {
    // A worker that was killed by force can't say so itself.
    const conclusion = state.cancel?.force && steps.conclusion === 'failure' ? 'cancelled' : steps.conclusion
    const problem: Why | undefined =
      stepsReason(steps) ?? (conclusion === 'cancelled' && (state.cancel || job.unwanted || isUnwantedLeg(scene)) ? cancelReason(scene) : undefined)
    return both(close(scene, conclusion), conclude(scene, definition, { conclusion, why: problem }))
  }
  const tooMuch = outputsProblem(job.outputs, others(scene))
  if (tooMuch && !job.deploymentEnd)
    return both(close(scene, 'failure'), conclude({ ...scene, job: { ...job, outputs: {} } }, definition, { conclusion: 'failure', why: tooMuch }))
  if (!job.deployment) return finish(scene, 'success')
  const end = job.deploymentEnd
  if (end) return conclude(scene, definition, { conclusion: end.conclusion, why: end.conclusion === 'success' ? undefined : endReason(end) })
  if (state.cancel?.force) return both(close(scene, 'cancelled'), finish(scene, 'cancelled', cancelReason(scene)))
  if (isUnwanted(scene, definition)) return close(scene, 'cancelled')
  return { events: [], actions: [{ kind: 'ContinueDeployment', ...ref(scene), deployment: job.deployment }] }
}

function others({ state, job }: JobScene) {
  return [...state.jobs.values()].filter((other) => other.key !== job.key && other.phase === 'finished').map(({ outputs }) => outputs)
}

/** A deployment that was opened while its job was being cancelled is not wanted any more. */
function closeLeftover(scene: JobScene): JobDecision {
  const { conclusion } = scene.job
  return conclusion && conclusion !== 'success' ? close(scene, conclusion) : nothing
}

/** Whether a cancelled run stops this job. As on GitHub one whose `if` still holds, such as always(), goes on; not under force. */
function isUnwanted(scene: JobScene, definition: Job): boolean {
  const { cancel } = scene.state
  if (isUnwantedLeg(scene) || scene.job.unwanted) return true
  if (!cancel) return false
  return cancel.force || conditionHolds(scene, definition, 'cancelled') !== true
}

function isUnwantedLeg({ state, job }: JobScene): boolean {
  const planned = plannedJob(state.plan, job.key)
  return planned !== undefined && failedLeg(state, planned) !== undefined
}

/** Whether the job's `if` holds; a sentence when it can't be evaluated. */
function conditionHolds(scene: JobScene, definition: Job, status: Scope['status']): boolean | string {
  try {
    return evaluateCondition(definition.if, scopeOf(scene, status))
  } catch (error) {
    if (error instanceof EvaluationError) return error.message
    throw error
  }
}

/**
 * The status a job's own `if` sees. As on GitHub all ancestors count, not only the direct ones:
 * failure() when any failed, success() only when all succeeded (a skipped one is neither).
 */
function statusBefore(state: RunState, key: string): Scope['status'] {
  if (state.cancel) return 'cancelled'
  const results = ancestorsOf(namedJobs(state.plan), key).map((ancestor) => resultOfName(state, ancestor))
  if (results.includes('failure')) return 'failure'
  return results.every((result) => result === 'success') ? 'success' : 'skipped'
}

/** What the job's expressions see, or those of the call `key`; `inside`: those of the workflow that is called. */
function scopeOf({ state, workflow, job, vars }: JobScene, status: Scope['status'], { key = job.key, inside }: { key?: string; inside?: boolean } = {}): Scope {
  const contexts = jobContexts(state, workflow, { job: key, vars })
  if (!inside) return { contexts: { ...contexts }, status }
  return { contexts: { github: contexts.github, vars, inputs: plannedJob(state.plan, key)?.call?.inputs ?? {} }, status }
}

function skipReason({ state, job }: JobScene, { definition, planned }: { definition: Job; planned: PlannedJob }, status: Scope['status']): Why {
  const condition = definition.if
  if (status === 'success' || (condition && conditionNamesStatus(condition))) {
    return reason('condition-false', { condition: condition?.value.trim() ?? 'success()' })
  }
  const unmet = (names: readonly string[]) => names.filter((name) => resultOfName(state, name) !== 'success')
  const direct = unmet(planned.needs)
  const jobs = direct.length > 0 ? direct : unmet(ancestorsOf(namedJobs(state.plan), job.key))
  return reason('needs-not-met', { jobs: jobs.join(', ') })
}

/** Why it is cancelled: the user's word, or another leg's failure. */
function cancelReason({ state, job }: JobScene): Why {
  if (state.cancel) return state.cancel.reason ?? reason('cancelled-by-user', { by: state.cancel.by })
  if (job.unwanted) return job.unwanted
  const planned = plannedJob(state.plan, job.key)
  return reason('leg-not-wanted', { leg: (planned && failedLeg(state, planned)?.name) ?? 'another leg' })
}

/** A reason of the table, or a sentence that has no code of its own. */
type Why = ReasonText | string

function endReason({ reason: sentence, code }: NonNullable<JobState['deploymentEnd']>): Why {
  return code ? { code, sentence } : sentence
}

function stepsReason({ problem, code }: NonNullable<JobState['steps']>): Why | undefined {
  return problem !== undefined && code ? { code, sentence: problem } : problem
}

function conclude(scene: JobScene, definition: Job, { conclusion, why }: { conclusion: Conclusion; why: Why | undefined }): JobDecision {
  const failed = conclusion === 'failure' || conclusion === 'timed_out'
  const { events, actions } = finish(scene, conclusion, why)
  if (!failed || !isTolerated(scene, definition)) return { events, actions }
  return { events: events.map((event) => (event.type === 'JobFinished' ? { ...event, tolerated: true } : event)), actions }
}

function isTolerated(scene: JobScene, definition: Job): boolean {
  if (!definition.continueOnError) return false
  try {
    const value = evaluateValue(definition.continueOnError, scopeOf(scene, 'failure'))
    return value === true || value === 'true'
  } catch (error) {
    if (error instanceof EvaluationError) return false
    throw error
  }
}

// `JobStarted` is recorded together with the action, so that a cancellation in between finds a job to cancel.
function start(scene: JobScene): JobDecision {
  const { job } = scene
  return { events: [{ type: 'JobStarted', job: job.key, attempt: job.attempt }], actions: [{ kind: 'StartJob', ...ref(scene) }] }
}

function finish({ job }: JobScene, conclusion: Conclusion, why?: Why): JobDecision {
  const said = why === undefined || why === '' ? {} : typeof why === 'string' ? { reason: why } : { reason: why.sentence, code: why.code }
  const event: RunEvent = {
    type: 'JobFinished',
    job: job.key,
    attempt: job.attempt,
    conclusion,
    outputs: job.outputs,
    ...said,
  }
  return { events: [event], actions: [] }
}

function close(scene: JobScene, conclusion: Conclusion): JobDecision {
  const { deployment, deploymentEnd } = scene.job
  if (!deployment || deploymentEnd) return nothing
  return { events: [], actions: [{ kind: 'CloseDeployment', ...ref(scene), deployment, conclusion }] }
}

function both(first: JobDecision, second: JobDecision): JobDecision {
  return { events: [...first.events, ...second.events], actions: [...first.actions, ...second.actions] }
}

function ref({ state, job }: JobScene) {
  return { run: state.id, job: job.key, attempt: job.attempt }
}
