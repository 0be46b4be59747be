// The event union: every fact that people or decisions need, in one stream per thing. Log lines and samples are not events.

import type { ScanFindings } from '../images/scan.ts'
import type { PullEvent } from '../pull/types.ts'
import type { Release } from '../release/types.ts'
import type { DeploymentEvent } from '../rollout/types.ts'
import type { RunEvent } from '../run/types.ts'
import type { CommitId, DeploymentId, Digest, EpochMs, GroupId, ProjectName, ReleaseId, RunId } from '../text/ids.ts'
import type { ScheduleEntry } from '../workflow/types.ts'

/** Facts of a project's stream. */
export type ProjectEvent =
  | { readonly type: 'ProjectCreated'; readonly project: ProjectName; readonly by: string }
  | {
      readonly type: 'PushReceived'
      readonly ref: string
      readonly before: CommitId | null
      readonly after: CommitId | null
      readonly by: string
      readonly source: 'git' | 'webhook'
      readonly runs: readonly RunId[]
      readonly message: string
      readonly problems: readonly string[]
    }
  | {
      readonly type: 'ImagePushed'
      readonly repository: string
      readonly tag?: string
      readonly digest: Digest
      readonly run?: RunId
      readonly by: string
      readonly source?: ImageBuildInfo
    }
  /** Signatures and statements about it are stored. `packages`: how many its bill of materials names. */
  | {
      readonly type: 'ImageAttested'
      readonly repository: string
      readonly digest: Digest
      readonly key: string
      readonly provenance: boolean
      readonly packages?: number
      readonly findings?: ScanFindings
    }
  | { readonly type: 'ImageNotAttested'; readonly repository: string; readonly digest: Digest; readonly problem: string }
  | { readonly type: 'SecretSet'; readonly name: string; readonly environment?: string; readonly version: number; readonly by: string }
  | { readonly type: 'VariableSet'; readonly name: string; readonly environment?: string; readonly by: string }
  /** What the default branch's workflows are to be started at: all of it, each time it changes. */
  | { readonly type: 'SchedulesSet'; readonly schedules: readonly ProjectSchedule[] }
  /** A release of a tag, as GitHub has them, was created, published, edited or deleted. */
  | { readonly type: 'TagReleaseChanged'; readonly activities: readonly string[]; readonly tag: string; readonly by: string }

/** One entry of a workflow's `schedule`. */
export interface ProjectSchedule extends ScheduleEntry {
  /** `.github/workflows/nightly.yml`. */
  readonly file: string
}

/** What an image says it was built from (its annotations): how a release finds the digest of a `build:`. */
export interface ImageBuildInfo {
  readonly context?: string
  readonly dockerfile?: string
  readonly target?: string
  /** `host` for the embedded builder's images. */
  readonly base?: string
}

/** Facts of an environment's stream: what is live, and who holds it. */
export type EnvironmentEvent =
  | { readonly type: 'RolloutAdmitted'; readonly deployment: DeploymentId }
  | { readonly type: 'RolloutLeft'; readonly deployment: DeploymentId }
  /** `groups`: which group serves each service from now on. */
  | {
      readonly type: 'ReleaseLive'
      readonly release: ReleaseId
      readonly deployment: DeploymentId
      readonly kind: 'deploy' | 'rollback' | 'promote'
      readonly groups: Readonly<Record<string, GroupId>>
    }
  /** The verify workflow passed against it: its digests are proven here. */
  | { readonly type: 'ReleaseVerified'; readonly release: ReleaseId; readonly digests: readonly Digest[] }

export type ReleaseEvent = { readonly type: 'ReleaseCreated'; readonly release: Release }

export type PushwayEvent = ProjectEvent | EnvironmentEvent | ReleaseEvent | RunEvent | DeploymentEvent | PullEvent

/** `run/ID`, `deployment/ID`, `release/ID`, `project/owner/name`, `environment/owner/name/env`, `pull/owner/name/N`. */
export type StreamId = string

/** An event as it is stored. `version` is the shape's version, 1 unless a type says otherwise. */
export interface StoredEvent<E extends PushwayEvent = PushwayEvent> {
  /** Counted over all streams, from 1: the cursor of the event stream. */
  readonly position: number
  readonly stream: StreamId
  /** From 1 in its stream. */
  readonly seq: number
  readonly version: number
  readonly at: EpochMs
  readonly body: E
  /** The stream whose event caused this one, for the timeline. */
  readonly cause?: StreamId
}

/** The name of each thing's stream. */
export const streams = {
  run: (id: RunId): StreamId => `run/${id}`,
  deployment: (id: DeploymentId): StreamId => `deployment/${id}`,
  release: (id: ReleaseId): StreamId => `release/${id}`,
  pull: (project: ProjectName, number: number): StreamId => `pull/${project}/${number}`,
  project: (name: ProjectName): StreamId => `project/${name}`,
  environment: (project: ProjectName, name: string): StreamId => `environment/${project}/${name}`,
} as const
