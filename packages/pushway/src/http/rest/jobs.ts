// The jobs of a run in GitHub's numbers.

import { numberOf } from '@pushway/core/github/base.ts'
import type { JobFacts, RunFacts } from '@pushway/core/github/workflow-run.ts'
import type { JobView } from '@pushway/core/views/types.ts'
import type { Services } from '../services.ts'

const perRun = 2 ** 32

/** A job's number: its run's and one that its key always gives. */
function jobNumber(run: number, key: string): number {
  return run * perRun + numberOf(key)
}

/** The run that a job's number belongs to. */
export function runOfJob(job: number): number {
  return Math.floor(job / perRun)
}

export interface NumberedJob extends JobFacts {
  readonly key: string
  readonly attempt: number
}

/** All jobs of a run, in the plan's order. */
export function jobsOf({ queries }: Services, { project, run }: { readonly project: string; readonly run: RunFacts }): readonly NumberedJob[] {
  return queries.run({ project, number: run.number }).jobs.map((job) => jobFacts(run.id, job))
}

function jobFacts(run: number, job: JobView): NumberedJob {
  return {
    id: jobNumber(run, job.key),
    key: job.key,
    attempt: job.attempt,
    name: job.name,
    status: statusOf(job.phase),
    conclusion: job.conclusion ?? null,
    ...(job.startedAt === undefined ? {} : { startedAt: job.startedAt }),
    ...(job.finishedAt === undefined ? {} : { finishedAt: job.finishedAt }),
    labels: [],
    steps: job.steps.map((step) => ({
      name: step.name,
      status: step.status === 'running' ? 'in_progress' : step.status === 'finished' ? 'completed' : 'queued',
      conclusion: step.conclusion ?? null,
      number: step.index + 1,
      ...(step.startedAt === undefined ? {} : { startedAt: step.startedAt }),
      ...(step.startedAt === undefined || step.durationMs === undefined ? {} : { finishedAt: step.startedAt + step.durationMs }),
    })),
  }
}

function statusOf(phase: JobView['phase']): JobFacts['status'] {
  switch (phase) {
    case 'pending':
      return 'queued'
    case 'waiting':
      return 'waiting'
    case 'running':
    case 'deploying':
      return 'in_progress'
    case 'finished':
      return 'completed'
  }
}
