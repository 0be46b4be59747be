// Whether an event starts a workflow.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows

import { matchName, matchPaths } from '../workflow/patterns.ts'
import type { Trigger, Workflow } from '../workflow/types.ts'
import type { RunCause } from './types.ts'

/** `ref` is whole (`refs/heads/main`); `baseRef` is the branch that a pull request goes to; `action` its activity. */
export interface TriggerEvent {
  readonly event: RunCause['event']
  readonly ref: string
  readonly baseRef?: string
  readonly action?: string
  /** Absent: not known, and every path filter passes. */
  readonly changedPaths?: readonly string[]
}

const pullRequestTypes = ['opened', 'synchronize', 'reopened']

/** Whether any of the workflow's triggers takes the event. */
export function matchTrigger(workflow: Workflow, event: TriggerEvent): boolean {
  return workflow.on.some((trigger) => matches(trigger, event))
}

function matches(trigger: Trigger, event: TriggerEvent): boolean {
  if (trigger.event !== event.event) return false
  switch (trigger.event) {
    case 'push':
      return matchesPush(trigger, event)
    case 'pull_request': {
      const { types = pullRequestTypes, branches, paths } = trigger
      if (event.action !== undefined && !types.includes(event.action)) return false
      return matchName(branches, shortRef(event.baseRef ?? '')) && matchPaths(paths, event.changedPaths)
    }
    case 'workflow_dispatch':
    case 'workflow_call':
    case 'deployment_status':
      return true
  }
}

/** With a filter for branches only, tags start nothing, and the other way round. Paths do not count for tags. */
function matchesPush({ branches, tags, paths }: Extract<Trigger, { event: 'push' }>, event: TriggerEvent): boolean {
  if (event.ref.startsWith('refs/tags/')) return (tags !== undefined || branches === undefined) && matchName(tags, shortRef(event.ref))
  if (!event.ref.startsWith('refs/heads/')) return false
  return (branches !== undefined || tags === undefined) && matchName(branches, shortRef(event.ref)) && matchPaths(paths, event.changedPaths)
}

/** `refs/heads/a/b` → `a/b`. */
export function shortRef(ref: string): string {
  return ref.replace(/^refs\/(heads|tags|pull)\//, '')
}
