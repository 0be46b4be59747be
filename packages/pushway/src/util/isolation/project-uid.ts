// A uid for each project, stable over restarts, so that one project's commands can't touch another's files.

import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ProjectName } from '@pushway/core/text/ids.ts'
import { writeFileAtomic } from '../files.ts'

const firstUid = 210_000
const staleLockMs = 10_000

/** The uid (and gid) of a project: the next free one from 210000 on, kept in `uids.json` of the data folder. Safe between processes. */
export function projectUid(project: ProjectName, dataDir: string): number {
  const file = join(dataDir, 'uids.json')
  const known = readUids(file)[project]
  if (known !== undefined) return known
  mkdirSync(dataDir, { recursive: true })
  return withLock(`${file}.lock`, () => {
    const uids = readUids(file)
    const again = uids[project]
    if (again !== undefined) return again
    const uid = Math.max(firstUid - 1, ...Object.values(uids)) + 1
    writeFileAtomic(file, `${JSON.stringify({ ...uids, [project]: uid }, null, 2)}\n`)
    return uid
  })
}

function readUids(file: string): Readonly<Record<ProjectName, number>> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
  const value: unknown = JSON.parse(text)
  const entries = Object.entries(value as Record<string, unknown>)
  return Object.fromEntries(entries.filter((entry): entry is [string, number] => Number.isInteger(entry[1])))
}

function withLock<T>(lock: string, work: () => T): T {
  const until = Date.now() + 2 * staleLockMs
  for (;;) {
    try {
      closeSync(openSync(lock, 'wx', 0o600))
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || Date.now() > until) throw error
      dropStaleLock(lock)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
  try {
    return work()
  } finally {
    rmSync(lock, { force: true })
  }
}

/** A process that was killed while it held the lock leaves it behind. */
function dropStaleLock(lock: string): void {
  try {
    if (Date.now() - statSync(lock).mtimeMs > staleLockMs) rmSync(lock, { force: true })
  } catch {
    // It went away in between.
  }
}
