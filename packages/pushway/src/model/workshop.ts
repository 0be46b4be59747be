// What performers and the engine work with, and what a performer is.

import type { StreamId } from '@pushway/core/event/types.ts'
import type { ReasonText } from '@pushway/core/reason/reasons.ts'
import type { EnvironmentId } from '@pushway/core/text/ids.ts'
import type { Append, LeasedAction } from '../ports/store.ts'
import type { World } from '../ports/world.ts'
import type { Sources } from './sources.ts'
import type { States } from './states.ts'

export interface Workshop {
  readonly world: World
  readonly states: States
  readonly sources: Sources
  /** Why a stream rests, as its last decision said: fresher than its facts, and gone with the process. */
  readonly notes: Map<StreamId, ReasonText>
  /** Runs `work` when nobody else works on that environment's groups and routes. */
  exclusive<T>(environment: EnvironmentId, work: () => Promise<T>): Promise<T>
}

/** Thrown by a performer that waits for something else: it is asked again after `ms`, and nothing has failed. */
export class Later extends Error {
  readonly ms: number

  constructor(ms: number) {
    super('later')
    this.ms = ms
  }
}

/**
 * Performs one kind of action.
 *
 * - May be called again for the same action (a crash, a lost lease): it must not do more the second time.
 * - What it returns is appended in the transaction that marks the action done.
 * - A PushwayError of kind `environment` is tried again later; any other error is given to `refused`, which turns it into facts.
 */
export interface Performer {
  perform(action: LeasedAction, shop: Workshop, signal: AbortSignal): Promise<readonly Append[]>
  /** Facts that say the action can't be done; the stream's decision goes on from there. */
  refused(action: LeasedAction, problem: string, shop: Workshop): readonly Append[]
}
