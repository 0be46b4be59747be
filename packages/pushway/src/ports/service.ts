// The program's commands and queries, as the engine gives them and HTTP and the CLI use them.
// Whether the caller may is decided before, at the one choke point (http/authorize.ts); `by` is who asks.

import type { ImageBuildInfo, StoredEvent } from '@pushway/core/event/types.ts'
import type { RepositoryFacts } from '@pushway/core/github/base.ts'
import type { DeploymentFacts, DeploymentStatusFacts } from '@pushway/core/github/deployment.ts'
import type { PullFacts } from '@pushway/core/github/pull.ts'
import type { TagRelease } from '@pushway/core/github/release.ts'
import type { RunFacts } from '@pushway/core/github/workflow-run.ts'
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
  PullSummary,
  PullView,
  RunSummary,
  RunView,
  ScheduleView,
  TimelineEntry,
} from '@pushway/core/views/types.ts'
import type { Secret } from '../util/secret.ts'
import type { PullFilter } from './lists.ts'
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

/** Who asks. What a run does with its own token starts no workflow, so that none starts itself for ever. */
export interface Asking {
  readonly by: string
  readonly byRun?: boolean
}

export interface PullPlace {
  readonly project: ProjectName
  readonly number: number
}

/** A pull request to be opened; branches by their short names. `fork` and the commits: of a remote host, already fetched. */
export interface NewPull {
  readonly title: string
  readonly body: string
  readonly head: string
  readonly base: string
  readonly draft: boolean
}

/** A pull request of the host that this project follows. Its commits are here. */
export interface RemotePull {
  readonly number: number
  readonly title: string
  readonly body: string
  readonly draft: boolean
  readonly state: 'open' | 'closed'
  readonly merged: CommitId | null
  readonly head: { readonly ref: string; readonly sha: CommitId }
  readonly base: { readonly ref: string; readonly sha: CommitId }
  /** Another repository than the base's. */
  readonly fork?: ProjectName
}

export interface PullEdit {
  readonly title?: string
  readonly body?: string
  readonly base?: string
  readonly draft?: boolean
}

export interface PullMerge {
  readonly method: 'merge' | 'squash'
  readonly title?: string
  readonly message?: string
  /** The head that was looked at; another one is refused. */
  readonly sha?: CommitId
}

/** What changes pull requests. Each is done when it returns; the runs it starts are recorded with it. */
export interface PullCommands {
  /** @throws PushwayError `request-refused`, `not-found` */
  openPull(project: ProjectName, pull: NewPull, who: Asking): Promise<PullView>
  /** Takes what happened on the host that the project follows; gives the runs it started. */
  receivePull(project: ProjectName, pull: RemotePull, activity: { readonly action: string; readonly by: string }): Promise<readonly RunId[]>
  editPull(place: PullPlace, edit: PullEdit, who: Asking): Promise<PullView>
  closePull(place: PullPlace, who: Asking): Promise<PullView>
  /** @throws PushwayError `request-refused` when a branch is gone or it was merged */
  reopenPull(place: PullPlace, who: Asking): Promise<PullView>
  /** @throws PushwayError `pull-not-mergeable` */
  mergePull(place: PullPlace, merge: PullMerge, who: Asking): Promise<PullView>
  labelPull(place: PullPlace, labels: { readonly add?: readonly string[]; readonly remove?: readonly string[] }, who: Asking): Promise<PullView>
  /** Gives the comment's number. */
  commentPull(place: PullPlace, body: string, who: Asking): Promise<number>
  /** Null: the comment is deleted. */
  editComment(place: PullPlace, comment: { readonly id: number; readonly body: string | null }, who: Asking): Promise<void>
}

/** What starts workflows besides pushes and pull requests. */
export interface TriggerCommands {
  /** `repository_dispatch`: gives the runs it started. */
  dispatchRepository(
    project: ProjectName,
    event: { readonly type: string; readonly payload: Readonly<Record<string, unknown>> },
    by: string,
  ): Promise<readonly RunId[]>
  /** Lets a run of a fork's code go on. */
  approveRun(run: RunId, by: string): void
  /** A release of a tag changed, from what it was to what it is; undefined: it is not there. Its tag is made when it is published. */
  releaseChanged(project: ProjectName, change: { readonly before?: TagRelease; readonly after?: TagRelease }, who: Asking): Promise<void>
  /** A deployment that others keep a record of through the API, or one of its statuses. */
  deploymentTold(project: ProjectName, told: { readonly deployment: DeploymentFacts; readonly status?: DeploymentStatusFacts }, who: Asking): Promise<void>
}

/** Which jobs run again (with those that need them), and whether they log for debugging. */
export interface RerunRequest {
  readonly which: 'all' | 'failed' | { readonly job: string }
  readonly debug?: boolean
}

/**
 * What people and programs may ask for. `by` is who asks; whether they may was decided before. A command has been appended, durably, when it
 * returns; what follows from it happens afterwards. Throws a PushwayError (`not-found`, `already-exists`, …) and then nothing was changed.
 */
export interface Commands extends PullCommands, TriggerCommands {
  createProject(name: ProjectName, by: string): ProjectView
  /** Idempotent per (project, ref, after). `delivery`: a webhook's delivery id. */
  receivePush(push: ReceivedRefs, by: string): Promise<PushResult>
  dispatchWorkflow(project: ProjectName, request: { workflow: string; ref: string; inputs: Readonly<Record<string, string>> }, by: string): Promise<RunSummary>
  cancelRun(run: RunId, force: boolean, by: string): void
  rerun(run: RunId, what: RerunRequest, by: string): void
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

/** What GitHub-shaped answers are made of. Numbers are those of the whole installation (`github.run_id`). */
export interface ForgeQueries {
  repository(project: ProjectName): Promise<RepositoryFacts>
  pullFacts(place: PullPlace): Promise<PullFacts>
  /** @throws PushwayError `not-found` also for a run of another project */
  runFacts(project: ProjectName, serial: number): Promise<RunFacts>
  /** The runs' numbers, newest first. */
  runSerials(project: ProjectName, limit: number): readonly number[]
  runBySerial(project: ProjectName, serial: number): RunId
  /** Pushway's own deployments with their present status, newest first. */
  deploymentRecords(project: ProjectName, limit: number): Promise<readonly DeploymentRecord[]>
}

export interface DeploymentRecord {
  readonly deployment: DeploymentFacts
  readonly statuses: readonly DeploymentStatusFacts[]
}

/** What can be seen. Reads only; throws a PushwayError `not-found` for what is not there. */
export interface Queries extends ForgeQueries {
  projects(): readonly ProjectView[]
  project(name: ProjectName): ProjectView
  /** Names alone: asked with every request to the registry. */
  projectNames(): readonly ProjectName[]
  runs(project: ProjectName, limit: number): readonly RunSummary[]
  /** Newest first. @throws PushwayError `not-found` for an unknown project */
  pulls(project: ProjectName, wanted: PullFilter): readonly PullSummary[]
  pull(place: PullPlace): Promise<PullView>
  /** When scheduled workflows run next, soonest first. */
  schedules(project: ProjectName): readonly ScheduleView[]
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
