// The timeline as text: what led to what, as a tree. Pure.

import type { ExplainView, TimelineEntry } from '@pushway/core/views/types.ts'
import { plainLine } from '../format.ts'
import type { Shape } from '../output.ts'
import type { Screen, Style } from '../screen.ts'

const marks: Readonly<Record<TimelineEntry['state'], readonly [mark: string, style: Style]>> = {
  info: ['•', 'dim'],
  good: ['✓', 'green'],
  bad: ['✗', 'red'],
  waiting: ['…', 'yellow'],
}

export const timelineShape: Shape<TimelineEntry> = { name: (entry) => entry.id, none: 'Nothing has happened yet.', columns: [] }

/**
 * Oldest first; what an entry led to stands below it, one step to the right. Entries of one chain (each caused by the one before,
 * in the same stream) stay at one level, so that a long rollout is a column and not a staircase.
 */
export function renderTimeline(entries: readonly TimelineEntry[], screen: Screen): string {
  const oldestFirst = entries.toReversed()
  const known = new Set(oldestFirst.map((entry) => entry.id))
  const children = new Map<string, TimelineEntry[]>()
  for (const entry of oldestFirst) {
    const cause = nearestKnown(entry, known) ?? ''
    children.set(cause, [...(children.get(cause) ?? []), entry])
  }
  const lines: string[] = []
  const write = (entry: TimelineEntry, level: number): void => {
    lines.push(entryLine(entry, level, screen))
    for (const child of children.get(entry.id) ?? []) write(child, streamOf(child.id) === streamOf(entry.id) ? level : level + 1)
  }
  for (const root of children.get('') ?? []) write(root, 0)
  return lines.join('\n')
}

function entryLine(entry: TimelineEntry, level: number, screen: Screen): string {
  const [mark, style] = marks[entry.state]
  const time = new Date(entry.at).toISOString().slice(11, 19)
  const by = entry.by === undefined ? '' : screen.paint('dim', ` (${plainLine(entry.by)})`)
  return `${screen.paint('dim', time)}  ${'   '.repeat(level)}${screen.paint(style, mark)} ${plainLine(entry.text)}${by}`
}

/** Its cause, or the newest shown entry before its cause in the same stream: details between them are not shown. */
function nearestKnown({ id, cause }: TimelineEntry, known: ReadonlySet<string>): string | undefined {
  if (cause === undefined) return undefined
  const stream = streamOf(cause)
  for (let seq = Number(cause.slice(stream.length + 1)); seq >= 1; seq--) {
    const candidate = `${stream}#${seq}`
    if (known.has(candidate) && candidate !== id) return candidate
  }
  return undefined
}

function streamOf(id: string): string {
  return id.slice(0, id.lastIndexOf('#'))
}

/** What something is now and the facts that led there. */
export function showExplanation(view: ExplainView, screen: Screen): string {
  const facts = view.facts.map(
    ({ seq, at, text }) => `${String(seq).padStart(3)}  ${screen.paint('dim', new Date(at).toISOString().slice(0, 19).replace('T', ' '))}  ${plainLine(text)}`,
  )
  return [screen.paint('bold', view.now.sentence), `(${view.now.code}; ${view.stream})`, '', ...facts].join('\n')
}
