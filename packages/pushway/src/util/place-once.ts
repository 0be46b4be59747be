// A folder that is made once and whole, by whichever process comes first.

import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * `root/name`, filled by `make` (in a folder beside it, then renamed) unless it is there.
 * Other processes that want the same one wait for the first; when that one dies, the next takes over.
 */
export async function placeOnce(root: string, name: string, make: (to: string) => Promise<void> | void): Promise<string> {
  const target = join(root, name)
  if (existsSync(target)) return target
  mkdirSync(root, { recursive: true })
  const lock = join(root, `.${name}.lock`)
  while (!takeLock(lock)) {
    await sleep(100)
    if (existsSync(target)) return target
  }
  try {
    if (existsSync(target)) return target
    const temp = mkdtempSync(join(root, `.${name}-`))
    try {
      chmodSync(temp, 0o755)
      await make(temp)
      renameSync(temp, target)
    } finally {
      rmSync(temp, { recursive: true, force: true })
    }
    return target
  } finally {
    rmSync(lock, { force: true })
  }
}

function takeLock(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (ownerIsGone(lock)) rmSync(lock, { force: true })
    return false
  }
}

function ownerIsGone(lock: string): boolean {
  try {
    const pid = Number(readFileSync(lock, 'utf8'))
    // An empty file: its owner is about to write its pid.
    if (!Number.isInteger(pid) || pid <= 0) return false
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
