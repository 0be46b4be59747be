// Whether an event starts a workflow.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows

import { matchName, matchPaths } from '../workflow/patterns.ts'
import type { Trigger, Workflow } from '../workflow/types.ts'
import type { RunCause } from './types.ts'

/** `ref` is whole (`refs/heads/main`); `baseRef` is the branch that a pull request goes to; `action` what happened to it, or the type of a repository_dispatch. */
export interface TriggerEvent {
  readonly event: RunCause['event']
  readonly ref: string
  readonly baseRef?: string
  readonly action?: string
  /** The name of the workflow whose run is told of (`workflow_run`); `baseRef` is then the branch that the run was for. */
  readonly workflowName?: string
  /** Absent: not known, and every path filter passes. */
  readonly changedPaths?: readonly string[]
}

const pullRequestTypes = ['opened', 'synchronize', 'reopened']

/** Whether any of the workflow's triggers takes the event. */
export function matchTrigger(workflow: Workflow, event: TriggerEvent): boolean {
  return workflow.on.some((trigger) => matches(trigger, event))
}

/** What filters look at, as the payload has it: for events that somebody else describes. */
export function triggerEventOf({ event, ref, payload }: Pick<RunCause, 'event' | 'ref' | 'payload'>): TriggerEvent {
  const text = (...path: readonly string[]): string | undefined => {
    const value = path.reduce<unknown>((at, name) => (typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined), payload)
    return typeof value === 'string' ? value : undefined
  }
  const facts = {
    action: text('action'),
    baseRef: text('pull_request', 'base', 'ref') ?? text('workflow_run', 'head_branch'),
    workflowName: text('workflow', 'name'),
  }
  return { event, ref, ...Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) }
}

function matches(trigger: Trigger, event: TriggerEvent): boolean {
  if (trigger.event !== event.event) return false
  switch (trigger.event) {
    case 'push':
      return matchesPush(trigger, event)
    case 'pull_request':
    case 'pull_request_target': {
      const { types = pullRequestTypes, branches, paths } = trigger
      if (event.action !== undefined && !types.includes(event.action)) return false
      return matchName(branches, shortRef(event.baseRef ?? '')) && matchPaths(paths, event.changedPaths)
    }
    case 'workflow_run':
      return (
        trigger.workflows.includes(event.workflowName ?? '') &&
        (trigger.types === undefined || trigger.types.includes(event.action ?? '')) &&
        matchName(trigger.branches, event.baseRef ?? '')
      )
    case 'release':
    case 'repository_dispatch':
      return trigger.types === undefined || trigger.types.includes(event.action ?? '')
    case 'workflow_dispatch':
    case 'workflow_call':
    case 'schedule':
    case 'create':
    case 'delete':
    case 'deployment':
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
