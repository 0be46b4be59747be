// The program's commands and queries, as the engine gives them and HTTP and the CLI use them.
// Whether the caller may is decided before, at the one choke point (http/authorize.ts); `by` is who asks.

import type { ImageBuildInfo, StoredEvent } from '@pushway/core/event/types.ts'
import type { CommitId, DeploymentId, Digest, EnvironmentName, ProjectName, RunId } from '@pushway/core/text/ids.ts'
import type {
  DeploymentSummary,
  DeploymentView,
  EnvironmentView,
  ExplainView,
  ImageView,
  LogPage,
  PlanView,
  ProjectView,
  RunSummary,
  RunView,
  TimelineEntry,
} from '@pushway/core/views/types.ts'
import type { Secret } from '../util/secret.ts'
import type { InstanceLogLine } from './runtime.ts'
import type { SettingScope } from './settings.ts'

/** A ref that a push or webhook moved. null: it did not exist before / does not any more. */
export interface RefUpdate {
  readonly ref: string
  readonly before: CommitId | null
  readonly after: CommitId | null
}

/** Moved refs of one project. */
export interface ReceivedRefs {
  readonly project: ProjectName
  readonly updates: readonly RefUpdate[]
  readonly source: 'git' | 'webhook'
  /** Pushed with a run's own token: it starts no workflow, so that none starts itself for ever. */
  readonly byRun?: boolean
}

export interface EnvironmentPlace {
  readonly project: ProjectName
  readonly environment: EnvironmentName
}

/** `cursor` and `limit` are bytes of the log; the newest attempt when none is named. */
export interface JobLogRequest {
  readonly run: RunId
  readonly job: string
  readonly attempt: number | undefined
  readonly cursor: number
  readonly limit: number
}

export interface InstanceLogsRequest extends EnvironmentPlace {
  readonly service: string | undefined
  readonly tail: number
  readonly follow: boolean
}

export interface PushResult {
  readonly runs: readonly RunSummary[]
  /** Why something did not start: refused files, one sentence or finding each; "no workflow applies". */
  readonly problems: readonly string[]
}

export interface TimelineFilter {
  readonly project?: ProjectName
  readonly environment?: EnvironmentName
  readonly kind?: string
  readonly by?: string
  readonly limit: number
}

/**
 * What people and programs may ask for. `by` is who asks; whether they may was decided before. A command has been appended, durably, when it
 * returns; what follows from it happens afterwards. Throws a PushwayError (`not-found`, `already-exists`, …) and then nothing was changed.
 */
export interface Commands {
  createProject(name: ProjectName, by: string): ProjectView
  /** Idempotent per (project, ref, after). `delivery`: a webhook's delivery id. */
  receivePush(push: ReceivedRefs, by: string): Promise<PushResult>
  dispatchWorkflow(project: ProjectName, request: { workflow: string; ref: string; inputs: Readonly<Record<string, string>> }, by: string): Promise<RunSummary>
  cancelRun(run: RunId, force: boolean, by: string): void
  rerun(run: RunId, which: 'all' | 'failed' | { readonly job: string }, by: string): void
  imagePushed(push: { repository: string; tag?: string; digest: Digest; run?: RunId; by: string; source?: ImageBuildInfo }): void
  approve(deployment: DeploymentId, decision: { contentDigest?: Digest; why: string }, by: string): void
  reject(deployment: DeploymentId, why: string, by: string): void
  pause(deployment: DeploymentId, by: string): void
  resume(deployment: DeploymentId, by: string): void
  abort(deployment: DeploymentId, why: string, by: string): void
  /** To the release before the live one, or to a named one (id or number). */
  rollback(place: EnvironmentPlace, to: string | undefined, by: string): DeploymentSummary
  promote(project: ProjectName, way: { from: EnvironmentName; to: EnvironmentName }, by: string): Promise<DeploymentSummary>
  setSecret(scope: SettingScope, secret: { name: string; value: Secret }, by: string): { version: number }
  setVariable(scope: SettingScope, variable: { name: string; value: string }, by: string): void
}

/** What can be seen. Reads only; throws a PushwayError `not-found` for what is not there. */
export interface Queries {
  projects(): readonly ProjectView[]
  project(name: ProjectName): ProjectView
  /** Names alone: asked with every request to the registry. */
  projectNames(): readonly ProjectName[]
  runs(project: ProjectName, limit: number): readonly RunSummary[]
  /** By id, or `project` and number. */
  run(run: RunId | { readonly project: ProjectName; readonly number: number }): RunView
  jobLog(request: JobLogRequest): Promise<LogPage>
  environments(project: ProjectName): Promise<readonly EnvironmentView[]>
  environment(project: ProjectName, name: EnvironmentName): Promise<EnvironmentView>
  history(project: ProjectName, environment: EnvironmentName): readonly DeploymentSummary[]
  deployment(id: DeploymentId, viewer: string): Promise<DeploymentView>
  plan(project: ProjectName, environment: EnvironmentName, ref: string): Promise<PlanView>
  explain(id: RunId | DeploymentId): ExplainView
  timeline(filter: TimelineFilter): readonly TimelineEntry[]
  images(project: ProjectName): readonly ImageView[]
  secretNames(project: ProjectName): readonly { name: string; environment?: string; version: number }[]
  variables(project: ProjectName): readonly { name: string; environment?: string; value: string }[]
  instanceLogs(wanted: InstanceLogsRequest, signal: AbortSignal): AsyncIterable<InstanceLogLine>
  /** Who owns a run, deployment: for authorisation. Undefined: there is none. */
  ownerOf(id: RunId | DeploymentId): ProjectName | undefined
  events(afterPosition: number, limit: number): readonly StoredEvent[]
  subscribe(listener: (events: readonly StoredEvent[]) => void): () => void
}
