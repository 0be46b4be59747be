// The ports of the results service: artifacts, caches and the uploads they come from; and what a job is given to reach it.

import type { CacheEntry } from '@pushway/core/results/cache.ts'
import type { JobServices, JobSpec } from '@pushway/core/run/types.ts'
import type { Digest, EnvironmentName, EpochMs, ProjectName, RunId } from '@pushway/core/text/ids.ts'
import type { ArtifactView } from '@pushway/core/views/types.ts'
import type { Secret } from '../util/secret.ts'

/** One piece of uploaded content, in the blob store. */
export interface ContentPart {
  readonly digest: Digest
  readonly size: number
}

export interface ArtifactRow extends ArtifactView {
  readonly project: ProjectName
  readonly run: RunId
  /** The upload that holds its bytes. */
  readonly upload: string
  readonly mime: string
  readonly ready: boolean
}

export interface CacheRow extends CacheEntry {
  readonly project: ProjectName
  readonly upload: string
  readonly ready: boolean
}

export interface NewArtifact {
  readonly project: ProjectName
  readonly run: RunId
  readonly attempt: number
  readonly job: string
  readonly name: string
  readonly upload: string
  readonly mime: string
  readonly at: EpochMs
  readonly expiresAt: EpochMs
}

export interface NewCache {
  readonly project: ProjectName
  readonly scope: string
  readonly key: string
  readonly version: string
  readonly upload: string
  readonly at: EpochMs
}

/**
 * Rows of artifacts and caches, and which parts an upload is made of. Synchronous and durable when a call returns.
 * Names of artifacts are unique in one attempt of a run, caches by scope, key and version; adding one that is there gives undefined.
 */
export interface ResultsStore {
  addArtifact(artifact: NewArtifact): ArtifactRow | undefined
  /** Of a run, all attempts, newest first, also those that are being uploaded. */
  artifacts(run: RunId): readonly ArtifactRow[]
  artifact(id: number): ArtifactRow | undefined
  finishArtifact(id: number, facts: { size: number; digest: Digest }): void
  removeArtifact(id: number): void
  expiredArtifacts(now: EpochMs): readonly ArtifactRow[]
  addCache(cache: NewCache): CacheRow | undefined
  /** All of a project, also those that are being uploaded. */
  caches(project: ProjectName): readonly CacheRow[]
  finishCache(id: number, facts: { size: number; at: EpochMs }): void
  touchCache(id: number, at: EpochMs): void
  removeCache(id: number): void
  /** Projects that have caches. */
  cacheProjects(): readonly ProjectName[]
  /** The artifact or cache that an upload is for. */
  ownerOf(upload: string): ArtifactRow | CacheRow | undefined
  /** Adds or replaces a staged block. */
  putBlock(upload: string, block: string, part: ContentPart): void
  stagedBytes(upload: string): number
  /** The named blocks in this order become the content, all others are forgotten. The ids that are not there, if any: nothing changed then. */
  commitBlocks(upload: string, blocks: readonly string[]): readonly string[]
  content(upload: string): readonly ContentPart[]
  /** Forgets an upload; gives the digests that nothing else needs. */
  dropUpload(upload: string): readonly Digest[]
  /** Whether some upload holds this blob. */
  usesBlob(digest: Digest): boolean
}

/** Small secrets of the installation, sealed. */
export interface SealedValues {
  read(name: string): Secret | undefined
  write(name: string, value: Secret): void
}

/** A job that asks for the services its actions use. */
export interface JobServiceRequest {
  readonly project: ProjectName
  /** The job's key. */
  readonly job: string
  readonly spec: Pick<JobSpec, 'run' | 'attempt' | 'timeoutMs' | 'contexts'>
  readonly environment?: EnvironmentName
  /** `permissions: id-token: write`. */
  readonly idToken: boolean
  /** The reusable workflow that the job is from. */
  readonly jobWorkflowRef?: string
}

/** Gives a job what its actions need to reach artifacts, caches and identity tokens. */
export interface JobServiceIssuer {
  issue(request: JobServiceRequest): Promise<JobServices>
}

/** Artifacts as people and the API see them; throws `not-found` for what is not there or not whole. */
export interface Artifacts {
  list(run: RunId): readonly ArtifactView[]
  /** The bytes; all of them are read and checked while they are read. */
  open(
    run: RunId,
    id: number,
  ): Promise<{ readonly artifact: ArtifactView; readonly mime: string; readonly fileName: string; readonly bytes: AsyncIterable<Uint8Array> }>
  /** An address that needs no sign-in and works for a short time. */
  link(run: RunId, id: number): string
  remove(run: RunId, id: number): Promise<void>
}
