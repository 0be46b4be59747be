// An instance's log files: it writes them itself, so that its output survives the agent; the agent keeps them small and notes the time.

import { appendFileSync, closeSync, copyFileSync, existsSync, fchownSync, openSync, readSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'

/** Past this size the file is copied aside (`.1`) and cut; one old part is kept. */
const rotateBytes = 10 * 1024 * 1024

const streams = ['stdout', 'stderr'] as const
export type StreamName = (typeof streams)[number]

/** Opened for appending: after a cut the program goes on at the start. Its owner may open it again as /dev/stdout. */
export function openLog(dir: string, stream: StreamName, owner: number | undefined): number {
  const fd = openSync(join(dir, `${stream}.log`), 'a', 0o600)
  if (owner !== undefined) fchownSync(fd, owner, owner)
  return fd
}

export function logSize(dir: string, stream: StreamName): number {
  const file = join(dir, `${stream}.log`)
  return existsSync(file) ? statSync(file).size : 0
}

/** A line of the agent's own in the instance's error output. */
export function noteInLog(dir: string, text: string): void {
  appendFileSync(join(dir, 'stderr.log'), `pushway: ${text}\n`)
}

/**
 * Looks at both files once: notes the time of what came since the last look in `STREAM.times` (lines of "end offset, epoch ms"),
 * and rotates what grew too large. `seen` is the caller's memory between looks.
 */
export function tendLogs(dir: string, seen: Map<StreamName, number>, now: number): void {
  for (const stream of streams) {
    const size = logSize(dir, stream)
    if (size === (seen.get(stream) ?? 0)) continue
    if (size > rotateBytes) {
      const file = join(dir, `${stream}.log`)
      copyFileSync(file, `${file}.1`)
      truncateSync(file, 0)
      truncateSync(join(dir, `${stream}.times`), 0)
      seen.set(stream, 0)
      continue
    }
    appendFileSync(join(dir, `${stream}.times`), `${size} ${now}\n`, { mode: 0o600 })
    seen.set(stream, size)
  }
}

/** What was written to the error output after `from`, at most its last 8 KiB. */
export function errorsSince(dir: string, from: number): string {
  const size = logSize(dir, 'stderr')
  const start = Math.max(size < from ? 0 : from, size - 8192)
  if (size <= start) return ''
  const fd = openSync(join(dir, 'stderr.log'), 'r')
  try {
    const buffer = Buffer.alloc(size - start)
    return buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, start))
  } finally {
    closeSync(fd)
  }
}
