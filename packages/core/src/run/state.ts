// The state of one run, folded from its events alone. Total: what does not fit is ignored.

import type { EpochMs, ProjectName, RunId } from '../text/ids.ts'
import { withDependents } from './graph.ts'
import type { CallState, Conclusion, HeldClaim, JobState, PlannedJob, RunCause, RunEvent, RunPlan } from './types.ts'

export interface RunState {
  readonly id: RunId
  readonly project?: ProjectName
  readonly number?: number
  readonly serial?: number
  readonly workflowFile?: string
  readonly workflowName?: string
  readonly title?: string
  readonly cause?: RunCause
  readonly requestedAt?: EpochMs
  readonly plan?: RunPlan
  /** Why the run was refused. */
  readonly problems: readonly string[]
  readonly refused: boolean
  /** Who let it go on, where that is needed. */
  readonly approvedBy?: string
  /** From 1; each re-run adds one. */
  readonly attempt: number
  /** Who asked for the present attempt, when it is a re-run. */
  readonly rerunBy?: string
  /** The present attempt logs for debugging. */
  readonly debug?: boolean
  readonly cancel?: { readonly by: string; readonly force: boolean; readonly reason?: string }
  /** The whole run's place in its concurrency group. */
  readonly claim?: HeldClaim
  /** In the plan's order. */
  readonly jobs: ReadonlyMap<string, JobState>
  /** The calls of workflows that are laid out, by the key of the job that calls. */
  readonly calls: ReadonlyMap<string, CallState>
  readonly finished: boolean
  readonly conclusion?: Conclusion
}

/** A run of which nothing is known yet. */
export function initialRun(id: RunId): RunState {
  return { id, problems: [], refused: false, attempt: 1, jobs: new Map(), calls: new Map(), finished: false }
}

/** The state after one more event. `at`: when it was recorded. Events of other attempts and unknown jobs change nothing. */
export function evolveRun(state: RunState, event: RunEvent, at: EpochMs): RunState {
  switch (event.type) {
    case 'RunRequested': {
      if (state.cause) return state
      const { project, number, serial, workflowFile, workflowName, title, cause } = event
      return { ...state, project, number, ...(serial === undefined ? {} : { serial }), workflowFile, workflowName, title, cause, requestedAt: at }
    }
    case 'RunPlanned':
      return state.plan ? state : planned(state, event.plan)
    case 'RunRefused':
      return { ...state, refused: true, problems: [...state.problems, ...event.problems] }
    case 'RunApproved':
      return { ...state, approvedBy: event.by }
    case 'CancelRequested':
      return state.finished ? state : { ...state, cancel: cancelled(state.cancel, event) }
    case 'ConcurrencyAsked':
    case 'ConcurrencyEntered':
      return claimed(state, event, at)
    case 'RerunRequested':
      return state.finished ? rerun(state, event) : state
    case 'RunFinished':
      return state.finished ? state : { ...state, finished: true, conclusion: event.conclusion }
    case 'StepStarted':
    case 'StepFinished':
      return state
    case 'JobLaidOut':
      return laidOut(state, event)
    case 'CallFinished':
      return callFinished(state, event)
    default: {
      const job = state.jobs.get(event.job)
      const next = job && evolveJob(job, event, state)
      return next && next !== job ? { ...state, jobs: new Map(state.jobs).set(job.key, next) } : state
    }
  }
}

type JobEvent = Extract<
  RunEvent,
  { readonly type: 'JobStarted' | 'JobUnwanted' | 'JobStepsFinished' | 'JobFinished' | 'DeploymentOpened' | 'DeploymentCleared' | 'DeploymentEnded' }
>

function planned(state: RunState, plan: RunPlan): RunState {
  const jobs = new Map(plan.jobs.map(({ key }) => [key, freshJob(key, state.attempt)]))
  return { ...state, plan, jobs, ...(plan.runName ? { title: plan.runName } : {}) }
}

