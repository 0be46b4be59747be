// An instance's folders on disk: its own copy of the image's tree, the preload, its logs.

import { execFile } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Program } from '../ports/agent.ts'
import { assetPath } from '../util/assets.ts'
import { joinInside } from '../util/paths.ts'

const run = promisify(execFile)

/**
 * Makes `dir/tree` a copy of the image's tree that belongs to the project's uid, and `dir/run` with the preload.
 * A copy, not links: a program that writes to its own files must not write to the image or to another instance.
 */
export async function preparePlace(program: Program, dir: string): Promise<void> {
  const tree = join(dir, 'tree')
  rmSync(tree, { recursive: true, force: true })
  mkdirSync(tree, { recursive: true })
  // Where folders can't be covered, the project's uid passes through, without seeing what else is there.
  chmodSync(dirname(dir), 0o711)
  for (const folder of [dir, tree]) chmodSync(folder, 0o755)
  if (!existsSync(program.tree)) throw new Error(`the unpacked image ${program.tree} is gone`)
  await run('cp', ['-R', '-P', '-p', '--', `${program.tree}/.`, tree])
  mkdirSync(joinInside(tree, `.${program.workingDir}`), { recursive: true })
  const { kind, uid } = program.isolation
  if (kind === 'uid' && uid !== undefined) await run('chown', ['-R', '-h', `${uid}:${uid}`, '--', tree])
}

/** The preload is the present build's at every start. */
export function refreshPreload(dir: string): void {
  const runDir = join(dir, 'run')
  mkdirSync(runDir, { recursive: true })
  chmodSync(runDir, 0o755)
  copyFileSync(assetPath('preload.cjs'), join(runDir, 'preload.cjs'))
  chmodSync(join(runDir, 'preload.cjs'), 0o644)
}

/** Removes what only a living instance needs; its logs stay. */
export function clearPlace(dir: string): void {
  rmSync(join(dir, 'tree'), { recursive: true, force: true })
  rmSync(join(dir, 'run'), { recursive: true, force: true })
}
