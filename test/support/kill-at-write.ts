// Kills this process with SIGKILL just before its n-th write to disk: of files (made, filled, synced, renamed, removed) and of SQLite.
// Imported before anything else: it replaces Node's own functions.

import { createRequire, syncBuiltinESMExports } from 'node:module'
import type { Database, Statement } from '../../packages/pushway/src/store/database.ts'

const load = createRequire(import.meta.url)
let left = Number.POSITIVE_INFINITY

/** From now on: the process dies before its `n`-th write. */
export function killAtWrite(n: number): void {
  left = n
}

function write(): void {
  if (--left === 0) process.kill(process.pid, 'SIGKILL')
}

type Functions = Record<string, (...args: unknown[]) => unknown>

/** `isWrite` tells from the arguments; absent: every call is one. */
function watch(of: object, name: string, isWrite: (args: readonly unknown[]) => boolean = () => true): void {
  const original = (of as Functions)[name] as (...args: unknown[]) => unknown
  const value = function (this: unknown, ...args: unknown[]) {
    if (isWrite(args)) write()
    return original.apply(this, args)
  }
  Object.defineProperty(of, name, { value, writable: true, configurable: true })
}

const promises = load('node:fs/promises') as typeof import('node:fs/promises')
const fs = load('node:fs') as typeof import('node:fs')
const handle = await promises.open(process.execPath, 'r')
const FileHandle = Object.getPrototypeOf(handle) as object
await handle.close()
for (const name of ['mkdir', 'rename', 'rm', 'utimes']) watch(promises, name)
watch(promises, 'open', ([, flags]) => flags === 'wx')
for (const name of ['writev', 'write', 'sync', 'utimes']) watch(FileHandle, name)
watch(fs, 'unlinkSync')
syncBuiltinESMExports()

/** A database whose writes count too. */
export function watchDatabase(database: Database): Database {
  return {
    ...database,
    prepare(sql) {
      const statement = database.prepare(sql)
      if (/^\s*select/.test(sql)) return statement
      const counted: Statement = { ...statement }
      watch(counted, 'run')
      return counted
    },
    // Killed before the commit: nothing of the transaction is there.
    transaction: (work) =>
      database.transaction(() => {
        const result = work()
        write()
        return result
      }),
  }
}
