// Tables as Docker prints them: capitals above, three spaces between, every cell padded but the last.

import { textWidth } from '../table.ts'

/** Prints a table on standard output. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[], gap = 3): void {
  const all = [head, ...rows]
  const widths = head.map((_, at) => Math.max(...all.map((row) => textWidth(row[at] ?? ''))))
  const line = (row: readonly string[]) =>
    row.map((cell, at) => cell + ' '.repeat(at === row.length - 1 ? 0 : (widths[at] ?? 0) - textWidth(cell) + gap)).join('')
  process.stdout.write(all.map((row) => `${line(row)}\n`).join(''))
}
