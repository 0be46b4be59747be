// Drives a run through decideRun with answers instead of workers and deployments.

import { decideRun } from '@pushway/core/run/decide.ts'
import { evolveRun, initialRun, type RunState } from '@pushway/core/run/state.ts'
import type { Conclusion, RunAction, RunEvent } from '@pushway/core/run/types.ts'
import type { EpochMs } from '@pushway/core/text/ids.ts'
import type { Workflow } from '@pushway/core/workflow/types.ts'

/** What a worker or a deployment answers to an action; no events: it stays silent. */
export type Answer = (action: RunAction, state: RunState) => readonly RunEvent[]

export interface Simulated {
  readonly state: RunState
  readonly events: readonly RunEvent[]
  readonly actions: readonly RunAction[]
}

/** Goes on from `events` until nothing is left to decide or to answer. Each action is answered once, as the action queue does. */
export function simulateRun(workflow: Workflow, events: readonly RunEvent[], answer: Answer, vars: Readonly<Record<string, string>> = {}): Simulated {
  const all: RunEvent[] = [...events]
  const actions = new Map<string, RunAction>()
  let state = foldRun(all)
  for (;;) {
    const decision = decideRun(state, workflow, vars)
    const fresh = decision.actions.filter((action) => !actions.has(actionKey(action)))
    if (decision.events.length === 0 && fresh.length === 0) return { state, events: all, actions: [...actions.values()] }
    for (const event of decision.events) {
      all.push(event)
      state = evolveRun(state, event, all.length)
    }
    for (const action of fresh) {
      actions.set(actionKey(action), action)
      for (const event of answer(action, state)) {
        all.push(event)
        state = evolveRun(state, event, all.length)
      }
    }
  }
}

/** The state after the events, one millisecond apart. */
export function foldRun(events: readonly RunEvent[], from: EpochMs = 1): RunState {
  return events.reduce((state, event, i) => evolveRun(state, event, from + i), initialRun('run-1'))
}

/** An answer in which everything ends as `conclusions` says by job (success when absent) and every deployment is cleared. */
export function answerWith(conclusions: Readonly<Record<string, Conclusion>> = {}, outputs: Readonly<Record<string, string>> = {}): Answer {
  return (action) => {
    const { job, attempt } = action
    const deployment = `deployment-${job}-${attempt}`
    switch (action.kind) {
      case 'StartJob':
        return [{ type: 'JobStepsFinished', job, attempt, conclusion: conclusions[job] ?? 'success', outputs }]
      case 'CancelJob':
        return [{ type: 'JobStepsFinished', job, attempt, conclusion: 'cancelled', outputs: {} }]
      case 'OpenDeployment':
        return [
          { type: 'DeploymentOpened', job, deployment, environment: action.environment },
          { type: 'DeploymentCleared', job, deployment },
        ]
      case 'ContinueDeployment':
        return [{ type: 'DeploymentEnded', job, deployment: action.deployment, conclusion: 'success', reason: 'The release is live.' }]
      case 'CloseDeployment':
        return [{ type: 'DeploymentEnded', job, deployment: action.deployment, conclusion: action.conclusion, reason: 'Closed.' }]
    }
  }
}

function actionKey(action: RunAction): string {
  return `${action.kind}:${action.job}:${action.attempt}${action.kind === 'CancelJob' && action.force ? ':force' : ''}`
}
