// Small texts for people: times, lengths of time, shares, ids. Pure.

import type { EpochMs, Milliseconds } from '@pushway/core/text/ids.ts'

/** `42s`, `5m`, `3h`, `12d`: how long ago, in the largest whole unit. */
export function formatAge(at: EpochMs, now: EpochMs): string {
  const seconds = Math.max(0, Math.floor((now - at) / 1000))
  if (seconds < 120) return `${seconds}s`
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)}m`
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}

/** `340ms`, `12s`, `1m05s`, `2h03m`. */
export function formatDuration(ms: Milliseconds): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m${String(seconds % 60).padStart(2, '0')}s`
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`
}

/** `2026-03-01 12:30:05`, UTC: the same wherever it is read. */
export function formatTime(at: EpochMs): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ')
}

/** `0.5 %`, from a share of 0..1. */
export function formatShare(share: number): string {
  const percent = share * 100
  return `${percent === 0 || percent >= 10 ? Math.round(percent) : percent.toFixed(1)} %`
}

/** `0 B`, `812 B`, `1.4 MB`: as docker counts, in thousands. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** step
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[step]}`
}

/** `refs/heads/main` → `main`. */
export function shortRef(ref: string): string {
  return ref.replace(/^refs\/(heads|tags)\//, '')
}

/** The seven characters of a commit that people say. */
export function shortCommit(commit: string): string {
  return commit.slice(0, 7)
}

/** One line without what steers a terminal: texts of commits and programs are others' texts. */
export function plainLine(text: string): string {
  return stripControls(text.split(/\r?\n/, 1)[0] ?? '')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character begins every colour.
const colors = /(\u001B\[[\d;]*m)/

/** A line of a log: colours stay, everything else that steers a terminal goes. */
export function logLine(text: string): string {
  return text
    .split(colors)
    .map((part, index) => (index % 2 === 1 ? part : stripControls(part)))
    .join('')
}

function stripControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are what it is about.
  return text.replace(/[\u0000-\u0008\u000A-\u001F\u007F-\u009F]/g, '')
}
