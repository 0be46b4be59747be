// Views: what the API answers, the CLI prints and the UI draws. Plain JSON; times are epoch ms, durations ms, shares 0..1.

import type { ReasonText } from '../reason/reasons.ts'
import type { ReleaseChange } from '../release/types.ts'
import type { TrafficCounts, Verdict } from '../rollout/types.ts'
import type { Conclusion, JobPhase } from '../run/types.ts'
import type { CommitId, DeploymentId, Digest, EnvironmentName, EpochMs, Milliseconds, ProjectName, ReleaseId, RunId } from '../text/ids.ts'

export type Role = 'admin' | 'write' | 'read'

export interface UserView {
  readonly name: string
  readonly admin: boolean
}

export interface ProjectView {
  readonly name: ProjectName
  readonly createdAt: EpochMs
  readonly cloneUrl: string
  readonly environments: readonly EnvironmentSummary[]
  /** Newest first; `GET /projects/{name}` gives twenty, the list gives one. */
  readonly lanes: readonly LaneView[]
}

/** One release's way: commit → run → image → environments. The UI's signature drawing. */
export interface LaneView {
  readonly commit: CommitId
  readonly ref: string
  readonly message: string
  readonly by: string
  readonly at: EpochMs
  readonly stations: readonly StationView[]
}

export interface StationView {
  readonly kind: 'commit' | 'run' | 'image' | 'environment'
  readonly name: string
  readonly state: 'pending' | 'active' | 'waiting' | 'done' | 'failed' | 'skipped'
  readonly why?: ReasonText
  readonly startedAt?: EpochMs
  readonly durationMs?: Milliseconds
  /** Address in the UI: `/acme/hello/runs/12`. */
  readonly href?: string
}

export interface RunSummary {
  readonly id: RunId
  readonly project: ProjectName
  readonly number: number
  readonly workflowName: string
  readonly workflowFile: string
  readonly title: string
  readonly event: string
  readonly ref: string
  readonly sha: CommitId
  readonly actor: string
  readonly status: 'queued' | 'running' | 'waiting' | 'finished'
  /** Somebody has cancelled it, and it has not ended yet: cancelling again kills it. */
  readonly cancelling?: boolean
  readonly conclusion?: Conclusion
  /** What it waits for, while it waits. */
  readonly why?: ReasonText
  readonly createdAt: EpochMs
  readonly finishedAt?: EpochMs
}

export interface RunView extends RunSummary {
  readonly jobs: readonly JobView[]
  readonly problems: readonly string[]
  readonly images: readonly ImageView[]
}

export interface JobView {
  readonly key: string
  readonly name: string
  /** Legs of one matrix have the same. */
  readonly group?: string
  readonly needs: readonly string[]
  readonly attempt: number
  readonly phase: JobPhase
  readonly conclusion?: Conclusion
  readonly why?: ReasonText
  readonly environment?: EnvironmentName
  /** Where it is, as the workflow says (`environment.url`). */
  readonly environmentUrl?: string
  readonly deployment?: DeploymentId
  readonly startedAt?: EpochMs
  readonly finishedAt?: EpochMs
  readonly steps: readonly StepView[]
  readonly outputs: Readonly<Record<string, string>>
}

/** A file that a job has kept for others. `digest` is that of the whole (zip) file. */
export interface ArtifactView {
  readonly id: number
  readonly name: string
  readonly job: string
  readonly attempt: number
  /** Bytes. */
  readonly size: number
  readonly digest?: Digest
  readonly createdAt: EpochMs
  readonly expiresAt: EpochMs
}

export interface StepView {
  readonly index: number
  readonly name: string
  readonly status: 'pending' | 'running' | 'finished'
  readonly conclusion?: Conclusion
  readonly startedAt?: EpochMs
  readonly durationMs?: Milliseconds
}

export interface PullSummary {
  readonly project: ProjectName
  readonly number: number
  readonly title: string
  readonly state: 'open' | 'closed' | 'merged'
  readonly draft: boolean
  readonly head: { readonly ref: string; readonly sha: CommitId }
  readonly base: { readonly ref: string; readonly sha: CommitId }
  /** The head's repository, when it is another one. */
  readonly fork?: ProjectName
  readonly by: string
  readonly labels: readonly string[]
  readonly comments: number
  /** Null: not open, or not tried yet. */
  readonly mergeable: boolean | null
  readonly createdAt: EpochMs
  readonly updatedAt: EpochMs
}

export interface PullView extends PullSummary {
  readonly body: string
  readonly mergedAt?: EpochMs
  readonly mergedBy?: string
  readonly mergeCommit?: CommitId
  /** Paths that both sides changed. */
  readonly conflicts: readonly string[]
  /** Oldest first, at most 250. */
  readonly commits: readonly { readonly id: CommitId; readonly message: string; readonly author: string; readonly at: EpochMs }[]
  readonly files: readonly ChangedFileView[]
  readonly thread: readonly { readonly id: number; readonly by: string; readonly body: string; readonly at: EpochMs }[]
  /** Runs about it or its head's commit, newest first. */
  readonly runs: readonly RunSummary[]
}

export interface ChangedFileView {
  readonly path: string
  readonly from?: string
  readonly status: 'added' | 'removed' | 'modified' | 'renamed' | 'copied' | 'changed'
  readonly additions: number
  readonly deletions: number
  /** The hunks; absent for binary and very large files. */
  readonly patch?: string
}

/** An entry of a workflow's `schedule`. */
export interface ScheduleView {
  readonly file: string
  readonly cron: string
  readonly timezone: string
  readonly lastAt?: EpochMs
  readonly nextAt?: EpochMs
}

