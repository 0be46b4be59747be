// The engine's events, as they come. The stream is opened again when it breaks; what was missed meanwhile comes first.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from './client.ts'
import { readJsonLines } from './frames.ts'
import { type EngineEvent, eventMessage } from './schema.ts'

const firstWaitMs = 250
const longestWaitMs = 5_000

export interface EventFilters {
  readonly type?: readonly string[]
  readonly event?: readonly string[]
  readonly label?: readonly string[]
  readonly container?: readonly string[]
}

export type EventOrState = { readonly kind: 'event'; readonly event: EngineEvent } | { readonly kind: 'lost' } | { readonly kind: 'back' }

/** Events until `signal`, and when the engine was lost and came back. */
export async function* followEvents(engine: Engine, filters: EventFilters, signal: AbortSignal): AsyncGenerator<EventOrState> {
  let since: string | undefined
  let waitMs = firstWaitMs
  let lost = false
  while (!signal.aborted) {
    try {
      const body = await engine.open({ method: 'GET', path: '/events', query: { filters, since }, signal })
      if (lost) yield { kind: 'back' }
      lost = false
      waitMs = firstWaitMs
      for await (const line of readJsonLines(body)) {
        const found = eventMessage.safeParse(line)
        if (!found.success) continue
        // The engine takes nanoseconds as `seconds.fraction`; one more, so that this one does not come again.
        since = nextTime(found.data)
        yield { kind: 'event', event: found.data }
      }
    } catch {
      // Said below; a refusal is as good as an absence here.
    }
    if (signal.aborted) return
    if (!lost) yield { kind: 'lost' }
    lost = true
    await sleep(waitMs, undefined, { signal }).catch(() => undefined)
    waitMs = Math.min(longestWaitMs, waitMs * 2)
  }
}

/** Numbers of this size lose their last digits: a microsecond is as exact as it gets. */
function nextTime({ time, timeNano }: EngineEvent): string {
  const micros = Math.floor((timeNano % 1e9) / 1000) + 1
  return micros >= 1e6 ? `${time + 1}.000000000` : `${time}.${String(micros).padStart(6, '0')}000`
}

/** What happened lately, newest last: the engine remembers its last few hundred events. Times are seconds since the epoch. */
export async function pastEvents(engine: Engine, filters: EventFilters, range: { since: number; until: number }): Promise<readonly EngineEvent[]> {
  const body = await engine.open({ method: 'GET', path: '/events', query: { filters, since: range.since, until: range.until } })
  const events: EngineEvent[] = []
  for await (const line of readJsonLines(body)) {
    const found = eventMessage.safeParse(line)
    if (found.success) events.push(found.data)
  }
  return events
}
