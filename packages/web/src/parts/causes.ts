// Which entries of the timeline belong together, by cause. Pure.

import type { TimelineEntry } from '@pushway/core/views/types.ts'

/** The ids of an entry, of all that led to it, and of all that it led to. */
export function chainOf(entries: readonly TimelineEntry[], id: string): ReadonlySet<string> {
  const causes = new Map(entries.map((entry) => [entry.id, entry.cause]))
  const chain = new Set<string>()
  for (let at: string | undefined = id; at !== undefined && !chain.has(at); at = causes.get(at)) chain.add(at)
  // Entries are newest first, and a cause is older than its effect.
  const effects = new Set([id])
  for (const entry of entries.toReversed()) if (entry.cause !== undefined && effects.has(entry.cause)) effects.add(entry.id)
  return new Set([...chain, ...effects])
}

/** The entry that caused this one, when it is of another thing and so worth naming. */
export function namedCause(entries: ReadonlyMap<string, TimelineEntry>, entry: TimelineEntry): TimelineEntry | undefined {
  const cause = entry.cause === undefined ? undefined : entries.get(entry.cause)
  return cause && streamOf(cause.id) !== streamOf(entry.id) ? cause : undefined
}

function streamOf(id: string): string {
  return id.slice(0, id.indexOf('#'))
}
