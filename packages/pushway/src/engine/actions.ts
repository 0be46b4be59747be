// The action queue's worker: lease, perform, complete.

import { PushwayError } from '@pushway/core/reason/errors.ts'
import { formatDiagnostic } from '@pushway/core/text/diagnostic.ts'
import { Later, type Performer, type Workshop } from '../model/workshop.ts'
import type { Append, LeasedAction } from '../ports/store.ts'

/** Long enough for the slowest performer (draining); a crash repeats the action after it. */
const leaseMs = 60_000
const atOnce = 8
const tries = 6
/** A container engine that is away is waited for, however long. */
const awayMs = 1_000

export interface ActionWorker {
  /** Starts what is due; returns how many were started. */
  pump(): number
  /** How many are being performed. */
  readonly busy: number
  /** Waits for what is being performed. */
  drain(): Promise<void>
}

/** The wait before another try, in ms: 0.5 s doubling to 15 s. */
function backoffMs(attempt: number): number {
  return Math.min(15_000, 250 * 2 ** attempt)
}

/** A worker over `performers`, one per action kind. Actions of one stream are performed one after another. */
export function createActionWorker(shop: Workshop, performers: Readonly<Record<string, Performer>>, signal: AbortSignal): ActionWorker {
  const running = new Map<string, Promise<void>>()

  function start(action: LeasedAction): void {
    const before = running.get(action.stream) ?? Promise.resolve()
    const done = before
      .then(() => (signal.aborted ? undefined : performOne(shop, performers[action.kind], { action, signal })))
      .finally(() => {
        if (running.get(action.stream) === done) running.delete(action.stream)
      })
    running.set(action.stream, done)
  }

  return {
    pump() {
      const { store, clock } = shop.world
      const free = atOnce - running.size
      const leased = free > 0 && !signal.aborted ? store.lease(clock.now(), leaseMs, free) : []
      for (const action of leased) start(action)
      return leased.length
    },
    get busy() {
      return running.size
    },
    async drain() {
      await Promise.allSettled(running.values())
    },
  }
}

async function performOne(shop: Workshop, performer: Performer | undefined, { action, signal }: { action: LeasedAction; signal: AbortSignal }): Promise<void> {
  const { store, clock, log } = shop.world
  if (!performer) {
    log.error('no performer for an action', { kind: action.kind })
    store.retry(action, clock.now() + backoffMs(tries), 'unknown kind')
    return
  }
  try {
    const appends = await performer.perform(action, shop, signal)
    store.complete(action, appends)
  } catch (error) {
    if (signal.aborted) return
    if (error instanceof Later) {
      store.retry(action, clock.now() + error.ms, '')
      return
    }
    const problem = error instanceof Error ? error.message : String(error)
    // What runs is not touched meanwhile; the rollout's own time limits decide.
    if (error instanceof PushwayError && error.code === 'engine-unreachable') {
      store.retry(action, clock.now() + awayMs, problem)
      return
    }
    const passing = !(error instanceof PushwayError) || error.kind === 'environment'
    if (!(error instanceof PushwayError))
      log.error('an action failed', { kind: action.kind, stream: action.stream, problem, stack: error instanceof Error ? error.stack : undefined })
    if (passing && action.attempts < tries) store.retry(action, clock.now() + backoffMs(action.attempts), problem)
    else refuse(shop, performer, { action, problem: error instanceof PushwayError ? wholeSentence(error) : problem })
  }
}

/** Where files were refused, every finding takes the place of the hint: there are no lines above it here. */
function wholeSentence(error: PushwayError): string {
  return [error.message, ...(error.diagnostics.length > 0 ? error.diagnostics.map(formatDiagnostic) : [error.next])].join(' ')
}

function refuse(shop: Workshop, performer: Performer, { action, problem }: { action: LeasedAction; problem: string }): void {
  let appends: readonly Append[] = []
  try {
    appends = performer.refused(action, problem, shop)
  } catch (error) {
    shop.world.log.error('a refusal failed', { kind: action.kind, problem: String(error) })
  }
  shop.world.store.complete(action, appends)
}
