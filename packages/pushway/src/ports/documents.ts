// The Documents port: objects of the GitHub-shaped API that are kept as they are: statuses, check runs, releases of tags, deployments of others.

import type { EpochMs, ProjectName } from '@pushway/core/text/ids.ts'

export type DocumentKind = 'status' | 'check-run' | 'release' | 'deployment' | 'deployment-status'

/** `about`: what it belongs to within its kind: a commit, a deployment's number, a tag. */
export interface StoredDocument<T> {
  readonly id: number
  readonly about: string
  readonly body: T
  readonly at: EpochMs
}

/** Synchronous and durable when a call returns. Ids count over all kinds and are never given twice. */
export interface Documents {
  add(project: ProjectName, kind: DocumentKind, document: { readonly about: string; readonly body: unknown; readonly at: EpochMs }): number
  get<T>(project: ProjectName, kind: DocumentKind, id: number): StoredDocument<T> | undefined
  /** Newest first, at most `limit`; all subjects when `about` is undefined. */
  list<T>(project: ProjectName, kind: DocumentKind, wanted: { readonly about?: string; readonly limit: number }): readonly StoredDocument<T>[]
  replace(project: ProjectName, kind: DocumentKind, document: { readonly id: number; readonly about: string; readonly body: unknown }): void
  remove(project: ProjectName, kind: DocumentKind, id: number): void
}
