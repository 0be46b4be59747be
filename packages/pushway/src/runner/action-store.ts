// Where the files of `owner/name@ref` come from: one source after the other, kept by commit.

import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isPinned } from '@pushway/core/action/reference.ts'
import type { ActionReference } from '@pushway/core/action/types.ts'
import { execProgram } from '../util/exec.ts'
import { writeFileAtomic } from '../util/files.ts'
import type { ActionSource, ActionSources } from '../util/job-spool.ts'
import { placeOnce } from '../util/place-once.ts'
import { ActionFailure } from './actions/types.ts'

export type RepositoryReference = Extract<ActionReference, { kind: 'repository' }>

/** The whole repository of an action. */
export interface ActionFiles {
  readonly dir: string
  readonly commit?: string
  /** What the same name meant the time before, when that was something else. */
  readonly movedFrom?: string
}

/** The files of the first source that has the action; undefined when none has. `own`: the project whose job asks. @throws ActionFailure when a source fails */
export async function fetchAction(reference: RepositoryReference, from: ActionSources, own: string): Promise<ActionFiles | undefined> {
  for (const source of from.sources) {
    const files = await fetchFrom(reference, source, { cache: from.cache, own })
    if (files) return files
  }
  return undefined
}

/** Where an action was looked for, as a message says it. */
export function describeSources({ sources }: ActionSources): string {
  if (sources.length === 0) return 'no source of actions is configured'
  return `looked in ${sources.map((source) => (source.kind === 'remote' ? source.url : source.kind === 'directory' ? source.dir : 'the projects here')).join(', ')}`
}

interface Place {
  readonly cache: string
  readonly own: string
}

async function fetchFrom(reference: RepositoryReference, source: ActionSource, place: Place): Promise<ActionFiles | undefined> {
  switch (source.kind) {
    case 'directory': {
      const dir = join(source.dir, reference.owner, `${reference.name}@${reference.ref}`)
      return existsSync(dir) ? { dir } : undefined
    }
    case 'repositories': {
      const { owner, name } = reference
      const allowed = `${owner}/${name}` === place.own || source.owners.some((other) => other === '*' || other.toLowerCase() === owner.toLowerCase())
      const dir = join(source.dir, owner, `${name}.git`)
      return allowed && existsSync(dir) ? fromRepository(reference, dir, place) : undefined
    }
    case 'remote':
      return fromRemote(reference, source.url, place)
  }
}

async function fromRepository(reference: RepositoryReference, dir: string, place: Place): Promise<ActionFiles> {
  const { owner, name, ref } = reference
  const commit = await commitOf(dir, ref)
  if (commit === undefined) throw new ActionFailure(`The project ${owner}/${name} has no branch, tag or commit ${ref}.`)
  return keep(reference, { commit, place, fill: (to) => unpackCommit(dir, commit, to) })
}

