// The data folder: made with tight rights, held by one server at a time.

import { accessSync, chmodSync, constants, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import { isSameProcess, processStartTime } from '../util/process-identity.ts'

export interface DataFolder {
  readonly dir: string
  /** A path inside. */
  path(...parts: readonly string[]): string
  /** Gives the folder up; the last thing a server does. */
  release(): void
}

/**
 * Opens (and makes) the data folder and takes its lock.
 * The lock is a file with the holder's pid and start time: a killed server's lock is taken over.
 *
 * @throws PushwayError `data-in-use`, `data-not-writable`, `disk-full`
 */
export function openDataFolder(path: string): DataFolder {
  const dir = resolve(path)
  try {
    // Others may pass through to their own work folders below; they can list nothing.
    mkdirSync(dir, { recursive: true, mode: 0o711 })
    accessSync(dir, constants.W_OK)
    chmodSync(dir, 0o711)
    takeLock(dir)
  } catch (error) {
    throw explain(error, dir)
  }
  return {
    dir,
    path: (...parts) => join(dir, ...parts),
    release: () => rmSync(join(dir, 'server.lock'), { force: true }),
  }
}

function takeLock(dir: string): void {
  const file = join(dir, 'server.lock')
  const mine = `${process.pid} ${processStartTime(process.pid) ?? ''}\n`
  for (let round = 0; round < 3; round++) {
    try {
      writeFileSync(file, mine, { flag: 'wx', mode: 0o600 })
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const [pid = '', ...start] = readLock(file).split(' ')
    if (pid !== '' && isSameProcess(Number(pid), start.join(' '))) throw fail('data-in-use', { dir, pid: Number(pid) })
    rmSync(file, { force: true })
  }
  throw fail('data-in-use', { dir, pid: 0 })
}

function readLock(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}

function explain(error: unknown, dir: string): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOSPC' || code === 'EDQUOT') return fail('disk-full', { where: dir })
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM' || code === 'ENOTDIR' || code === 'ENOENT')
    return fail('data-not-writable', { dir, problem: code })
  return error
}
