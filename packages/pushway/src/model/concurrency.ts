// What the runs of a project hold and wait for of concurrency groups, and who must look again when that changes.

import type { PushwayEvent, StreamId } from '@pushway/core/event/types.ts'
import { streams } from '@pushway/core/event/types.ts'
import { type Claim, claimsOf } from '@pushway/core/run/concurrency.ts'
import type { RunState } from '@pushway/core/run/state.ts'
import type { RunId } from '@pushway/core/text/ids.ts'
import type { Workshop } from './workshop.ts'

/** The claims of the project's other runs that are not finished. */
export function claimsBeside(shop: Workshop, { id, project }: RunState): readonly Claim[] {
  return shop.world.lists.activeRuns().flatMap((other) => {
    const { state } = shop.states.run(other)
    return other !== id && state.project === project ? claimsOf(state) : []
  })
}

/** The runs that may go on, or must end, because of an event of this run. */
export function runsToWake(shop: Workshop, run: RunId, event: PushwayEvent): readonly StreamId[] {
  if (event.type !== 'ConcurrencyAsked' && event.type !== 'JobFinished' && event.type !== 'CallFinished' && event.type !== 'RunFinished') return []
  const { state } = shop.states.run(run)
  const concerns = concernedBy(state, event)
  if (!concerns) return []
  const ids = shop.world.lists.activeRuns().filter((other) => {
    const found = shop.states.run(other).state
    return found.project === state.project && claimsOf(found).length > 0
  })
  return ids.map((id) => streams.run(id))
}

function concernedBy(state: RunState, event: Extract<PushwayEvent, { type: 'ConcurrencyAsked' | 'JobFinished' | 'CallFinished' | 'RunFinished' }>) {
  switch (event.type) {
    case 'RunFinished':
      return state.claim
    case 'JobFinished':
      return state.jobs.get(event.job)?.claim
    case 'CallFinished':
      return state.calls.get(event.job)?.claim
    case 'ConcurrencyAsked':
      return event.terms
  }
}