/** A tag before a branch, as on GitHub; a commit by its whole id. */
async function commitOf(dir: string, ref: string): Promise<string | undefined> {
  const names = isPinned(ref) ? [ref] : [`refs/tags/${ref}`, `refs/heads/${ref}`]
  for (const name of names) {
    const { exit, stdout } = await git(['--git-dir', dir, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`])
    const commit = stdout.trim().split('\n').at(-1) ?? ''
    if (exit === 0 && isPinned(commit)) return commit
  }
  return undefined
}

async function fromRemote(reference: RepositoryReference, base: string, place: Place): Promise<ActionFiles | undefined> {
  const { owner, name, ref } = reference
  const url = `${base.replace(/\/+$/, '')}/${owner}/${name}`
  if (isPinned(ref)) return keep(reference, { commit: ref.toLowerCase(), place, fill: (to) => fetchCommit(url, ref.toLowerCase(), to) })
  const { exit, stdout, stderr } = await git(['ls-remote', '--', url, `refs/tags/${ref}`, `refs/tags/${ref}^{}`, `refs/heads/${ref}`])
  if (exit !== 0) {
    const kept = readPins(place.cache)[pinOf(reference)]
    if (kept !== undefined && existsSync(folderOf(reference, kept, place))) return { dir: folderOf(reference, kept, place), commit: kept }
    // Not there and not reachable look alike: the next source may have it.
    if (/not found|does not (exist|appear)|could not read Username|Authentication failed/i.test(stderr)) return undefined
    throw new ActionFailure(`${url} did not answer: ${lastLine(stderr)}`)
  }
  const found = new Map(stdout.split('\n').map((line) => line.split('\t').toReversed() as [string, string]))
  const named = [`refs/tags/${ref}^{}`, `refs/tags/${ref}`, `refs/heads/${ref}`].find((name) => found.has(name))
  const commit = named && found.get(named)
  if (!commit || !named) throw new ActionFailure(`${owner}/${name} has no branch or tag ${ref}.`)
  return keep(reference, { commit, place, fill: (to) => fetchCommit(url, named.replace('^{}', ''), to) })
}

interface Kept {
  readonly commit: string
  readonly place: Place
  readonly fill: (to: string) => Promise<void>
}

async function keep(reference: RepositoryReference, { commit, place, fill }: Kept): Promise<ActionFiles> {
  const folder = folderOf(reference, commit, place)
  const dir = await placeOnce(join(folder, '..'), commit, fill)
  if (isPinned(reference.ref)) return { dir, commit }
  const pins = readPins(place.cache)
  const before = pins[pinOf(reference)]
  if (before === commit) return { dir, commit }
  writeFileAtomic(join(place.cache, 'pins.json'), JSON.stringify({ ...pins, [pinOf(reference)]: commit }, null, 2))
  return { dir, commit, ...(before === undefined ? {} : { movedFrom: before }) }
}

function folderOf({ owner, name }: RepositoryReference, commit: string, { cache }: Place): string {
  return join(cache, owner.toLowerCase(), name.toLowerCase(), commit)
}

function pinOf({ owner, name, ref }: RepositoryReference): string {
  return `${owner.toLowerCase()}/${name.toLowerCase()}@${ref}`
}

/** Which commit each branch or tag meant when it was last used. */
function readPins(cache: string): Readonly<Record<string, string>> {
  try {
    const value: unknown = JSON.parse(readFileSync(join(cache, 'pins.json'), 'utf8'))
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).filter(([, commit]) => typeof commit === 'string')) : {}
  } catch {
    return {}
  }
}

async function fetchCommit(url: string, wanted: string, to: string): Promise<void> {
  const dir = join(to, '.git')
  const made = await git(['init', '--quiet', '--bare', '--', dir])
  const fetched = made.exit === 0 ? await git(['--git-dir', dir, 'fetch', '--quiet', '--depth=1', '--no-tags', '--', url, wanted], 10 * 60_000) : made
  if (fetched.exit !== 0) throw new ActionFailure(`${url} could not be fetched: ${lastLine(fetched.stderr)}`)
  const commit = (await git(['--git-dir', dir, 'rev-parse', 'FETCH_HEAD^{commit}'])).stdout.trim()
  await unpackCommit(dir, commit, to)
  rmSync(dir, { recursive: true, force: true })
}

async function unpackCommit(dir: string, commit: string, to: string): Promise<void> {
  const file = join(to, '.action.tar')
  const packed = await git(['--git-dir', dir, 'archive', '--format=tar', '-o', file, commit])
  const unpacked = packed.exit === 0 ? await execProgram(['tar', '-xf', file, '-C', to]) : packed
  if (unpacked.exit !== 0) throw new ActionFailure(`The files of ${commit} could not be unpacked: ${lastLine(unpacked.stderr)}`)
  rmSync(file)
}

function git(args: readonly string[], timeoutMs = 60_000) {
  // The files may belong to another user of the machine; nothing of them is executed here.
  const env = { ...process.env, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C' }
  return execProgram(['git', '-c', 'safe.directory=*', '-c', 'core.hooksPath=/dev/null', ...args], { env, timeoutMs })
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