function freshJob(key: string, attempt: number): JobState {
  return { key, attempt, phase: 'pending', outputs: {} }
}

function cancelled(before: RunState['cancel'], { by, force, reason }: Extract<RunEvent, { type: 'CancelRequested' }>): RunState['cancel'] {
  return { by, force: force || before?.force === true, ...(reason ? { reason } : {}) }
}

function claimed(state: RunState, event: Extract<RunEvent, { type: 'ConcurrencyAsked' | 'ConcurrencyEntered' }>, at: EpochMs): RunState {
  const next = (claim: HeldClaim | undefined): HeldClaim | undefined => {
    if (event.type === 'ConcurrencyAsked') return claim ?? { ...event.terms, at, held: false }
    return claim && { ...claim, held: true }
  }
  if (event.job === undefined) return event.attempt === state.attempt ? { ...state, claim: next(state.claim) } : state
  const job = state.jobs.get(event.job)
  if (job?.attempt === event.attempt) return { ...state, jobs: new Map(state.jobs).set(job.key, { ...job, claim: next(job.claim) }) }
  const call = state.calls.get(event.job)
  return call?.attempt === event.attempt ? { ...state, calls: new Map(state.calls).set(call.key, { ...call, claim: next(call.claim) }) } : state
}

/** The job gives way to its legs, which stand where it stood; or stays, with what is known of it now. */
function laidOut(state: RunState, { job: key, attempt, jobs: legs, call }: Extract<RunEvent, { type: 'JobLaidOut' }>): RunState {
  const job = state.jobs.get(key)
  const planned = state.plan?.jobs.find((one) => one.key === key)
  if (!state.plan || !planned || job?.phase !== 'pending' || job.attempt !== attempt || job.laidOut) return state
  const isGroup = legs.every((leg) => leg.key !== key)
  const known: PlannedJob = call && planned.call ? { ...planned, name: call.name, call: { ...planned.call, inputs: call.inputs } } : planned
  const groups = isGroup ? [...(state.plan.groups ?? []), known] : state.plan.groups
  const calls = call ? new Map(state.calls).set(key, freshCall(key, attempt)) : state.calls
  const plan = { ...state.plan, jobs: state.plan.jobs.flatMap((one) => (one === planned ? legs : [one])), ...(groups ? { groups } : {}) }
  const fresh = new Map(legs.map((leg) => [leg.key, { ...freshJob(leg.key, attempt), laidOut: leg.layOut === undefined || leg.key === key }]))
  return { ...state, plan, calls, jobs: inPlanOrder(plan.jobs, new Map([...state.jobs, ...fresh])) }
}

function freshCall(key: string, attempt: number): CallState {
  return { key, attempt, finished: false, outputs: {} }
}

function callFinished(state: RunState, { job: key, attempt, outputs, problem }: Extract<RunEvent, { type: 'CallFinished' }>): RunState {
  const call = state.calls.get(key)
  if (!call || call.finished || call.attempt !== attempt) return state
  const ended: CallState = { ...call, finished: true, outputs, ended: countEnded(state), ...(problem ? { problem } : {}) }
  return { ...state, calls: new Map(state.calls).set(key, ended) }
}

function countEnded({ jobs, calls }: Pick<RunState, 'jobs' | 'calls'>): number {
  return [...jobs.values()].filter((job) => job.phase === 'finished').length + [...calls.values()].filter((call) => call.finished).length
}

function inPlanOrder(planned: readonly PlannedJob[], jobs: ReadonlyMap<string, JobState>): ReadonlyMap<string, JobState> {
  return new Map(planned.flatMap(({ key }) => (jobs.has(key) ? [[key, jobs.get(key) as JobState] as const] : [])))
}

