// Takes what job workers report into the runs' streams. Reports are read from spool files, so a crash loses none.

import type { PushwayEvent } from '@pushway/core/event/types.ts'
import { streams } from '@pushway/core/event/types.ts'
import { reason } from '@pushway/core/reason/reasons.ts'
import type { JobReport, RunEvent } from '@pushway/core/run/types.ts'
import type { RunId } from '@pushway/core/text/ids.ts'
import type { Workshop } from '../model/workshop.ts'
import type { JobRef } from '../ports/jobs.ts'

export interface JobPump {
  /** Reads once what all running jobs have to say; true when any job is running. */
  pump(): Promise<boolean>
}

/** Looks at the worker itself this often; in between, its silence means that it works. */
const lookEveryMs = 1_000

/** A pump over the runs that are not finished. */
export function createJobPump(shop: Workshop, signal: AbortSignal): JobPump {
  const cursors = new Map<string, number>()
  const looked = new Map<string, number>()

  async function pumpJob(ref: JobRef): Promise<void> {
    const { jobs, store, clock } = shop.world
    const key = `${ref.run}/${ref.job}/${ref.attempt}`
    const chunk = await jobs.reports(ref, cursors.get(key) ?? 0, signal)
    const known = chunk.items.length > 0 ? knownReports(shop, ref) : new Set<string>()
    const events = chunk.items.map((report) => toEvent(ref, report)).filter((event) => event !== undefined && !known.has(reportKey(event))) as RunEvent[]
    if (events.length > 0) store.append([{ stream: streams.run(ref.run), expected: 'any', events }])
    cursors.set(key, chunk.cursor)
    if (events.some((event) => event.type === 'JobStepsFinished')) {
      cursors.delete(key)
      looked.delete(key)
      shop.world.jobs.clean(ref, signal).catch((error: unknown) => shop.world.log.warn('a workspace was not removed', { job: key, problem: String(error) }))
      return
    }
    if (chunk.items.length > 0 || clock.now() - (looked.get(key) ?? 0) < lookEveryMs) return
    looked.set(key, clock.now())
    const observed = await jobs.observe(ref, signal)
    if (observed.state === 'lost') recordLoss(shop, ref)
  }

  return {
    async pump() {
      const refs = shop.world.lists.activeRuns().flatMap((run) => runningJobs(shop, run))
      await Promise.all(refs.map((ref) => pumpJob(ref)))
      return refs.length > 0
    },
  }
}

/** The jobs of a run whose worker has been started and has not been heard to end. */
function runningJobs(shop: Workshop, run: RunId): readonly JobRef[] {
  const { state } = shop.states.run(run)
  const { project } = state
  if (project === undefined) return []
  return [...state.jobs.values()].filter((job) => job.phase === 'running').map((job) => ({ project, run, job: job.key, attempt: job.attempt }))
}

function toEvent(ref: JobRef, report: JobReport): RunEvent | undefined {
  const { job, attempt } = ref
  switch (report.type) {
    case 'started':
    case 'annotation':
      return undefined
    case 'step-started':
      return { type: 'StepStarted', job, attempt, step: report.step, name: report.name }
    case 'step-finished':
      return { type: 'StepFinished', job, attempt, step: report.step, name: report.name, conclusion: report.conclusion, durationMs: report.durationMs }
    case 'finished':
      return {
        type: 'JobStepsFinished',
        job,
        attempt,
        conclusion: report.conclusion,
        outputs: report.outputs,
        ...(report.environmentUrl ? { environmentUrl: report.environmentUrl } : {}),
        ...(report.problem ? { problem: report.problem } : {}),
        ...(report.problem && report.conclusion === 'timed_out' ? { code: 'job-timed-out' } : {}),
      }
  }
}

function reportKey(event: PushwayEvent): string {
  return 'step' in event && 'job' in event
    ? `${event.type} ${event.job} ${event.attempt} ${event.step}`
    : 'job' in event && 'attempt' in event
      ? `${event.type} ${event.job} ${event.attempt}`
      : event.type
}

/** What the stream has of this job already: after a restart the spool is read again from its start. */
function knownReports(shop: Workshop, ref: JobRef): ReadonlySet<string> {
  const events = shop.world.store.read(streams.run(ref.run)).map(({ body }) => body)
  return new Set(events.filter((event) => 'job' in event && event.job === ref.job).map(reportKey))
}

function recordLoss(shop: Workshop, ref: JobRef): void {
  const events = shop.world.store.read(streams.run(ref.run)).map(({ body }) => body)
  const open = events.findLast((event) => event.type === 'StepStarted' && event.job === ref.job && event.attempt === ref.attempt)
  const step = open?.type === 'StepStarted' ? open.name : 'Set up job'
  const problem = reason('runner-lost', { job: ref.job, step }).sentence
  shop.world.store.append([
    {
      stream: streams.run(ref.run),
      expected: 'any',
      events: [{ type: 'JobStepsFinished', job: ref.job, attempt: ref.attempt, conclusion: 'failure', outputs: {}, problem, code: 'runner-lost' }],
    },
  ])
}
