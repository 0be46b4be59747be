// The loop: something happened or some time has passed → look at what it concerns → decide → perform.

import type { StoredEvent, StreamId } from '@pushway/core/event/types.ts'
import type { Milliseconds } from '@pushway/core/text/ids.ts'
import { runsToWake } from '../model/concurrency.ts'
import type { Workshop } from '../model/workshop.ts'
import type { ActionWorker } from './actions.ts'
import { driveRun } from './drive-run.ts'
import type { JobPump } from './pump-jobs.ts'
import type { Scheduler } from './schedules.ts'

export interface Engine {
  /** Takes up everything that is not finished, and goes on until `stop`. */
  start(): void
  /** Ends after the actions that are being performed now; what is queued goes on at the next start. */
  stop(): Promise<void>
  /** Something changed in a runtime: routes are looked at now. */
  lookNow(): void
}

export interface EngineParts {
  readonly shop: Workshop
  readonly actions: ActionWorker
  readonly jobs: JobPump
  /** Moves one deployment on; gives when it wants to be looked at again. */
  readonly driveDeployment: (id: string) => Promise<Milliseconds | undefined>
  /** Brings routes in line with what is ready; called about once a second. */
  readonly watch: () => Promise<void>
  readonly schedules: Scheduler
  /** Opens what is promoted by itself; called at the start and after each verification. */
  readonly promote: () => Promise<void>
}

const jobTickMs: Milliseconds = 100
const idleTickMs: Milliseconds = 1_000

/** The engine over its parts. All deciding happens on this one loop; performing happens beside it. */
export function createEngine(parts: EngineParts): Engine {
  const { shop } = parts
  const agenda = createAgenda(shop)
  const nap = createNap()
  let stopped = false
  let finished: Promise<void> = Promise.resolve()
  let unsubscribe: () => void = () => undefined
  let lastWatch = 0
  // At the start: a verification may have been the last thing that happened before.
  let verified = true

  async function pass(): Promise<Milliseconds> {
    const now = shop.world.clock.now()
    await Promise.all(agenda.take(now).map((stream) => drive(parts, agenda, stream)))
    const started = parts.actions.pump()
    const jobsRunning = await parts.jobs.pump()
    if (verified) {
      verified = false
      await parts.promote()
    }
    if (now - lastWatch >= idleTickMs) {
      lastWatch = now
      await parts.watch()
      await parts.schedules.tick()
    }
    if (agenda.isDue() || started > 0) return 0
    const tick = jobsRunning || parts.actions.busy > 0 ? jobTickMs : idleTickMs
    return Math.max(5, Math.min(tick, agenda.nextIn(), (shop.world.store.nextActionAt() ?? Number.POSITIVE_INFINITY) - shop.world.clock.now()))
  }

  async function run(): Promise<void> {
    while (!stopped) {
      const wait = await pass().catch((error: unknown) => {
        shop.world.log.error('a pass of the engine failed', { problem: problemOf(error) })
        return idleTickMs
      })
      if (!stopped && wait > 0) await nap.sleep(wait, agenda.isDue)
    }
    await parts.actions.drain()
  }

  return {
    start() {
      unsubscribe = shop.world.store.subscribe((events) => {
        agenda.notice(events)
        parts.schedules.notice(events)
        verified ||= events.some(({ body }) => body.type === 'ReleaseVerified')
        nap.wake()
      })
      agenda.takeUpAll()
      finished = run()
    },
    lookNow() {
      lastWatch = 0
      nap.wake()
    },
    async stop() {
      stopped = true
      nap.wake()
      await finished
      unsubscribe()
    },
  }
}

/** Which streams are to be looked at, and when. */
interface Agenda {
  notice(events: readonly StoredEvent[]): void
  takeUpAll(): void
  /** The streams that are due, and no longer are. */
  take(now: number): readonly StreamId[]
  /** Another look at this time; none when undefined. */
  later(stream: StreamId, wait: Milliseconds | undefined): void
  readonly isDue: () => boolean
  nextIn(): Milliseconds
}

function createAgenda(shop: Workshop): Agenda {
  const { world } = shop
  const due = new Set<StreamId>()
  const later = new Map<StreamId, number>()

  function noticeOne({ stream, body }: StoredEvent): void {
    if (stream.startsWith('run/') || stream.startsWith('deployment/')) due.add(stream)
    if (stream.startsWith('run/')) for (const other of runsToWake(shop, stream.slice('run/'.length), body)) due.add(other)
    // A freed environment or newly proven digests may be what another deployment waits for.
    if (body.type === 'RolloutLeft' || body.type === 'ReleaseVerified') for (const id of world.lists.activeDeployments()) due.add(`deployment/${id}`)
    if (body.type !== 'RunFinished') return
    const run = stream.slice('run/'.length)
    world.tokens.revoke(run)
    // A deployment may wait for this run: it is its end-to-end check.
    const { verifies } = shop.states.run(run).state.cause ?? {}
    if (verifies !== undefined) due.add(`deployment/${verifies}`)
  }

  return {
    notice: (events) => events.forEach(noticeOne),
    takeUpAll() {
      for (const id of world.lists.activeRuns()) due.add(`run/${id}`)
      for (const id of world.lists.activeDeployments()) due.add(`deployment/${id}`)
    },
    take(now) {
      for (const [stream, at] of later) if (at <= now) due.add(stream)
      const streams = [...due]
      due.clear()
      return streams
    },
    later(stream, wait) {
      if (wait === undefined) later.delete(stream)
      else later.set(stream, world.clock.now() + wait)
    },
    isDue: () => due.size > 0,
    nextIn: () => Math.min(Number.POSITIVE_INFINITY, ...later.values()) - world.clock.now(),
  }
}

async function drive({ shop, driveDeployment }: EngineParts, agenda: Agenda, stream: StreamId): Promise<void> {
  const id = stream.slice(stream.indexOf('/') + 1)
  try {
    if (stream.startsWith('run/')) agenda.later(stream, await driveRun(shop, id))
    else agenda.later(stream, await driveDeployment(id))
  } catch (error) {
    shop.world.log.error('a stream could not be moved on', { stream, problem: problemOf(error) })
    agenda.later(stream, 2 * idleTickMs)
  }
}

/** A sleep that can be cut short. */
function createNap() {
  let wake: () => void = () => undefined
  return {
    wake: () => wake(),
    sleep: (ms: Milliseconds, isDue: () => boolean) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
        if (isDue()) wake()
      }),
  }
}

function problemOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
