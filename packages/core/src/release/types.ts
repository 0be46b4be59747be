// Release: what will run, immutable. Nothing in it is looked up again later.

import type { App, PinnedImage, Service } from '../app/types.ts'
import type { CommitId, Digest, EnvironmentName, EpochMs, ProjectName, ReleaseId, RunId } from '../text/ids.ts'

export interface Release {
  readonly id: ReleaseId
  readonly project: ProjectName
  readonly environment: EnvironmentName
  /** Which kind of runtime it is made for; `process` when absent. */
  readonly runtime?: 'process' | 'docker' | 'kubernetes'
  /** Counted per project, from 1: `v12` is what people say. */
  readonly number: number
  readonly commit: CommitId
  readonly run?: RunId
  readonly createdAt: EpochMs
  readonly services: readonly ReleasedService[]
  /** What the services share, by key; files of the repository are pinned by their git object. */
  readonly shared?: Omit<App, 'services'>
  /** Name → version of each secret that the configuration uses; never a value. */
  readonly secretVersions: Readonly<Record<string, number>>
  /** sha256 over services (images by digest, rendered configuration) and secret versions: what an approval binds to. */
  readonly contentDigest: Digest
}

/** A service as it will run: its rendered configuration with its image pinned. */
export interface ReleasedService extends Omit<Service, 'image'> {
  readonly image: PinnedImage
}

/** One difference between what runs and what would run, for people. */
export interface ReleaseChange {
  readonly service: string
  readonly field: string
  readonly before?: string
  readonly after?: string
}
