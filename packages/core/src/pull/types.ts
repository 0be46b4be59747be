// A pull request: its events and what it is now.

import type { CommitId, EpochMs, ProjectName, RunId } from '../text/ids.ts'

/** One side: a branch by its short name, and where it stood. */
export interface PullSide {
  readonly ref: string
  readonly sha: CommitId
}

/** Facts of a pull request's stream, oldest first. `runs`: what they started. */
export type PullEvent =
  | {
      readonly type: 'PullRequestOpened'
      readonly project: ProjectName
      readonly number: number
      readonly title: string
      readonly body: string
      readonly head: PullSide
      readonly base: PullSide
      readonly draft: boolean
      /** The head's repository, when it is another one: a fork on a remote host. */
      readonly fork?: ProjectName
      readonly by: string
    }
  /** New commits on the head's branch. */
  | { readonly type: 'PullRequestSynchronized'; readonly before: CommitId; readonly after: CommitId; readonly by: string }
  /** Git has tried the merge of `head` into `base`: its commit, or the paths that conflict. */
  | {
      readonly type: 'PullRequestMergeTried'
      readonly head: CommitId
      readonly base: CommitId
      readonly commit: CommitId | null
      readonly conflicts: readonly string[]
    }
  | { readonly type: 'PullRequestEdited'; readonly by: string; readonly title?: string; readonly body?: string; readonly base?: PullSide }
  | { readonly type: 'PullRequestDraftSet'; readonly by: string; readonly draft: boolean }
  | { readonly type: 'PullRequestLabeled' | 'PullRequestUnlabeled'; readonly by: string; readonly label: string }
  | { readonly type: 'PullRequestCommented'; readonly by: string; readonly comment: number; readonly body: string }
  | { readonly type: 'PullRequestCommentEdited'; readonly by: string; readonly comment: number; readonly body: string }
  | { readonly type: 'PullRequestCommentDeleted'; readonly by: string; readonly comment: number }
  /** `reason`: why, when it was not asked for. */
  | { readonly type: 'PullRequestClosed'; readonly by: string; readonly reason?: string }
  | { readonly type: 'PullRequestReopened'; readonly by: string; readonly head: CommitId; readonly base: CommitId }
  | { readonly type: 'PullRequestMerged'; readonly by: string; readonly commit: CommitId; readonly method: MergeMethod }
  /** Runs that one of the activities above started. */
  | { readonly type: 'PullRequestRunsStarted'; readonly activity: string; readonly runs: readonly RunId[] }

/** `push`: the base has got the head's commits by a push. */
export type MergeMethod = 'merge' | 'squash' | 'push'

export interface PullComment {
  readonly id: number
  readonly by: string
  readonly body: string
  readonly at: EpochMs
  readonly editedAt?: EpochMs
}

export interface PullState {
  readonly project: ProjectName
  readonly number: number
  readonly title: string
  readonly body: string
  readonly state: 'open' | 'closed'
  readonly draft: boolean
  readonly head: PullSide
  readonly base: PullSide
  readonly fork?: ProjectName
  readonly by: string
  /** In the order they were given. */
  readonly labels: readonly string[]
  /** Oldest first. */
  readonly comments: readonly PullComment[]
  /** The number of the newest comment there ever was, from 1. */
  readonly lastComment: number
  readonly createdAt: EpochMs
  readonly updatedAt: EpochMs
  readonly closedAt?: EpochMs
  readonly merged?: { readonly at: EpochMs; readonly by: string; readonly commit: CommitId; readonly method: MergeMethod }
  /** The newest trial of the merge; it holds while head and base stand where they stood. */
  readonly trial?: { readonly head: CommitId; readonly base: CommitId; readonly commit: CommitId | null; readonly conflicts: readonly string[] }
  /** Newest last. */
  readonly runs: readonly RunId[]
}
