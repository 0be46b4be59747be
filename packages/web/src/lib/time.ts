// Times and lengths as people read them. The present is an argument.

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `just now`, `4 min ago`, `in 3 h`, and beyond a month the date. */
export function relativeTime(at: number, now: number): string {
  const away = Math.abs(now - at)
  if (away < 10 * SECOND) return 'just now'
  if (away >= 30 * DAY) return isoDay(at)
  const text = coarse(away)
  return at <= now ? `${text} ago` : `in ${text}`
}

/** One unit: `12 s`, `4 min`, `3 h`, `9 d`. */
function coarse(length: number): string {
  if (length < MINUTE) return `${Math.floor(length / SECOND)} s`
  if (length < HOUR) return `${Math.floor(length / MINUTE)} min`
  if (length < 2 * DAY) return `${Math.floor(length / HOUR)} h`
  return `${Math.floor(length / DAY)} d`
}

/** How long something took: `340 ms`, `4.2 s`, `2 m 05 s`, `1 h 12 m`. */
export function formatLength(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return ''
  if (ms < SECOND) return `${Math.round(ms)} ms`
  if (ms < 10 * SECOND) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} m ${two(Math.floor((ms % MINUTE) / SECOND))} s`
  return `${Math.floor(ms / HOUR)} h ${two(Math.floor((ms % HOUR) / MINUTE))} m`
}

/** `2026-03-01 12:00:05 UTC`, for the title of a relative time. */
export function absoluteTime(at: number): string {
  return Number.isFinite(at) && Math.abs(at) < 8.64e15 ? `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC` : ''
}

/** `12:00:05.120`, before a line of a log. */
export function clockTime(at: number): string {
  return Number.isFinite(at) && Math.abs(at) < 8.64e15 ? new Date(at).toISOString().slice(11, 23) : ''
}

function isoDay(at: number): string {
  return absoluteTime(at).slice(0, 10)
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
