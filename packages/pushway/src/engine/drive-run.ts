// Moves one run on: fold, decide, append; until nothing is left to decide.

import { streams } from '@pushway/core/event/types.ts'
import type { RunAction, RunEvent } from '@pushway/core/run/types.ts'
import type { RunId } from '@pushway/core/text/ids.ts'
import { announceRun } from '../model/announce.ts'
import { runWorkflow } from '../model/called-workflows.ts'
import { claimsBeside } from '../model/concurrency.ts'
import type { Workshop } from '../model/workshop.ts'
import type { NewAction } from '../ports/store.ts'

/** A run's action as the queue has it: asked for once per job attempt. */
function runAction(action: RunAction): NewAction {
  const force = action.kind === 'CancelJob' && action.force ? ':force' : ''
  return { key: `${action.kind}:${action.job}:${action.attempt}${force}`, kind: action.kind, body: action }
}

/** What other workflows are told of these facts. */
function told(run: RunId, attempt: number, events: readonly RunEvent[]): readonly NewAction[] {
  const begins = events.some(({ type }) => type === 'JobStarted')
  const ends = events.some(({ type }) => type === 'RunFinished')
  return [...(begins ? [announceRun(run, 'in_progress', attempt)] : []), ...(ends ? [announceRun(run, 'completed', attempt)] : [])]
}

/** Decides `run` until it rests. A conflict means somebody else wrote: look again. */
export async function driveRun(shop: Workshop, run: RunId): Promise<undefined> {
  const { store, settings } = shop.world
  const { decideRunAmong } = await import('@pushway/core/run/decide.ts')
  const asked = new Set<string>()
  for (;;) {
    const { state, seq } = shop.states.run(run)
    if (state.project === undefined || state.cause === undefined || state.workflowFile === undefined) return
    const workflow = await runWorkflow(shop, state)
    const vars = settings.variables({ project: state.project, environment: undefined })
    // Nothing is awaited from here to the append, so two runs never enter one group.
    const decision = decideRunAmong(state, workflow, { vars, others: claimsBeside(shop, state) })
    const actions = [...decision.actions.map(runAction), ...told(run, state.attempt, decision.events)].filter((action) => !asked.has(action.key))
    if (decision.events.length === 0 && actions.length === 0) return
    const result = store.append([{ stream: streams.run(run), expected: seq, events: decision.events, actions }])
    if (result.ok) for (const action of actions) asked.add(action.key)
    if (result.ok && decision.events.length === 0) return
  }
}