function rerun(state: RunState, event: Extract<RunEvent, { type: 'RerunRequested' }>): RunState {
  const again = withDependents(state.plan, event.jobs)
  if (!state.plan || again.jobs.length === 0) return state
  const attempt = state.attempt + 1
  const plan = foldGroups(state.plan, again.groups)
  const isFresh = (key: string) => again.jobs.includes(key) || again.groups.includes(key)
  const jobs = new Map(plan.jobs.map(({ key }) => [key, isFresh(key) ? againFresh(plan, key, attempt) : (state.jobs.get(key) ?? freshJob(key, attempt))]))
  const isAgain = ({ key }: CallState) => plan.jobs.some((job) => isFresh(job.key) && job.within?.includes(key))
  const kept = [...state.calls.values()].filter(({ key }) => plan.groups?.some((group) => group.key === key))
  const calls = new Map(kept.map((call) => [call.key, isAgain(call) ? freshCall(call.key, attempt) : call]))
  return {
    ...state,
    plan,
    jobs,
    calls,
    attempt,
    rerunBy: event.by,
    debug: event.debug === true,
    cancel: undefined,
    claim: undefined,
    finished: false,
    conclusion: undefined,
  }
}

/** A leg of a group that stays laid out is not laid out again. */
function againFresh(plan: RunPlan, key: string, attempt: number): JobState {
  const leg = plan.jobs.find((job) => job.key === key)?.leg
  return { ...freshJob(key, attempt), ...(leg ? { laidOut: true } : {}) }
}

/** The plan with the named groups as single jobs again, in the place of their first leg. */
function foldGroups(plan: RunPlan, names: readonly string[]): RunPlan {
  if (names.length === 0) return plan
  const outermost = (job: PlannedJob) => job.within?.find((name) => names.includes(name))
  const folded = new Set<string>()
  const jobs = plan.jobs.flatMap((job) => {
    const name = outermost(job)
    if (name === undefined) return [job]
    if (folded.has(name)) return []
    folded.add(name)
    return plan.groups?.filter((group) => group.key === name) ?? []
  })
  return { ...plan, jobs, groups: plan.groups?.filter((group) => !names.includes(group.key) && !outermost(group)) ?? [] }
}

function evolveJob(job: JobState, event: JobEvent, state: RunState): JobState {
  if ('attempt' in event && event.attempt !== job.attempt) return job
  switch (event.type) {
    case 'JobStarted':
      return job.phase === 'pending' || job.phase === 'waiting' ? { ...job, phase: 'running' } : job
    case 'JobUnwanted':
      return job.phase === 'finished' ? job : { ...job, unwanted: event.reason }
    case 'JobStepsFinished': {
      if (job.phase === 'finished' || job.steps) return job
      const { conclusion, problem, code, outputs, environmentUrl } = event
      const phase = conclusion === 'success' && job.deployment ? 'deploying' : 'running'
      return {
        ...job,
        phase,
        outputs,
        ...(environmentUrl ? { environmentUrl } : {}),
        steps: { conclusion, ...(problem ? { problem } : {}), ...(code ? { code } : {}) },
      }
    }
    case 'JobFinished': {
      if (job.phase === 'finished') return job
      const { conclusion, outputs, reason, tolerated } = event
      return { ...job, phase: 'finished', conclusion, outputs, ended: countEnded(state), ...(reason ? { reason } : {}), ...(tolerated ? { tolerated } : {}) }
    }
    case 'DeploymentOpened':
      if (job.deployment) return job
      return { ...job, deployment: event.deployment, phase: job.phase === 'pending' ? 'waiting' : job.phase }
    case 'DeploymentCleared':
      return event.deployment === job.deployment && !job.cleared ? { ...job, cleared: true } : job
    case 'DeploymentEnded': {
      if (event.deployment !== job.deployment || job.deploymentEnd) return job
      return { ...job, deploymentEnd: { conclusion: event.conclusion, reason: event.reason, ...(event.code ? { code: event.code } : {}) } }
    }
  }
}