export interface ImageView {
  readonly repository: string
  readonly tag?: string
  readonly digest: Digest
  readonly at: EpochMs
  readonly run?: RunId
  readonly runNumber?: number
  readonly by: string
  readonly evidence?: 'made' | 'failed'
}

export interface ReleaseView {
  readonly id: ReleaseId
  readonly number: number
  readonly commit: CommitId
  readonly message: string
  readonly run?: RunId
  readonly createdAt: EpochMs
  readonly contentDigest: Digest
  readonly services: readonly { readonly name: string; readonly repository: string; readonly digest: Digest; readonly replicas: number }[]
}

export interface EnvironmentSummary {
  readonly project: ProjectName
  readonly name: EnvironmentName
  readonly url?: string
  readonly release?: ReleaseView
  readonly liveSince?: EpochMs
  readonly active?: DeploymentId
  readonly health: 'ok' | 'degraded' | 'down' | 'empty'
}

export interface EnvironmentView extends EnvironmentSummary {
  readonly branch?: string
  readonly runtime: string
  readonly deploys: boolean
  readonly services: readonly ServiceView[]
  /** Newest first. */
  readonly deployments: readonly DeploymentSummary[]
}

export interface ServiceView {
  readonly name: string
  readonly groups: readonly GroupView[]
  readonly addresses: readonly string[]
}

export interface GroupView {
  readonly id: string
  readonly release: ReleaseId
  readonly digest: Digest
  readonly wanted: number
  readonly ready: number
  readonly crashes: number
  readonly weight?: number
  readonly traffic?: TrafficCounts
  readonly instances: readonly {
    readonly id: string
    readonly state: string
    readonly startedAt: EpochMs
    readonly restarts: number
    readonly problem?: string
  }[]
}

export interface DeploymentSummary {
  readonly id: DeploymentId
  readonly project: ProjectName
  readonly environment: EnvironmentName
  readonly kind: 'deploy' | 'rollback' | 'promote'
  readonly release?: ReleaseView
  readonly by: string
  readonly run?: RunId
  readonly job?: string
  readonly status: 'waiting-for-approval' | 'waiting' | 'rolling' | 'paused' | 'aborting' | 'done'
  readonly conclusion?: 'success' | 'failure' | 'cancelled'
  /** What it waits for or why it ended so. */
  readonly why: ReasonText
  readonly createdAt: EpochMs
  readonly finishedAt?: EpochMs
}

export interface DeploymentView extends DeploymentSummary {
  readonly previous?: ReleaseView
  readonly changes: readonly ReleaseChange[]
  readonly approval?: ApprovalView
  readonly rollout?: RolloutView
  readonly evidence: readonly EvidenceView[]
}

export interface ApprovalView {
  readonly contentDigest: Digest
  readonly state: 'open' | 'given' | 'rejected' | 'expired' | 'void'
  readonly reviewers: readonly string[]
  readonly required: number
  readonly given: readonly { readonly by: string; readonly why: string; readonly at: EpochMs }[]
  readonly rejected?: { readonly by: string; readonly why: string; readonly at: EpochMs }
  readonly void?: string
  readonly expiresAt: EpochMs
  /** Whether the caller may decide it now. */
  readonly mine: boolean
}

export interface RolloutView {
  readonly strategy: 'rolling' | 'canary'
  readonly steps: readonly { readonly text: string; readonly state: 'done' | 'active' | 'pending' | 'skipped'; readonly why?: ReasonText }[]
  readonly percent: number
  readonly fresh?: TrafficCounts
  readonly baseline?: TrafficCounts
  readonly verdict?: Verdict
  readonly verdicts: readonly Verdict[]
  readonly startedAt: EpochMs
}

/** What speaks for a release: job results, verify runs, canary verdicts. */
export interface EvidenceView {
  readonly kind: 'job' | 'verify' | 'verdict' | 'digest'
  readonly text: string
  readonly ok: boolean
  readonly href?: string
}

/** One line of the timeline; `cause` is the `id` of the entry that led to it. */
export interface TimelineEntry {
  readonly id: string
  readonly at: EpochMs
  readonly kind: 'push' | 'run' | 'image' | 'approval' | 'rollout' | 'verify' | 'rollback' | 'release' | 'pull' | 'setting'
  readonly state: 'info' | 'good' | 'bad' | 'waiting'
  readonly text: string
  readonly project: ProjectName
  readonly environment?: EnvironmentName
  readonly by?: string
  readonly href?: string
  readonly cause?: string
}

/** The facts behind what something is now, and the reason of each decision. */
export interface ExplainView {
  readonly stream: string
  readonly now: ReasonText
  readonly facts: readonly { readonly seq: number; readonly at: EpochMs; readonly type: string; readonly text: string }[]
}

/** What a deployment would do, without doing it. */
export interface PlanView {
  readonly environment: EnvironmentName
  readonly release: ReleaseView
  readonly changes: readonly ReleaseChange[]
  readonly steps: readonly string[]
  readonly warnings: readonly string[]
}

/** One message of the event stream (server-sent events). `topic`s a tab subscribes to: `project:NAME`, `run:ID`, `deployment:ID`, `environment:ID`. */
export interface LiveMessage {
  readonly cursor: number
  readonly topic: string
  readonly type: string
}

export interface LogPage {
  readonly lines: readonly { readonly at: EpochMs; readonly step: number; readonly text: string }[]
  readonly cursor: number
  /** No more will come. */
  readonly done: boolean
}
