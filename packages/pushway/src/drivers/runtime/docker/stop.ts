// Stops containers in the background: asks, waits their grace, removes them. What was begun is in the group's record, so it is finished
// after a crash of ours.

import type { GroupId } from '@pushway/core/text/ids.ts'
import type { GroupSpec } from '../../../ports/runtime.ts'
import { EngineRefusal } from '../../../util/engine-api/index.ts'
import type { DockerContext } from './context.ts'
import { listMembers, runHooks } from './members.ts'
import { removeUnusedNetworks } from './networks.ts'
import type { GroupRecord } from './state.ts'

export interface Stopper {
  /** Stops and removes these containers of a group that stays. */
  stop(spec: GroupSpec, containers: readonly string[]): void
  /** Stops all of a group whose record says `removing`, then forgets it. */
  remove(group: GroupId): void
  /** Goes on with what a record says was begun; nothing when that is under way. */
  resume(record: GroupRecord): void
}

const retryMs = 1_000

export function createStopper(context: DockerContext): Stopper {
  const { store } = context
  const stopping = new Map<string, Promise<void>>()
  const removing = new Set<GroupId>()

  function stopOne(spec: GroupSpec, container: string): Promise<void> {
    const under = stopping.get(container)
    if (under) return under
    const work = stopContainer(context, spec, container).finally(() => {
      stopping.delete(container)
      const record = store.read(spec.id)
      if (record?.leaving.includes(container)) store.write({ ...record, leaving: record.leaving.filter((id) => id !== container) })
    })
    stopping.set(container, work)
    return work
  }

  async function removeAll(group: GroupId): Promise<void> {
    for (;;) {
      const record = store.read(group)
      if (!record?.removing) return
      const members = (await listMembers(context, record.spec.environment)).filter(({ id }) => id === group)
      if (members.length === 0) {
        store.forget(group)
        return removeUnusedNetworks(context, record.spec)
      }
      await Promise.all(members.map(({ container }) => stopOne(record.spec, container)))
    }
  }

  function remove(group: GroupId): void {
    if (removing.has(group)) return
    removing.add(group)
    // An engine that is away keeps the record: the next look goes on with it.
    const done = () => setTimeout(() => removing.delete(group), store.read(group)?.removing ? retryMs : 0).unref()
    removeAll(group).then(done, done)
  }

  function stop(spec: GroupSpec, containers: readonly string[]): void {
    for (const container of containers) if (!stopping.has(container)) stopOne(spec, container).catch(() => undefined)
  }

  return {
    stop,
    remove,
    resume(record) {
      if (record.removing) remove(record.spec.id)
      else stop(record.spec, record.leaving)
    },
  }
}

/** @throws PushwayError `engine-unreachable` */
async function stopContainer(context: DockerContext, spec: GroupSpec, container: string): Promise<void> {
  const { engine } = context
  const seconds = Math.ceil(spec.stopGraceMs / 1000)
  const hooks = spec.container?.preStop ?? []
  try {
    if (hooks.length > 0) await runHooks(context, container, { hooks, service: spec.service }).catch(() => undefined)
    await engine.tell({ method: 'POST', path: `/containers/${container}/stop`, query: { t: seconds }, idleMs: spec.stopGraceMs + 60_000 })
  } catch (error) {
    // Already gone, or not to be stopped: removing it by force says the last word.
    if (!(error instanceof EngineRefusal)) throw error
  }
  await engine.tell({ method: 'DELETE', path: `/containers/${container}`, query: { v: true, force: true } }).catch((error: unknown) => {
    if (!(error instanceof EngineRefusal)) throw error
  })
}
