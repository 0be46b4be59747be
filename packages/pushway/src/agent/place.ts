// An instance's folders on disk: its own copy of the image's tree, the preload, its logs.

import { execFile } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Program, ProgramMount } from '../ports/agent.ts'
import { assetPath } from '../util/assets.ts'
import { writeUsers } from '../util/isolation/index.ts'
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
  if (!program.host) {
    if (!existsSync(program.tree)) throw new Error(`the unpacked image ${program.tree} is gone`)
    await run('cp', ['-R', '-P', '-p', '--', `${program.tree}/.`, tree])
    mkdirSync(joinInside(tree, `.${program.workingDir}`), { recursive: true })
  }
  const owned = [tree, ...makeFolders(program.isolation.keep ?? [])]
  if (program.host) owned.push(makeRun(dir))
  for (const mount of program.mounts ?? []) await placeMount(mount, { dir, tree })
  const { kind, uid } = program.isolation
  if (kind === 'uid' && uid !== undefined) await run('chown', ['-R', '-h', `${uid}:${uid}`, '--', ...owned])
}

/** Volumes that are made now; the ones that are there keep their owner. */
function makeFolders(folders: readonly string[]): readonly string[] {
  const missing = folders.filter((folder) => !existsSync(folder))
  for (const folder of missing) {
    mkdirSync(folder, { recursive: true })
    // Databases refuse a folder of theirs that others may read.
    chmodSync(folder, 0o700)
    chmodSync(dirname(folder), 0o711)
  }
  return missing
}

function makeRun(dir: string): string {
  const runDir = join(dir, 'run')
  mkdirSync(join(runDir, 'data'), { recursive: true, mode: 0o700 })
  mkdirSync(join(runDir, 'log'), { recursive: true })
  chmodSync(runDir, 0o700)
  return runDir
}

/** What is shared is linked: the path in the tree leads to it. What is the instance's own is copied. */
async function placeMount({ target, path, copy }: ProgramMount, { dir, tree }: { readonly dir: string; readonly tree: string }): Promise<void> {
  const place = target.startsWith('{run}/') ? joinInside(join(dir, 'run'), `./${target.slice('{run}/'.length)}`) : joinInside(tree, `.${target}`)
  mkdirSync(dirname(place), { recursive: true })
  rmSync(place, { recursive: true, force: true })
  if (copy) await run('cp', ['-R', '-L', '--', path, place])
  else symlinkSync(path, place)
}

/** What the instance sees of the system's own files: names of services beside the machine's, and a user that has its uid. */
export function refreshOverlays(program: Program, dir: string): void {
  const { uid } = program.isolation
  if (program.isolation.kind === 'uid' && program.isolation.mounts && uid !== undefined) writeUsers(dir, uid)
  if (!program.hosts) return
  const own = existsSync('/etc/hosts') ? readFileSync('/etc/hosts', 'utf8').trimEnd() : '127.0.0.1 localhost'
  const names = Object.entries(program.hosts).map(([name, address]) => `${address} ${name}`)
  writeFileSync(join(dir, 'hosts'), `${own}\n${names.join('\n')}\n`, { mode: 0o644 })
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
