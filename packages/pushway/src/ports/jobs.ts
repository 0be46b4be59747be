// The JobRunner port: runs one job at a time, each in a worker of its own that outlives the control plane.

import type { JobReport, JobSpec, LogLine } from '@pushway/core/run/types.ts'
import type { ProjectName, RunId } from '@pushway/core/text/ids.ts'

/** Which execution of which job. */
export interface JobRef {
  readonly project: ProjectName
  readonly run: RunId
  readonly job: string
  readonly attempt: number
}

/** `lost`: the worker is gone and left no `finished` report. */
export type JobObserved =
  | { readonly state: 'unknown' }
  | { readonly state: 'running'; readonly pid: number }
  | { readonly state: 'finished' }
  /** `lastStep`: the name of the step that was started last. */
  | { readonly state: 'lost'; readonly lastStep?: string }

export interface JobRunnerCapabilities {
  /** `runs-on` labels that are served. */
  readonly labels: readonly string[]
  /** How jobs are kept from Pushway's data and from each other. */
  readonly isolation: 'uid' | 'namespaces' | 'none'
}

export interface JobSummary {
  readonly step: number
  readonly markdown: string
}

/** Reports and where to go on reading after them. */
export interface Chunk<T> {
  readonly items: readonly T[]
  /** Opaque, starts at 0; give it back to read what comes after. */
  readonly cursor: number
}

/**
 * Runs jobs.
 *
 * - `start` is idempotent by ref: a job that was started before is not started again, whatever became of it.
 * - Workers outlive the caller; everything they say is in spool files, read by cursor, so nothing is lost by a crash of the caller.
 * - Log lines are masked before they are written.
 */
export interface JobRunner {
  readonly capabilities: JobRunnerCapabilities
  start(ref: JobRef, spec: JobSpec, signal: AbortSignal): Promise<void>
  /** Asks the job to stop (steps get SIGINT, then SIGTERM 7.5 s later, then SIGKILL 2.5 s later, as GitHub's runner does); `force` kills at once. */
  cancel(ref: JobRef, force: boolean, signal: AbortSignal): Promise<void>
  observe(ref: JobRef, signal: AbortSignal): Promise<JobObserved>
  /** Reports after `cursor`; returns at once with what is there. */
  reports(ref: JobRef, cursor: number, signal: AbortSignal): Promise<Chunk<JobReport>>
  /** Log lines after `cursor` (a byte offset in the spool), at most `limit` bytes of them; returns at once. */
  log(ref: JobRef, cursor: number, limit: number, signal: AbortSignal): Promise<Chunk<LogLine>>
  /** What the job's steps have written to GITHUB_STEP_SUMMARY so far, in order of the steps; Markdown, masked, at most 20 as on GitHub. */
  summary(ref: JobRef, signal: AbortSignal): Promise<readonly JobSummary[]>
  /** Removes the workspace (not the spool); called once the job has ended and been recorded. */
  clean(ref: JobRef, signal: AbortSignal): Promise<void>
}
