// `-w`: shows something again and again, redrawn on a terminal, only what is new elsewhere.

import { setTimeout as sleep } from 'node:timers/promises'
import { makeScreen, type Screen } from './screen.ts'

export interface Watched<T> {
  read(): Promise<T>
  show(value: T, screen: Screen): string | Promise<string>
  /** No more will come. */
  done?(value: T): boolean
  readonly wide?: boolean
  readonly everyMs?: number
}

/** Shows until it is done or Ctrl-C; gives the last value. */
export async function watch<T>({ read, show, done, wide = false, everyMs = 1000 }: Watched<T>): Promise<T> {
  const redraw = process.stdout.isTTY === true
  const draw = redraw ? createRedraw() : createStream()
  const stop = new AbortController()
  const onInterrupt = () => stop.abort()
  process.once('SIGINT', onInterrupt)
  try {
    for (;;) {
      const value = await read()
      const text = await show(value, makeScreen({ wide, ages: redraw }))
      if (text !== '') draw(text)
      if (done?.(value) || stop.signal.aborted) return value
      await sleep(everyMs, undefined, { signal: stop.signal }).catch(() => undefined)
      if (stop.signal.aborted) return value
    }
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}

/** Puts the text in place of the one before. */
function createRedraw(): (text: string) => void {
  let lines = 0
  return (text) => {
    const rows = text.split('\n').slice(-Math.max(5, (process.stdout.rows ?? 40) - 1))
    const back = lines > 0 ? `\u001B[${lines}A` : ''
    process.stdout.write(`${back}${rows.map((row) => `\u001B[2K${row}`).join('\n')}\n\u001B[0J`)
    lines = rows.length
  }
}

/** Writes the lines that the text before did not have. */
function createStream(): (text: string) => void {
  let before = new Set<string>()
  return (text) => {
    const lines = text.split('\n')
    for (const line of newLines(lines, before)) process.stdout.write(`${line}\n`)
    before = new Set(lines)
  }
}

/** The lines that are not among those of before, in their order. */
export function newLines(lines: readonly string[], before: ReadonlySet<string>): readonly string[] {
  return lines.filter((line) => line !== '' && !before.has(line))
}
