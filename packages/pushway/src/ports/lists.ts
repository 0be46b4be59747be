// The Lists port: what lists ask of the projections, and the counters that names come from.

import type { CommitId, DeploymentId, EnvironmentName, ProjectName, ReleaseId, RunId } from '@pushway/core/text/ids.ts'

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
  nextRunNumber(project: ProjectName): number
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
