// Where small files that live for moments are made fastest.

import { accessSync, constants, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A new folder for this user alone: in memory where the system has a place for that, else among the temporary files. File systems on
 * disks avoid numbers of files that were removed a moment ago, so that making and removing many takes longer and longer.
 */
export function makeMemoryDir(prefix: string): string {
  return mkdtempSync(join(parent(), prefix))
}

function parent(): string {
  try {
    accessSync('/dev/shm', constants.W_OK | constants.X_OK)
    return '/dev/shm'
  } catch {
    return tmpdir()
  }
}
