// Follows the engine's events: deaths are noticed at once, and what somebody removed is made again.

import type { GroupId } from '@pushway/core/text/ids.ts'
import { followEvents } from '../../../util/engine-api/index.ts'
import type { DockerContext } from './context.ts'
import { label, ownerOf } from './labels.ts'

export interface Watching {
  readonly changed: () => void
  /** Makes as many instances of a group exist as its record says. */
  readonly mend: (group: GroupId) => Promise<void>
}

/** What is worth another look. */
const events = ['start', 'die', 'oom', 'destroy', 'pause', 'unpause', 'health_status']

/** Until `signal`. Nothing is asked of the engine while there is no group: a server may have none to use. */
export async function watchEngine(context: DockerContext, { changed, mend }: Watching, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && context.store.all().length === 0) await pause(2_000, signal)
  if (signal.aborted) return
  // What fails here is tried again by the next event, and seen by the next look.
  const mendGroup = (id: GroupId) => void mend(id).catch(() => undefined)
  const mendAll = () => {
    for (const { spec } of context.store.all()) mendGroup(spec.id)
  }
  mendAll()
  const filters = { type: ['container'], event: events, label: [`${label.installation}=${context.store.installation}`] }
  for await (const one of followEvents(context.engine, filters, signal)) {
    changed()
    if (one.kind === 'back') mendAll()
    const owner = one.kind === 'event' && one.event.Action === 'destroy' ? ownerOf(one.event.Actor.Attributes) : undefined
    if (owner) mendGroup(owner.id)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    timer.unref()
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
