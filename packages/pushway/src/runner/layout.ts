// The folders and constant files of one job, with the owners that keep steps from replacing what the worker writes.

import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { WorkerInput } from '../util/job-spool.ts'

export interface JobPaths {
  readonly root: string
  /** GITHUB_WORKSPACE. */
  readonly workspace: string
  /** RUNNER_WORKSPACE, its parent. */
  readonly work: string
  readonly home: string
  readonly temp: string
  readonly toolCache: string
  readonly dockerConfig: string
  readonly images: string
  /** Programs that come first on the job's PATH. */
  readonly bin: string
  /** Scripts and command files: steps may write the files, not replace them. */
  readonly commands: string
  readonly event: string
  /** The files of actions; steps may read them. */
  readonly actions: string
}

/** Makes the folders of a job. Those of steps belong to the project's uid, those of the worker can only be read by it. */
export function layOutJob(input: WorkerInput): JobPaths {
  const root = input.folders.job
  const repository = String(input.spec.contexts.github.repository ?? 'work')
  const name = (repository.split('/').at(-1) ?? '').replace(/[^A-Za-z0-9._-]/g, '') || 'work'
  const commands = input.folders.commands ?? join(root, 'commands')
  const paths: JobPaths = {
    root,
    work: join(root, 'work'),
    workspace: join(root, 'work', /^\.+$/.test(name) ? 'work' : name),
    home: join(root, 'home'),
    temp: join(root, 'temp'),
    toolCache: join(root, 'tool-cache'),
    dockerConfig: join(root, 'docker'),
    images: input.folders.images ?? join(root, 'images'),
    bin: input.folders.bin ?? join(root, 'bin'),
    commands,
    event: join(commands, 'event.json'),
    actions: join(root, 'actions'),
  }
  const uid = input.isolation.kind === 'uid' ? input.uid : undefined
  for (const dir of [root, paths.bin, paths.commands]) ownFolder(dir, uid, 0o750)
  for (const dir of [paths.work, paths.workspace, paths.home, paths.temp, paths.toolCache, paths.dockerConfig, paths.images]) giveFolder(dir, uid)
  const { npmCache, buildCache, jobTools, tools } = input.folders
  for (const dir of [npmCache, buildCache]) giveFolder(dir, uid)
  if (jobTools === tools) mkdirSync(tools, { recursive: true })
  else giveFolder(jobTools, uid)
  mkdirSync(tools, { recursive: true, mode: 0o755 })
  writeFor(paths.event, JSON.stringify(input.spec.contexts.github.event ?? {}), uid)
  writeShims(paths.bin, input.self, uid)
  return paths
}

/** A file in a folder of the worker that the job's processes can read and write but not replace. */
export function writeFor(file: string, text: string, uid: number | undefined): void {
  writeFileSync(file, text, { mode: 0o600, flag: 'wx' })
  if (uid !== undefined) chownSync(file, uid, uid)
}

/** A folder of the worker that the job's uid may look into. */
export function ownFolder(dir: string, uid: number | undefined, mode: number): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  if (uid === undefined) return
  chownSync(dir, 0, uid)
  chmodSync(dir, mode)
}

function giveFolder(dir: string, uid: number | undefined): void {
  const there = existsSync(dir)
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  // Never by way of a link that a step has put there.
  if (!there && uid !== undefined && lstatSync(dir).isDirectory()) chownSync(dir, uid, uid)
}

function writeShims(bin: string, self: readonly string[], uid: number | undefined): void {
  const shims: Readonly<Record<string, readonly string[]>> = {
    docker: [...self, 'internal', 'docker'],
    'docker-compose': [...self, 'internal', 'docker', 'compose'],
    pushway: self,
  }
  for (const [name, argv] of Object.entries(shims)) {
    const file = join(bin, name)
    // Shared ones are there already.
    if (!existsSync(file)) writeShim(file, `#!/bin/sh\nexec ${argv.map(quote).join(' ')} "$@"\n`, uid)
  }
}

/** Whole at once, since another job may be starting it. */
function writeShim(file: string, text: string, uid: number | undefined): void {
  const beside = `${file}.${process.pid}`
  writeFileSync(beside, text)
  chmodSync(beside, uid === undefined ? 0o700 : 0o755)
  renameSync(beside, file)
}

/** What another job of the project, or the machine, has fetched already, for programs that can't see the shared toolchains as theirs. */
export function toolchainsToLink(tools: string, jobTools: string): readonly string[] {
  const from = join(tools, 'node')
  if (jobTools === tools || !existsSync(from)) return []
  const names = readdirSync(from).filter((name) => !name.startsWith('.') && !name.endsWith('-own'))
  return names.filter((name) => !existsSync(join(jobTools, 'node', name))).map((name) => join(from, name))
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
