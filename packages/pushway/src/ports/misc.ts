// The small ports: time, names, secrets, source trees.

import type { CommitId, EpochMs, ProjectName } from '@pushway/core/text/ids.ts'
import type { GitHistory } from './history.ts'

/** The only source of time: tests give their own. */
export interface Clock {
  now(): EpochMs
}

/** The only source of ids: tests give their own. */
export interface Ids {
  /** A new unique id that sorts by time: lower-case letters and digits. */
  next(): string
  /** `bytes` random bytes as base64url: for tokens. */
  secret(bytes: number): string
}

/** Repositories' contents at a commit. Paths are relative to the root with `/`. */
export interface GitHost extends GitHistory {
  /** The file's bytes; undefined when it is not there. */
  readFile(project: ProjectName, commit: CommitId, path: string): Promise<Uint8Array | undefined>
  /** Paths of the files below `folder` (recursive); empty when it is not there. */
  listFiles(project: ProjectName, commit: CommitId, folder: string): Promise<readonly string[]>
  /** The commit that a ref or abbreviated id means. */
  resolve(project: ProjectName, ref: string): Promise<CommitId | undefined>
  /** Writes the tree at `commit` to the empty or absent folder `to`. */
  exportTree(project: ProjectName, commit: CommitId, to: string): Promise<void>
  /** The git object of a file or folder, which changes when its content does; undefined when it is not there. */
  objectId(project: ProjectName, commit: CommitId, path: string): Promise<string | undefined>
  /** Writes a file, or all that is below a folder, to `to`, which must not be there yet. False when the commit has no such path. */
  exportPath(project: ProjectName, commit: CommitId, from: { readonly path: string; readonly to: string }): Promise<boolean>
  commitInfo(
    project: ProjectName,
    commit: CommitId,
  ): Promise<{ readonly message: string; readonly author: string; readonly email: string; readonly at: EpochMs } | undefined>
  /** Paths that differ between the two; all paths when `from` is null. */
  changedPaths(project: ProjectName, from: CommitId | null, to: CommitId): Promise<readonly string[]>
}
