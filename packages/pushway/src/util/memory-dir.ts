// Where small files that live for moments are made fastest, and how those of killed processes are found.

import { accessSync, constants, mkdtempSync, readdirSync, readlinkSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isSameProcess, processStartTime } from './process-identity.ts'

/**
 * A new folder for this user alone: in memory where the system has a place for that, else among the temporary files. File systems on
 * disks avoid numbers of files that were removed a moment ago, so that making and removing many takes longer and longer.
 * On Linux its name says whose it is, for `sweepOwnedDirs`.
 * @param prefix begins with `pushway-` and ends with `-`
 */
export function makeMemoryDir(prefix: string): string {
  return makeOwnedDir(memory(), prefix)
}

/** As `makeMemoryDir`, among the temporary files. */
export function makeTemporaryDir(prefix: string): string {
  return makeOwnedDir(tmpdir(), prefix)
}

function makeOwnedDir(parent: string, prefix: string): string {
  const owner = process.platform === 'linux' ? `${pidNamespace()}.${process.pid}.${processStartTime(process.pid)}-` : ''
  return mkdtempSync(join(parent, `${prefix}${owner}`))
}

/** Removes the folders of processes that have ended without doing it themselves. Those that another pid namespace made stay: nobody here sees their owners. */
export async function sweepOwnedDirs(): Promise<void> {
  const namespace = pidNamespace()
  for (const dir of new Set([memory(), tmpdir()])) {
    const left = list(dir).filter((name) => {
      const [, where, pid, startTime = ''] = /^pushway-[a-z]+-(\d+)\.(\d+)\.(\d+)-\w{6}$/.exec(name) ?? []
      return where !== undefined && where === namespace && !isSameProcess(Number(pid), startTime)
    })
    // One of another user stays, who removes it.
    for (const name of left) await rm(join(dir, name), { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined)
  }
}

/** Pids mean something only inside of it. */
function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  } catch {
    return '0'
  }
}

function list(dir: string): readonly string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

function memory(): string {
  try {
    accessSync('/dev/shm', constants.W_OK | constants.X_OK)
    return '/dev/shm'
  } catch {
    return tmpdir()
  }
}
