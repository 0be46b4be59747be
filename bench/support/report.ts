// What every benchmark prints: the machine it ran on, and one table.

import { cpus, loadavg } from 'node:os'

/** The middle one; the mean of the middle two of an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2
}

/** Prints rows under their head: the first column to the left, the others to the right. */
export function printTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const all = [head, ...rows].map((row) => row.map(String))
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart((widths[column] ?? 0) + 2))).join('')
  console.log(all.map(line).join('\n'))
}

/** One line: cores, Node.js, and how busy the machine was when the benchmark began. */
export function printMachine(): void {
  const cores = cpus()
  const model = (cores[0]?.model ?? '').trim() || process.arch
  console.log(`${cores.length} × ${model}, ${process.platform}, Node.js ${process.versions.node}; load of the last minute before: ${loadavg()[0]?.toFixed(1)}`)
}

/** A number in a column. */
export function fixed(value: number, digits = 0): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–'
}
