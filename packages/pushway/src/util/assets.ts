// Finds the files that ship beside the program: scripts and preloads that are not bundled.

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fail } from '@pushway/core/reason/errors.ts'

let folder: string | undefined

/**
 * The path of an asset (`isolate.sh`). The folder is `assets/` beside the nearest parent of this file that has one:
 * `packages/pushway/assets` from the sources, `dist/assets` from the bundle.
 */
export function assetPath(name: string): string {
  folder ??= findFolder(dirname(fileURLToPath(import.meta.url)))
  return join(folder, name)
}

function findFolder(from: string): string {
  const candidate = join(from, 'assets')
  if (existsSync(join(candidate, 'isolate.sh'))) return candidate
  const parent = dirname(from)
  if (parent === from) throw fail('bug', { problem: 'the folder of assets is not beside the program' })
  return findFolder(parent)
}
