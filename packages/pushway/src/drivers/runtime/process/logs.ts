// Reads instances' log files: the newest lines, then what comes.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InstanceLogLine } from '../../../ports/runtime.ts'

/** Where one instance's logs are. */
export interface LogPlace {
  readonly instance: string
  readonly dir: string
}

const tailBytes = 1024 * 1024
const pollMs = 150

interface Source {
  readonly place: LogPlace
  readonly stream: 'stdout' | 'stderr'
  readonly file: string
  offset: number
  rest: string
}

/** The newest `tail` lines of all places by time; with `follow` what comes until `signal`, of new places too. */
export async function* readLogs(
  places: () => Promise<readonly LogPlace[]>,
  options: { readonly tail: number; readonly follow: boolean },
  signal: AbortSignal,
): AsyncIterable<InstanceLogLine> {
  const sources = new Map<string, Source>()
  addSources(sources, await places())
  const first: InstanceLogLine[] = []
  for (const source of sources.values()) first.push(...(await readTail(source)))
  first.sort((a, b) => a.at - b.at)
  yield* options.tail === 0 ? [] : first.slice(-options.tail)
  for (let round = 1; options.follow && !signal.aborted; round++) {
    await sleep(pollMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    // New instances, ten times less often than new lines.
    if (round % 10 === 0) addSources(sources, await places())
    for (const source of sources.values()) yield* await readNew(source)
  }
}

function addSources(sources: Map<string, Source>, places: readonly LogPlace[]): void {
  for (const place of places) {
    for (const stream of ['stdout', 'stderr'] as const) {
      const file = join(place.dir, `${stream}.log`)
      if (!sources.has(file)) sources.set(file, { place, stream, file, offset: 0, rest: '' })
    }
  }
}

async function readTail(source: Source): Promise<readonly InstanceLogLine[]> {
  if (!existsSync(source.file)) return []
  const size = statSync(source.file).size
  const start = Math.max(0, size - tailBytes)
  const text = await readRange(source.file, start, size)
  source.offset = size
  const lines = text.split('\n')
  source.rest = lines.pop() ?? ''
  const times = readTimes(source)
  let offset = start
  const stamped = lines.map((line) => {
    offset += Buffer.byteLength(line) + 1
    return toLine(source, line, timeAt(times, offset))
  })
  // The first line is cut when the file is longer than what is read of it.
  return start > 0 ? stamped.slice(1) : stamped
}

async function readNew(source: Source): Promise<readonly InstanceLogLine[]> {
  const size = existsSync(source.file) ? statSync(source.file).size : 0
  // Rotated: what is there now is new.
  if (size < source.offset) source.offset = 0
  if (size === source.offset) return []
  const until = Math.min(size, source.offset + tailBytes)
  const lines = (source.rest + (await readRange(source.file, source.offset, until))).split('\n')
  source.offset = until
  source.rest = lines.pop() ?? ''
  const now = Date.now()
  return lines.map((line) => toLine(source, line, now))
}

function toLine(source: Source, text: string, at: number): InstanceLogLine {
  return { at, instance: source.place.instance, stream: source.stream, text: text.replace(/\r$/, '') }
}

async function readRange(file: string, start: number, end: number): Promise<string> {
  const handle = await open(file, 'r')
  try {
    const buffer = Buffer.alloc(end - start)
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

interface Mark {
  readonly end: number
  readonly at: number
}

/** The agent's notes: everything up to `end` was written by `at`. */
function readTimes(source: Source): readonly Mark[] {
  const file = join(source.place.dir, `${source.stream}.times`)
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(' ').map(Number))
    .flatMap(([end, at]) => (end && at ? [{ end, at }] : []))
}

function timeAt(times: readonly Mark[], offset: number): number {
  return times.find((mark) => mark.end >= offset)?.at ?? Date.now()
}
