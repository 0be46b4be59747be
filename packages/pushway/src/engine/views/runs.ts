// Views of runs, from their streams.

import type { StoredEvent } from '@pushway/core/event/types.ts'
import { streams } from '@pushway/core/event/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { ReasonText } from '@pushway/core/reason/reasons.ts'
import { type Claim, claimsOf } from '@pushway/core/run/concurrency.ts'
import { needsApproval } from '@pushway/core/run/decide-turn.ts'
import { shownNeeds } from '@pushway/core/run/graph.ts'
import { jobReason } from '@pushway/core/run/reason.ts'
import type { RunState } from '@pushway/core/run/state.ts'
import type { JobState, PlannedJob } from '@pushway/core/run/types.ts'
import type { ProjectName, RunId } from '@pushway/core/text/ids.ts'
import type { ImageView, JobView, RunSummary, RunView, StepView } from '@pushway/core/views/types.ts'
import { claimsBeside } from '../../model/concurrency.ts'
import type { Workshop } from '../../model/workshop.ts'

/** A run in one line. @throws PushwayError `not-found` */
export function runSummary(shop: Workshop, id: RunId): RunSummary {
  const { state, seq } = shop.states.run(id)
  const { project, cause, number } = state
  if (seq === 0 || project === undefined || cause === undefined || number === undefined) throw fail('not-found', { what: 'run', name: id })
  const facts = runTimes(shop, id)
  const status = runStatus(state)
  const why = status === 'waiting' || status === 'queued' ? waitingWhy(shop, state) : undefined
  return {
    id,
    project,
    number,
    workflowName: state.workflowName ?? '',
    workflowFile: state.workflowFile ?? '',
    title: state.title ?? '',
    event: cause.event,
    ref: cause.ref,
    sha: cause.sha,
    actor: cause.actor,
    status,
    ...(state.cancel && !state.finished ? { cancelling: true } : {}),
    ...(state.conclusion ? { conclusion: state.conclusion } : {}),
    ...(why ? { why } : {}),
    createdAt: facts.createdAt,
    ...(state.finished && facts.finishedAt !== undefined ? { finishedAt: facts.finishedAt } : {}),
  }
}

function runTimes(shop: Workshop, id: RunId): { createdAt: number; finishedAt?: number } {
  const events = shop.world.store.read(streams.run(id))
  const finished = events.findLast(({ body }) => body.type === 'RunFinished')
  return { createdAt: events[0]?.at ?? 0, ...(finished ? { finishedAt: finished.at } : {}) }
}

/** What its first waiting job waits for. */
function waitingWhy(shop: Workshop, state: RunState): ReasonText | undefined {
  const jobs = [...state.jobs.values()]
  const first = jobs.find((job) => job.phase === 'waiting') ?? jobs.find((job) => job.phase === 'pending')
  return first && jobReason(state, first.key, rivals(shop, state))
}

function runStatus(state: RunState): RunSummary['status'] {
  if (state.finished) return 'finished'
  if (needsApproval(state)) return 'waiting'
  const phases = [...state.jobs.values()].map((job) => job.phase)
  if (phases.some((phase) => phase === 'running' || phase === 'deploying')) return 'running'
  if (phases.some((phase) => phase === 'waiting')) return 'waiting'
  return phases.some((phase) => phase === 'finished') ? 'running' : 'queued'
}

/** A run whole. */
export function runView(shop: Workshop, id: RunId): RunView {
  const summary = runSummary(shop, id)
  const { state } = shop.states.run(id)
  const events = shop.world.store.read(streams.run(id))
  return {
    ...summary,
    jobs: (state.plan?.jobs ?? []).map((planned) => jobView({ state, others: rivals(shop, state) }, planned, events)),
    problems: events.flatMap(({ body }) => (body.type === 'RunRefused' ? body.problems : [])),
    images: imagesOf(shop, summary.project).filter((image) => image.run === id),
  }
}

/** The images of a project, newest first. */
export function imagesOf(shop: Workshop, project: ProjectName): readonly ImageView[] {
  return shop.states
    .project(project)
    .state.images.map(({ repository, tag, digest, at, by, run, evidence }) => ({
      ...{ repository, digest, at, by, ...(tag ? { tag } : {}), ...(run ? { run, ...numberOf(shop, run) } : {}) },
      ...(evidence ? { evidence: evidence.problem === undefined ? ('made' as const) : ('failed' as const) } : {}),
    }))
    .toReversed()
}

function numberOf(shop: Workshop, run: RunId): { readonly runNumber?: number } {
  const { number } = shop.states.run(run).state
  return number === undefined ? {} : { runNumber: number }
}

/** What other runs claim: asked for only when this one waits for a concurrency group. */
function rivals(shop: Workshop, state: RunState): readonly Claim[] {
  return claimsOf(state).some((claim) => !claim.held) ? claimsBeside(shop, state) : []
}

interface Seen {
  readonly state: RunState
  readonly others: readonly Claim[]
}

function jobView({ state, others }: Seen, planned: PlannedJob, events: readonly StoredEvent[]): JobView {
  const job: JobState = state.jobs.get(planned.key) ?? { key: planned.key, attempt: 1, phase: 'pending', outputs: {} }
  const own = events.filter(({ body }) => 'job' in body && body.job === job.key && (!('attempt' in body) || body.attempt === job.attempt))
  const started = own.find(({ body }) => body.type === 'JobStarted')
  const finished = own.findLast(({ body }) => body.type === 'JobFinished')
  const why = jobWhy({ state, others }, job, finished)
  return {
    key: job.key,
    name: planned.name,
    needs: shownNeeds(state.plan, planned),
    ...(planned.within ? { group: planned.within.at(-1) } : {}),
    attempt: job.attempt,
    phase: job.phase,
    ...(job.conclusion ? { conclusion: job.conclusion } : {}),
    ...(why ? { why } : {}),
    ...(planned.environment ? { environment: planned.environment } : {}),
    ...(job.environmentUrl ? { environmentUrl: job.environmentUrl } : {}),
    ...(job.deployment ? { deployment: job.deployment } : {}),
    ...(started ? { startedAt: started.at } : {}),
    ...(finished ? { finishedAt: finished.at } : {}),
    steps: stepViews(own),
    outputs: job.outputs,
  }
}

/** Why it waits, or why it ended so when that is not plain. */
function jobWhy({ state, others }: Seen, job: JobState, finished: StoredEvent | undefined): ReasonText | undefined {
  if (finished?.body.type === 'JobFinished') return finished.body.reason ? { code: finished.body.code ?? 'failed', sentence: finished.body.reason } : undefined
  return jobReason(state, job.key, others)
}

function stepViews(events: readonly StoredEvent[]): readonly StepView[] {
  const steps = new Map<number, StepView>()
  for (const { body, at } of events) {
    if (body.type === 'StepStarted') steps.set(body.step, { index: body.step, name: body.name, status: 'running', startedAt: at })
    if (body.type === 'StepFinished') {
      const known = steps.get(body.step)
      const startedAt = known?.startedAt ?? at - body.durationMs
      steps.set(body.step, { index: body.step, name: body.name, status: 'finished', conclusion: body.conclusion, startedAt, durationMs: body.durationMs })
    }
  }
  return [...steps.values()]
}
