// The state of one pull request, folded from its events alone. Total: what does not fit is ignored.

import type { PullFacts } from '../github/pull.ts'
import type { EpochMs } from '../text/ids.ts'
import type { PullEvent, PullState } from './types.ts'

/** The state after one more event; undefined before it was opened. `at`: when it was recorded, epoch ms. */
export function evolvePull(state: PullState | undefined, event: PullEvent, at: EpochMs): PullState | undefined {
  if (event.type === 'PullRequestOpened') return state ?? opened(event, at)
  if (!state) return undefined
  const next = changed(state, event, at)
  const silent = next === state || event.type === 'PullRequestMergeTried' || event.type === 'PullRequestRunsStarted'
  return silent ? next : { ...next, updatedAt: at }
}

function opened({ type: _, ...facts }: Extract<PullEvent, { type: 'PullRequestOpened' }>, at: EpochMs): PullState {
  return { ...facts, state: 'open', labels: [], comments: [], lastComment: 0, createdAt: at, updatedAt: at, runs: [] }
}

function changed(state: PullState, event: Exclude<PullEvent, { type: 'PullRequestOpened' }>, at: EpochMs): PullState {
  switch (event.type) {
    case 'PullRequestSynchronized':
      return state.state === 'open' ? { ...state, head: { ...state.head, sha: event.after } } : state
    case 'PullRequestMergeTried': {
      const { head, base, commit, conflicts } = event
      return { ...state, base: { ...state.base, sha: base }, trial: { head, base, commit, conflicts } }
    }
    case 'PullRequestEdited': {
      const { title, body, base } = event
      return { ...state, title: title ?? state.title, body: body ?? state.body, base: base ?? state.base }
    }
    case 'PullRequestDraftSet':
      return { ...state, draft: event.draft }
    case 'PullRequestLabeled':
      return state.labels.includes(event.label) ? state : { ...state, labels: [...state.labels, event.label] }
    case 'PullRequestUnlabeled':
      return { ...state, labels: state.labels.filter((label) => label !== event.label) }
    case 'PullRequestClosed':
      return state.state === 'closed' ? state : { ...state, state: 'closed', closedAt: at }
    case 'PullRequestReopened':
      return reopened(state, event)
    case 'PullRequestMerged': {
      if (state.merged) return state
      const { by, commit, method } = event
      return { ...state, state: 'closed', closedAt: at, merged: { at, by, commit, method } }
    }
    case 'PullRequestRunsStarted':
      return { ...state, runs: [...state.runs, ...event.runs] }
    default:
      return { ...state, comments: commented(state.comments, event, at), lastComment: Math.max(state.lastComment, event.comment) }
  }
}

function reopened(state: PullState, { head, base }: Extract<PullEvent, { type: 'PullRequestReopened' }>): PullState {
  if (state.state === 'open' || state.merged) return state
  const { closedAt: _, ...rest } = state
  return { ...rest, state: 'open', head: { ...state.head, sha: head }, base: { ...state.base, sha: base } }
}

type CommentEvent = Extract<PullEvent, { type: 'PullRequestCommented' | 'PullRequestCommentEdited' | 'PullRequestCommentDeleted' }>

function commented(comments: PullState['comments'], event: CommentEvent, at: EpochMs): PullState['comments'] {
  switch (event.type) {
    case 'PullRequestCommented':
      return [...comments, { id: event.comment, by: event.by, body: event.body, at }]
    case 'PullRequestCommentEdited':
      return comments.map((comment) => (comment.id === event.comment ? { ...comment, body: event.body, editedAt: at } : comment))
    case 'PullRequestCommentDeleted':
      return comments.filter((comment) => comment.id !== event.comment)
  }
}

/** Whether git can merge it as it stands now; undefined: not tried yet. */
export function isMergeable({ trial, head, base, state }: PullState): boolean | undefined {
  if (state !== 'open' || trial?.head !== head.sha || trial.base !== base.sha) return undefined
  return trial.commit !== null
}

/** What its GitHub-shaped object is made of. */
export function pullFacts(state: PullState): PullFacts {
  const { comments, trial, runs: _, lastComment: __, ...facts } = state
  const fresh = isMergeable(state) === undefined ? {} : { mergeCommit: trial?.commit ?? null }
  return { ...facts, comments: comments.length, ...fresh }
}
