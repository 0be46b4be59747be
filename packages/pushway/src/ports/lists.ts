// The Lists port: what lists ask of the projections, and the counters that names come from.

import type { CommitId, DeploymentId, EnvironmentName, EpochMs, ProjectName, ReleaseId, RunId } from '@pushway/core/text/ids.ts'

export interface PullFilter {
  readonly state?: 'open' | 'closed'
  readonly head?: string
  readonly base?: string
  readonly limit: number
}

/** An entry of a workflow's schedule. `since`: when it ran last (`hasRun`), or was first seen. */
export interface ScheduleRow {
  readonly project: ProjectName
  readonly file: string
  readonly cron: string
  readonly timezone?: string
  readonly since: EpochMs
  readonly hasRun: boolean
}

/**
 * Lists and counters, all of them projections of the events: written in the transaction that appends, so a reader sees what was appended.
 * Synchronous; what a limit cuts is the oldest; may be dropped and built again. A counter gives each number once, also after a crash (numbers may be left out).
 */
export interface Lists {
  projects(): readonly ProjectName[]
  hasProject(name: ProjectName): boolean
  runs(project: ProjectName, limit: number): readonly RunId[]
  runByNumber(project: ProjectName, number: number): RunId | undefined
  activeRuns(): readonly RunId[]
  /** The next number of the project's runs; each call gives another one. */
  takeRunNumber(project: ProjectName): number
  /** The next number of a run in the whole installation; each call gives another one. */
  takeRunSerial(): number
  /** The run's number in the whole installation. */
  runSerial(run: RunId): number | undefined
  runBySerial(serial: number): RunId | undefined
  /** Newest first; `state` undefined: all. */
  pulls(project: ProjectName, wanted: PullFilter): readonly number[]
  /** The open ones that a branch is the head or base of. */
  pullsOf(project: ProjectName, branch: string): readonly number[]
  takePullNumber(project: ProjectName): number
  schedules(): readonly ScheduleRow[]
  /** The deployment's number in the whole installation, and the way back. */
  deploymentSerial(id: DeploymentId): number | undefined
  deploymentBySerial(serial: number): DeploymentId | undefined
  deployments(project: ProjectName, environment: EnvironmentName | undefined, limit: number): readonly DeploymentId[]
  deploymentsOfRun(run: RunId): readonly DeploymentId[]
  /** Where something was ever deployed or asked for. */
  environments(): readonly { readonly project: ProjectName; readonly environment: EnvironmentName }[]
  activeDeployments(): readonly DeploymentId[]
  nextReleaseNumber(project: ProjectName): number
  releaseByNumber(project: ProjectName, number: number): ReleaseId | undefined
  /** Whether this move of a ref was taken already. */
  hasPush(push: { project: ProjectName; ref: string; after: CommitId }): boolean
}
