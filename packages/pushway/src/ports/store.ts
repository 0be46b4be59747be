// The EventStore port: events, the action queue and projections, written in one transaction.

import type { PushwayEvent, StoredEvent, StreamId } from '@pushway/core/event/types.ts'
import type { EpochMs } from '@pushway/core/text/ids.ts'

/** An effect to perform, as data. `key` is unique in its stream: asking twice for one effect queues it once. */
export interface NewAction {
  readonly key: string
  readonly kind: string
  readonly body: unknown
  /** Not before this time. */
  readonly notBefore?: EpochMs
  /** Queue it again when one with this key was performed before: for effects that are wanted until they are seen. */
  readonly again?: boolean
}

export interface LeasedAction extends NewAction {
  readonly id: number
  readonly stream: StreamId
  readonly attempts: number
  /** Fencing token: completing with an older one is refused. */
  readonly token: number
}

export interface Append {
  readonly stream: StreamId
  /** The last seq the writer has seen; another one is a conflict and nothing is written. `any` does not look. */
  readonly expected: number | 'any'
  readonly events: readonly PushwayEvent[]
  readonly actions?: readonly NewAction[]
  /** Actions of this stream that nobody has begun are void. */
  readonly voidQueued?: boolean
  readonly cause?: StreamId
}

export type AppendResult = { readonly ok: true; readonly events: readonly StoredEvent[] } | { readonly ok: false; readonly conflict: StreamId }

/**
 * Keeps facts.
 *
 * - `append` writes all its streams, actions and projections in one transaction, or nothing; it is fsynced when it returns.
 * - `complete` marks an action done and appends what it caused, in one transaction: an action's result is recorded exactly once.
 * - A leased action that is not completed before its lease ends may be leased again (by a later token).
 */
export interface EventStore {
  append(appends: readonly Append[]): AppendResult
  read(stream: StreamId, afterSeq?: number): readonly StoredEvent[]
  /** Events of all streams after `position`, oldest first. */
  readAll(afterPosition: number, limit: number): readonly StoredEvent[]
  lastPosition(): number
  lease(now: EpochMs, leaseMs: number, limit: number): readonly LeasedAction[]
  /** Gives back what an earlier process held when it ended. Only for the one process that may lease now. */
  freeLeases(): void
  /** False when the token is stale: somebody else has it. */
  complete(action: LeasedAction, appends: readonly Append[]): boolean
  /** Puts an action back, to be tried again at `at`. */
  retry(action: LeasedAction, at: EpochMs, problem: string): boolean
  /** When the earliest queued action wants to run. */
  nextActionAt(): EpochMs | undefined
  /** Called after each commit with the new events, in order. */
  subscribe(listener: (events: readonly StoredEvent[]) => void): () => void
  close(): void
}
