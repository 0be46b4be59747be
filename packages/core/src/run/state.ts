// The state of one run, folded from its events alone. Total: what does not fit is ignored.

import type { EpochMs, ProjectName, RunId } from '../text/ids.ts'
import { withDependents } from './graph.ts'
import type { Conclusion, JobState, RunCause, RunEvent, RunPlan } from './types.ts'

export interface RunState {
  readonly id: RunId
  readonly project?: ProjectName
  readonly number?: number
  readonly workflowFile?: string
  readonly workflowName?: string
  readonly title?: string
  readonly cause?: RunCause
  readonly requestedAt?: EpochMs
  readonly plan?: RunPlan
  /** Why the run was refused. */
  readonly problems: readonly string[]
  readonly refused: boolean
  /** From 1; each re-run adds one. */
  readonly attempt: number
  /** Who asked for the present attempt, when it is a re-run. */
  readonly rerunBy?: string
  readonly cancel?: { readonly by: string; readonly force: boolean }
  /** In the plan's order. */
  readonly jobs: ReadonlyMap<string, JobState>
  readonly finished: boolean
  readonly conclusion?: Conclusion
}

/** A run of which nothing is known yet. */
export function initialRun(id: RunId): RunState {
  return { id, problems: [], refused: false, attempt: 1, jobs: new Map(), finished: false }
}

/** The state after one more event. `at`: when it was recorded. Events of other attempts and unknown jobs change nothing. */
export function evolveRun(state: RunState, event: RunEvent, at: EpochMs): RunState {
  switch (event.type) {
    case 'RunRequested': {
      if (state.cause) return state
      const { project, number, workflowFile, workflowName, title, cause } = event
      return { ...state, project, number, workflowFile, workflowName, title, cause, requestedAt: at }
    }
    case 'RunPlanned':
      return state.plan ? state : planned(state, event.plan)
    case 'RunRefused':
      return { ...state, refused: true, problems: [...state.problems, ...event.problems] }
    case 'CancelRequested':
      return state.finished ? state : { ...state, cancel: { by: event.by, force: event.force || state.cancel?.force === true } }
    case 'RerunRequested':
      return state.finished ? rerun(state, event) : state
    case 'RunFinished':
      return state.finished ? state : { ...state, finished: true, conclusion: event.conclusion }
    case 'StepStarted':
    case 'StepFinished':
      return state
    default: {
      const job = state.jobs.get(event.job)
      const next = job && evolveJob(job, event)
      return next && next !== job ? { ...state, jobs: new Map(state.jobs).set(job.key, next) } : state
    }
  }
}

type JobEvent = Extract<
  RunEvent,
  { readonly type: 'JobStarted' | 'JobStepsFinished' | 'JobFinished' | 'DeploymentOpened' | 'DeploymentCleared' | 'DeploymentEnded' }
>

function planned(state: RunState, plan: RunPlan): RunState {
  const jobs = new Map(plan.jobs.map(({ key }) => [key, freshJob(key, state.attempt)]))
  return { ...state, plan, jobs, ...(plan.runName ? { title: plan.runName } : {}) }
}

function freshJob(key: string, attempt: number): JobState {
  return { key, attempt, phase: 'pending', outputs: {} }
}

function rerun(state: RunState, event: Extract<RunEvent, { type: 'RerunRequested' }>): RunState {
  const again = withDependents(state.plan?.jobs ?? [], event.jobs)
  if (again.length === 0) return state
  const attempt = state.attempt + 1
  const jobs = new Map([...state.jobs].map(([key, job]) => [key, again.includes(key) ? freshJob(key, attempt) : job]))
  return { ...state, jobs, attempt, rerunBy: event.by, cancel: undefined, finished: false, conclusion: undefined }
}

function evolveJob(job: JobState, event: JobEvent): JobState {
  if ('attempt' in event && event.attempt !== job.attempt) return job
  switch (event.type) {
    case 'JobStarted':
      return job.phase === 'pending' || job.phase === 'waiting' ? { ...job, phase: 'running' } : job
    case 'JobStepsFinished': {
      if (job.phase === 'finished' || job.steps) return job
      const { conclusion, problem, outputs } = event
      const phase = conclusion === 'success' && job.deployment ? 'deploying' : 'running'
      return { ...job, phase, outputs, steps: { conclusion, ...(problem ? { problem } : {}) } }
    }
    case 'JobFinished': {
      if (job.phase === 'finished') return job
      const { conclusion, outputs, reason, tolerated } = event
      return { ...job, phase: 'finished', conclusion, outputs, ...(reason ? { reason } : {}), ...(tolerated ? { tolerated } : {}) }
    }
    case 'DeploymentOpened':
      if (job.deployment) return job
      return { ...job, deployment: event.deployment, phase: job.phase === 'pending' ? 'waiting' : job.phase }
    case 'DeploymentCleared':
      return event.deployment === job.deployment && !job.cleared ? { ...job, cleared: true } : job
    case 'DeploymentEnded': {
      if (event.deployment !== job.deployment || job.deploymentEnd) return job
      return { ...job, deploymentEnd: { conclusion: event.conclusion, reason: event.reason } }
    }
  }
}
