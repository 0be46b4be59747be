// The GitHistory port: commits, differences, merges and refs of a project's repository. Nothing here has a work tree.

import type { CommitId, EpochMs, ProjectName } from '@pushway/core/text/ids.ts'

export interface Person {
  readonly name: string
  readonly email: string
  readonly at: EpochMs
}

export interface CommitRecord {
  readonly id: CommitId
  readonly tree: string
  readonly parents: readonly CommitId[]
  readonly author: Person
  readonly committer: Person
  readonly message: string
}

/** Paths relative to the root; renames count as one removed and one added. */
export interface CommitPaths {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly modified: readonly string[]
}

/** Which commits: those of `to` without those of any of `without`. */
export interface CommitRange {
  readonly to: CommitId
  readonly without?: readonly CommitId[]
  readonly limit: number
  /** Left out first: for pages. */
  readonly skip?: number
  /** Only commits that touch this path. */
  readonly path?: string
}

export interface ChangedFile {
  readonly path: string
  /** Where it was, when it was renamed or copied. */
  readonly from?: string
  readonly status: 'added' | 'removed' | 'modified' | 'renamed' | 'copied' | 'changed'
  readonly additions: number
  readonly deletions: number
  /** The file's object: its blob. */
  readonly blob: string
  /** The hunks as `git diff` shows them; undefined for binary and very large ones. */
  readonly patch?: string
}

/** `path` is whole; `size` in bytes, of files only. */
export interface TreeEntry {
  readonly path: string
  readonly mode: string
  readonly type: 'blob' | 'tree' | 'commit'
  readonly sha: string
  readonly size?: number
}

export interface NewTag {
  readonly name: string
  readonly object: CommitId
  readonly message: string
  readonly tagger: Person
}

export interface MergeRequest {
  readonly base: CommitId
  readonly head: CommitId
  readonly message: string
  readonly by: Person
  /** One parent (the base) only. */
  readonly squash?: boolean
}

/** `conflicts`: the paths that both sides changed. */
export type MergeResult = { readonly commit: CommitId } | { readonly conflicts: readonly string[] }

/** Git's objects by their ids, for the GitHub-shaped API. What is not there is empty or undefined. */
export interface GitObjects {
  /** The entries of a commit's or tree's folder: `path` itself, or with a `/` at its end what is in it. At most 100000. */
  tree(project: ProjectName, at: string, options: { readonly path?: string; readonly recursive?: boolean }): Promise<readonly TreeEntry[]>
  blob(project: ProjectName, sha: string): Promise<Uint8Array | undefined>
  /** An annotated tag's object; no ref is made. */
  makeTag(project: ProjectName, tag: NewTag): Promise<string>
}

/**
 * Reads and writes history.
 *
 * - Commits that are not there give undefined or an empty list, never an exception.
 * - `merge` makes the same commit for the same request, and moves no ref.
 * - `moveRef` is atomic: false when the ref is not where it is expected to be, and then nothing has moved.
 */
export interface GitHistory {
  /** The branch that HEAD names, whole: `refs/heads/main`. */
  defaultBranch(project: ProjectName): Promise<string>
  /** Every ref and the object it names. */
  refs(project: ProjectName): Promise<ReadonlyMap<string, string>>
  commit(project: ProjectName, id: CommitId): Promise<CommitRecord | undefined>
  /** Newest first. */
  commits(project: ProjectName, range: CommitRange): Promise<readonly CommitRecord[]>
  /** The paths of each of the commits against its first parent. */
  commitPaths(project: ProjectName, ids: readonly CommitId[]): Promise<ReadonlyMap<CommitId, CommitPaths>>
  mergeBase(project: ProjectName, a: CommitId, b: CommitId): Promise<CommitId | undefined>
  /** What differs between the two, at most 3000 files. */
  diff(project: ProjectName, from: CommitId, to: CommitId): Promise<readonly ChangedFile[]>
  merge(project: ProjectName, request: MergeRequest): Promise<MergeResult>
  /** Null: the ref does not exist (before), or is removed. `before` undefined: whatever it was. */
  moveRef(project: ProjectName, move: { readonly ref: string; readonly before?: CommitId | null; readonly after: CommitId | null }): Promise<boolean>
}
