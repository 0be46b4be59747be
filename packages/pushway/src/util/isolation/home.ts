// Root's own home folder: closed to projects' uids, and yet it may hold the toolchains that they need.

import { realpathSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname } from 'node:path'
import type { Isolation } from './command.ts'

/**
 * Folders to add to `hide` and `keepReadOnly`: where a home folder lets nobody pass, it is covered,
 * and this Node.js and `needed` (toolchains), as far as they are inside it, are brought back for everyone to read.
 */
export function openHome(isolation: Isolation, needed: readonly string[]): { readonly hide: readonly string[]; readonly keepReadOnly: readonly string[] } {
  const keepReadOnly = [...needed, dirname(dirname(realpathSync(process.execPath)))]
  return { hide: isolation.kind === 'uid' && isolation.mounts ? closedHome() : [], keepReadOnly }
}

function closedHome(): readonly string[] {
  try {
    const home = realpathSync(homedir())
    return home !== '/' && (statSync(home).mode & 0o001) === 0 ? [home] : []
  } catch {
    return []
  }
}
