// One run of one workflow without a server: state in memory, decided by the same code, jobs in this process.

import { mkdirSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { jobSpec } from '@pushway/core/run/contexts.ts'
import { decideRun } from '@pushway/core/run/decide.ts'
import { idTokenAt, placeOf } from '@pushway/core/run/places.ts'
import { evolveRun, initialRun, type RunState } from '@pushway/core/run/state.ts'
import type { Conclusion, JobSpec, PlannedJob, RunCause, RunEvent, RunPlan } from '@pushway/core/run/types.ts'
import type { TemplateMap, Workflow } from '@pushway/core/workflow/types.ts'
import { type JobControl, newMark, runJob } from '../../runner/job.ts'
import type { JobSink } from '../../runner/job-log.ts'
import { defaultCacheDir } from '../../util/cache-dir.ts'
import type { ActionSource, WorkerInput } from '../../util/job-spool.ts'
import { makeMemoryDir, makeTemporaryDir } from '../../util/memory-dir.ts'
import { selfCommand } from '../../util/self.ts'
import { shortHash } from '../../util/short-hash.ts'
import { isWantedLeg, type WantedLegs } from './given.ts'
import type { LocalServices } from './services.ts'
import { createWorkingJobs } from './working-jobs.ts'

export interface LocalRun {
  readonly id: string
  readonly workflow: Workflow
  readonly plan: RunPlan
  readonly cause: RunCause
  readonly repository: string
  readonly treeDir: string
  readonly vars: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
  /** Variables of `--env-file`. */
  readonly env: TemplateMap
  /** Of matrices, these legs only. */
  readonly legs: WantedLegs
  /** Folders with actions as `OWNER/NAME@REF/`, and a remote to ask for others. */
  readonly actions: readonly ActionSource[]
  readonly services: LocalServices
  readonly sinkFor: (job: string) => JobSink
  readonly cancel: AbortSignal
  readonly force: AbortSignal
}

export interface LocalResult {
  readonly conclusion: Conclusion
  readonly jobs: readonly {
    readonly key: string
    readonly conclusion: Conclusion
    readonly outputs: Readonly<Record<string, string>>
    readonly environmentUrl?: string
    readonly why?: string
  }[]
}

/** More jobs at once than cores would only wait for each other. */
const atOnce = Math.max(2, availableParallelism())

/** Runs the plan to its end. Environments of jobs are left out: their steps run, nothing is deployed. */
export async function runWorkflow(run: LocalRun): Promise<LocalResult> {
  let state = initialRun(run.id)
  const why = new Map<string, string>()
  const apply = (events: readonly RunEvent[]) => {
    for (const event of events) {
      if (event.type === 'JobFinished' && event.reason) why.set(event.job, event.reason)
      state = evolveRun(state, event, Date.now())
    }
  }
  const working = createWorkingJobs(atOnce, (event) => apply([event]))
  apply(firstEvents(run))
  run.cancel.addEventListener('abort', () => {
    apply([{ type: 'CancelRequested', by: run.cause.actor, force: false }])
    working.cancelAll(false)
  })
  run.force.addEventListener('abort', () => working.cancelAll(true))
  while (!state.finished) {
    const decision = decideRun(state, run.workflow, run.vars)
    apply(decision.events.map((event) => adapt(event, run.legs)))
    for (const action of decision.actions) {
      if (action.kind === 'CancelJob') working.cancel(action.job, action.force)
      if (action.kind !== 'StartJob') continue
      const { job: key, attempt } = action
      apply([{ type: 'JobStarted', job: key, attempt }])
      const spec = specOf(run, state, key)
      const idToken = mayAskIdToken(run, state, key)
      working.start(key, (control) => performJob(run, { key, spec, idToken }, control))
    }
    if (decision.events.length === 0 && working.count > 0) await working.next()
  }
  const jobs = [...state.jobs.values()].map((job) => {
    const reason = why.get(job.key)
    return {
      key: job.key,
      conclusion: job.conclusion ?? 'skipped',
      outputs: job.outputs,
      ...(job.environmentUrl ? { environmentUrl: job.environmentUrl } : {}),
      ...(reason ? { why: reason } : {}),
    }
  })
  return { conclusion: state.conclusion ?? 'failure', jobs }
}

function firstEvents({ repository, workflow, cause, plan }: LocalRun): readonly RunEvent[] {
  const jobs = plan.jobs.map(withoutEnvironment)
  return [
    {
      type: 'RunRequested',
      project: repository,
      number: 1,
      serial: 1,
      workflowFile: workflow.file,
      workflowName: workflow.name,
      title: plan.runName ?? workflow.name,
      cause,
    },
    { type: 'RunPlanned', plan: { ...plan, jobs } },
  ]
}

function withoutEnvironment({ environment: _, ...job }: PlannedJob): PlannedJob {
  return job
}

/** Environments are left out, and the legs that are not wanted; a job without a wanted leg is skipped. */
function adapt(event: RunEvent, wanted: WantedLegs): RunEvent {
  if (event.type !== 'JobLaidOut') return event
  const legs = event.jobs.filter((job) => !job.leg || isWantedLeg(job.leg.matrix, wanted))
  if (legs.length > 0) return { ...event, jobs: legs.map(withoutEnvironment) }
  const { job, attempt } = event
  return { type: 'JobFinished', job, attempt, conclusion: 'skipped', outputs: {}, reason: 'No leg of its matrix is wanted (--matrix).' }
}

function specOf({ workflow, vars, secrets, env }: LocalRun, state: RunState, key: string): JobSpec {
  const spec = jobSpec({ state, workflow, key, attempt: 1, vars, secrets })
  return { ...spec, workflowEnv: [...env, ...spec.workflowEnv] }
}

interface LocalJob {
  readonly key: string
  readonly spec: JobSpec
  readonly idToken: boolean
}

function mayAskIdToken({ workflow }: LocalRun, state: RunState, key: string): boolean {
  const place = placeOf(state.plan, workflow, key)
  return place !== undefined && idTokenAt(place)
}

async function performJob(run: LocalRun, { key, spec, idToken }: LocalJob, control: Pick<JobControl, 'cancel' | 'force'>): Promise<RunEvent> {
  const dir = makeTemporaryDir('pushway-run-')
  const commands = makeMemoryDir('pushway-run-')
  try {
    const services = run.services.forJob({ project: run.repository, job: key, spec, idToken })
    const result = await runJob(workerInput(run, spec, { dir, commands }), run.sinkFor(key), { ...control, mark: newMark(), services })
    return { type: 'JobStepsFinished', job: key, attempt: 1, ...result }
  } finally {
    for (const made of [commands, dir]) rmSync(made, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Nothing is hidden from one's own workflow on one's own machine; caches and images are the user's. */
function workerInput(run: LocalRun, spec: JobSpec, { dir, commands }: { dir: string; commands: string }): WorkerInput {
  const cache = defaultCacheDir()
  const self = selfCommand()
  const spool = join(dir, 'spool')
  mkdirSync(spool)
  return {
    spec,
    folders: {
      spool,
      job: join(dir, 'job'),
      tools: cache,
      jobTools: cache,
      npmCache: join(cache, 'npm'),
      buildCache: join(cache, 'build'),
      images: join(cache, 'images'),
      parsed: join(cache, 'parsed'),
      commands,
      bin: join(cache, 'bin', shortHash(...self)),
    },
    source: { kind: 'tree', dir: run.treeDir },
    actions: { sources: run.actions, cache: join(cache, 'actions') },
    isolation: { kind: 'none', why: 'A local run.', mounts: false, pids: false },
    hide: [],
    keepReadOnly: [],
    self,
  }
}
