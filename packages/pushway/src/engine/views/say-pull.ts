// Each fact of a pull request in one sentence.

import type { PushwayEvent } from '@pushway/core/event/types.ts'
import type { PullEvent } from '@pushway/core/pull/types.ts'

/** Whether it is a fact of a pull request. */
export function isPullEvent(event: PushwayEvent): event is PullEvent {
  return event.type.startsWith('PullRequest')
}

/** One sentence that says what happened. */
export function sayPullEvent(event: PullEvent): string {
  switch (event.type) {
    case 'PullRequestOpened':
      return `${event.by} opened pull request ${event.number}, ${event.head.ref} into ${event.base.ref}: ${event.title}`
    case 'PullRequestSynchronized':
      return `${event.by} pushed ${event.after.slice(0, 7)} to its branch.`
    case 'PullRequestMergeTried':
      return event.commit ? 'It can be merged.' : `It can't be merged: there are conflicts in ${event.conflicts.join(', ')}.`
    case 'PullRequestEdited':
      return `${event.by} edited it${event.base ? `; it goes to ${event.base.ref}` : ''}.`
    case 'PullRequestDraftSet':
      return event.draft ? `${event.by} made it a draft.` : `${event.by} says that it is ready for review.`
    case 'PullRequestLabeled':
      return `${event.by} labelled it ${event.label}.`
    case 'PullRequestUnlabeled':
      return `${event.by} took the label ${event.label} off it.`
    case 'PullRequestCommented':
      return `${event.by} commented on it.`
    case 'PullRequestCommentEdited':
      return `${event.by} edited a comment on it.`
    case 'PullRequestCommentDeleted':
      return `${event.by} deleted a comment on it.`
    case 'PullRequestClosed':
      return `${event.by} closed the pull request.${event.reason ? ` ${event.reason}` : ''}`
    case 'PullRequestReopened':
      return `${event.by} reopened the pull request.`
    case 'PullRequestMerged':
      return `${event.by} merged the pull request: ${event.commit.slice(0, 7)}.`
    case 'PullRequestRunsStarted':
      return `${event.runs.length} run${event.runs.length === 1 ? '' : 's'} started: ${event.activity}.`
  }
}
