// The loop: something happened or some time has passed → look at what it concerns → decide → perform.

import type { StoredEvent } from '@pushway/core/event/types.ts'
import type { Workshop } from '../model/workshop.ts'
import type { ActionWorker } from './actions.ts'
import { driveRun } from './drive-run.ts'
import type { JobPump } from './pump-jobs.ts'

export interface Engine {
  /** Takes up everything that is not finished, and goes on until `stop`. */
  start(): void
  /** Ends after the actions that are being performed now; what is queued goes on at the next start. */
  stop(): Promise<void>
}

interface Parts {
  readonly shop: Workshop
  readonly actions: ActionWorker
  readonly jobs: JobPump
  /** Moves one deployment on; gives when it wants to be looked at again, in ms. */
  readonly driveDeployment: (id: string) => Promise<number | undefined>
  /** Brings routes in line with what is ready; called about once a second. */
  readonly watch: () => Promise<void>
}

const jobTickMs = 100
const idleTickMs = 1_000

/** The engine over its parts. All deciding happens on this one loop; performing happens beside it. */
export function createEngine(parts: Parts): Engine {
  const { shop } = parts
  const { world } = shop
  const dirty = new Set<string>()
  const nextLook = new Map<string, number>()
  let stopped = false
  let wake: () => void = () => undefined
  let finished: Promise<void> = Promise.resolve()
  let lastWatch = 0

  function notice(events: readonly StoredEvent[]): void {
    for (const { stream, body } of events) {
      if (stream.startsWith('run/') || stream.startsWith('deployment/')) dirty.add(stream)
      if (body.type === 'RunFinished') runEnded(stream.slice('run/'.length))
      // A freed environment or newly proven digests may be what another deployment waits for.
      if (body.type === 'RolloutLeft' || body.type === 'ReleaseVerified') for (const id of world.lists.activeDeployments()) dirty.add(`deployment/${id}`)
    }
    wake()
  }

  function runEnded(run: string): void {
    world.tokens.revoke(run)
    // A deployment may wait for this run: it is its end-to-end check.
    const { verifies } = shop.states.run(run).state.cause ?? {}
    if (verifies !== undefined) dirty.add(`deployment/${verifies}`)
  }

  async function drive(stream: string): Promise<void> {
    const id = stream.slice(stream.indexOf('/') + 1)
    try {
      if (stream.startsWith('run/')) return await driveRun(shop, id)
      const again = await parts.driveDeployment(id)
      if (again === undefined) nextLook.delete(stream)
      else nextLook.set(stream, world.clock.now() + again)
    } catch (error) {
      world.log.error('a stream could not be moved on', { stream, problem: error instanceof Error ? (error.stack ?? error.message) : String(error) })
      nextLook.set(stream, world.clock.now() + idleTickMs * 2)
    }
  }

  async function pass(): Promise<number> {
    const now = world.clock.now()
    for (const [stream, at] of nextLook) if (at <= now) dirty.add(stream)
    const work = [...dirty]
    dirty.clear()
    await Promise.all(work.map(drive))
    const started = parts.actions.pump()
    const jobsRunning = await parts.jobs.pump()
    if (now - lastWatch >= idleTickMs) {
      lastWatch = now
      await parts.watch()
    }
    if (dirty.size > 0 || started > 0) return 0
    const looks = [...nextLook.values(), world.store.nextActionAt() ?? Number.POSITIVE_INFINITY].map((at) => at - world.clock.now())
    return Math.max(5, Math.min(jobsRunning || parts.actions.busy > 0 ? jobTickMs : idleTickMs, ...looks))
  }

  async function run(): Promise<void> {
    while (!stopped) {
      let wait = idleTickMs
      try {
        wait = await pass()
      } catch (error) {
        world.log.error('a pass of the engine failed', { problem: error instanceof Error ? (error.stack ?? error.message) : String(error) })
      }
      if (stopped || wait === 0) continue
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
        if (dirty.size > 0) wake()
      })
    }
    await parts.actions.drain()
  }

  return {
    start() {
      world.store.subscribe(notice)
      for (const id of world.lists.activeRuns()) dirty.add(`run/${id}`)
      for (const id of world.lists.activeDeployments()) dirty.add(`deployment/${id}`)
      finished = run()
    },
    async stop() {
      stopped = true
      wake()
      await finished
    },
  }
}
