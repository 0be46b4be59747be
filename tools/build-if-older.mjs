// Builds the program when there is no bundle yet, or one that is older than its sources.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const bundle = 'packages/pushway/dist/main.js'
const sources = ['packages/core/src', 'packages/pushway/src', 'packages/pushway/assets', 'packages/web/src', 'tools/build.mjs']

/** Whether the bundle is there and new, after building it where needed. */
export function buildIfOlder() {
  const builtAt = statSync(bundle, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (builtAt > 0 && sources.every((source) => newest(source) <= builtAt)) return true
  return spawnSync(process.execPath, ['tools/build.mjs'], { stdio: 'inherit' }).status === 0
}

function newest(path) {
  if (!existsSync(path)) return 0
  const stat = statSync(path)
  if (!stat.isDirectory()) return path.includes('.test.') ? 0 : stat.mtimeMs
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))))
}
