// Lengths of time as people write them.

import type { Milliseconds } from './ids.ts'

const units: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `1h30m`, `90s`, `500ms`, `1.5s`, `2d`, `0` in ms; undefined for anything else. A number without unit is not a duration, except 0. */
export function parseDuration(text: string): Milliseconds | undefined {
  const trimmed = text.trim()
  if (trimmed === '0') return 0
  if (!/^(\d+(\.\d+)?(us|ms|s|m|h|d))+$/.test(trimmed)) return undefined
  let total = 0
  for (const [, amount = '0', unit = ''] of trimmed.matchAll(/(\d+(?:\.\d+)?)(us|ms|s|m|h|d)/g)) total += Number(amount) * (units[unit] ?? 0)
  return Number.isFinite(total) ? Math.round(total) : undefined
}
