// Caches that one RUN at a time may use, over processes.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Does the work while the locks are held; they are taken in one order everywhere. */
export async function withLock<T>(files: readonly string[], work: () => Promise<T>): Promise<T> {
  const [first, ...rest] = [...new Set(files)].sort()
  if (first === undefined) return work()
  mkdirSync(dirname(first), { recursive: true })
  while (!take(first)) await sleep(50)
  try {
    return await withLock(rest, work)
  } finally {
    rmSync(first, { force: true })
  }
}

function take(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (isGone(file)) rmSync(file, { force: true })
    return false
  }
}

/** Whether the process that took the lock has ended without giving it back. */
function isGone(file: string): boolean {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    if (pid > 0) process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
