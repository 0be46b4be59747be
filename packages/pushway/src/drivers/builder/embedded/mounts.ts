// RUN --mount, resolved: what is mounted where, and what of it the step's result depends on.

import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { resolveInside } from '../../../oci/resolve-inside.ts'
import { type Building, cacheFolder, giveToImage, scratchDir, stageFolder } from './building.ts'
import { listContext } from './context.ts'
import { CopyError } from './copy.ts'
import { copySource } from './plan.ts'
import { expandIn, type Stage } from './stage.ts'
import { sourceStage, stageTree } from './step-copy.ts'
import type { Tree } from './tree.ts'
import type { Instruction, MountText } from './types.ts'

type RunInstruction = Extract<Instruction, { kind: 'run' }>

/** One mount with its variables replaced. `to` is absolute in the image. */
export interface RunMount {
  readonly to: string
  readonly source:
    | { readonly kind: 'folder' | 'file'; readonly from: string; readonly writable: boolean; readonly lock?: string }
    | { readonly kind: 'tmpfs'; readonly options: string }
}

export interface ResolvedMounts {
  readonly mounts: readonly RunMount[]
  /** Secrets that are variables. */
  readonly variables: Readonly<Record<string, string>>
}

/** The values of a mount's options, expanded. */
function valuesOf(stage: Stage, mount: MountText): ReadonlyMap<string, string> {
  return new Map(Object.entries(mount.options).map(([key, value]) => [key, expandIn(stage, value)]))
}

/** What the result of the step depends on, by content: not caches, not secrets. */
export async function mountsKey(building: Building, at: { stage: Stage; within: number }, run: RunInstruction): Promise<readonly unknown[]> {
  const keys: unknown[] = []
  for (const mount of run.mounts) {
    const values = valuesOf(at.stage, mount)
    if (mount.type !== 'bind') keys.push([mount.type, [...values].filter(([key]) => key !== 'id' || mount.type === 'cache')])
    else keys.push(['bind', values.get('target'), await bindKey(building, at, { run, values })])
  }
  return keys
}

async function bindKey(
  building: Building,
  at: { stage: Stage; within: number },
  bind: { run: RunInstruction; values: ReadonlyMap<string, string> },
): Promise<unknown> {
  const from = bind.values.get('from')
  const source = bind.values.get('source') ?? '/'
  if (from !== undefined) return [source, (await sourceStage(building, { name: from, within: at.within, at: bind.run })).layers.map(({ digest }) => digest)]
  const hash = createHash('sha256')
  for (const [path, node] of subtree(await contextTree(building), source)) {
    hash.update(JSON.stringify([path, node.type, node.mode & 0o111, node.target]))
    if (node.type === 'file') hash.update(await readFile(node.file))
  }
  return hash.digest('hex')
}

function contextTree(building: Building): Promise<Tree> {
  building.context ??= listContext(building.options.context, building.options.dockerfile ?? join(building.options.context, 'Dockerfile'))
  return building.context
}

/** The part of a tree at and below a path; names are relative to it, '' is the path itself. */
function subtree(tree: Tree, source: string): readonly (readonly [string, Tree extends ReadonlyMap<string, infer Node> ? Node : never])[] {
  const path = posix.normalize(source.replace(/^\/+/, '') || '.').replace(/\/$/, '')
  if (path === '..' || path.startsWith('../')) throw new CopyError(`${source} leads out of the build context`)
  if (path === '.') return [...tree]
  const own = tree.get(path)
  if (!own) throw new CopyError(`${source} is not in the build context, or .dockerignore leaves it out`)
  if (own.type !== 'directory') return [['', own]]
  return [...tree].filter(([name]) => name.startsWith(`${path}/`)).map(([name, node]) => [name.slice(path.length + 1), node])
}

/** Prepares the mounts of a RUN. @throws CopyError what is missing */
export async function resolveMounts(building: Building, at: { stage: Stage; within: number }, run: RunInstruction): Promise<ResolvedMounts> {
  const mounts: RunMount[] = []
  const variables: Record<string, string> = {}
  for (const mount of run.mounts) {
    const values = valuesOf(at.stage, mount)
    const to = posix.resolve('/', at.stage.workdir, values.get('target') || `/run/secrets/${values.get('id') ?? ''}`)
    if (to === '/') throw new CopyError(`--mount=type=${mount.type}: it can't cover the root`)
    switch (mount.type) {
      case 'tmpfs':
        mounts.push({ to, source: { kind: 'tmpfs', options: `mode=1777,size=${sizeOf(values.get('size'))}` } })
        break
      case 'cache':
        mounts.push({ to, source: cacheSource(building, values) })
        break
      case 'secret': {
        const found = secretSource(building, values)
        const name = values.get('env')
        if (found === undefined) break
        if (name !== undefined) variables[name] = found.text
        if (name === undefined || values.has('target')) mounts.push({ to, source: { kind: 'file', from: found.file, writable: false } })
        break
      }
      case 'bind':
        mounts.push({ to, source: await bindSource(building, at, { run, values }) })
    }
  }
  return { mounts, variables }
}

function sizeOf(text: string | undefined): string {
  if (text === undefined) return '512m'
  if (!/^\d+[kmg]?b?$/i.test(text)) throw new CopyError(`--mount: the size "${text}" is not a number of bytes such as 64m`)
  return text.toLowerCase().replace(/b$/, '')
}

function ids(values: ReadonlyMap<string, string>, mode: number): { uid: number; gid: number; mode: number } {
  return {
    uid: Number(values.get('uid') ?? 0),
    gid: Number(values.get('gid') ?? 0),
    mode: values.has('mode') ? Number.parseInt(values.get('mode') ?? '', 8) : mode,
  }
}

function cacheSource(building: Building, values: ReadonlyMap<string, string>): RunMount['source'] {
  if (values.has('from') || values.has('source')) throw new CopyError('--mount=type=cache: a cache begins empty here; from and source are refused')
  const id = values.get('id') ?? values.get('target') ?? ''
  const owner = ids(values, 0o755)
  // What one user of an image wrote, another one may not be able to.
  const name = createHash('sha256')
    .update(JSON.stringify([id, owner, building.view]))
    .digest('hex')
    .slice(0, 32)
  const from = cacheFolder(building, ['mounts', name], owner)
  return { kind: 'folder', from, writable: values.get('ro') !== 'true', ...(values.get('sharing') === 'locked' ? { lock: `${from}.lock` } : {}) }
}

function secretSource(building: Building, values: ReadonlyMap<string, string>): { file: string; text: string } | undefined {
  const id = values.get('id') ?? posix.basename(values.get('target') ?? '')
  const read = building.options.secrets?.[id]
  if (read === undefined) {
    if (values.get('required') === 'true') throw new CopyError(`the secret ${id} is required and was not given: --secret id=${id},src=FILE`)
    return undefined
  }
  const bytes = read()
  const { uid, gid, mode } = ids(values, 0o400)
  const file = join(scratchDir(building, 'secret', 0o711), 'secret')
  writeFileSync(file, bytes, { mode })
  chmodSync(file, mode)
  giveToImage(building.view, file, { uid, gid })
  return { file, text: Buffer.from(bytes).toString('utf8') }
}

async function bindSource(
  building: Building,
  at: { stage: Stage; within: number },
  bind: { run: RunInstruction; values: ReadonlyMap<string, string> },
): Promise<RunMount['source']> {
  const { values } = bind
  const source = values.get('source') ?? '/'
  const writable = values.get('rw') === 'true'
  const from = values.get('from')
  if (from === undefined) return copySubtree(building, await contextTree(building), { source, writable, normalise: true })
  const stage = await sourceStage(building, { name: from, within: at.within, at: bind.run })
  // What is written is not kept, so it must not be the stage itself.
  const same = copySource(building.plan.text, from, at.within) === undefined ? undefined : stage
  if (writable || same === at.stage) return copySubtree(building, await stageTree(building, stage), { source, writable, normalise: false })
  const place = resolveInside(await stageFolder(building, stage), source)
  const info = place === undefined ? undefined : lstatSync(place, { throwIfNoEntry: false })
  if (place === undefined || !info) throw new CopyError(`--mount: ${source} is not in ${from}`)
  return { kind: info.isDirectory() ? 'folder' : 'file', from: place, writable: false }
}

/** The context is copied: what is ignored must not be seen, and what is written not be kept. */
function copySubtree(
  building: Building,
  tree: Tree,
  { source, writable, normalise }: { source: string; writable: boolean; normalise: boolean },
): RunMount['source'] {
  const nodes = subtree(tree, source)
  const dir = scratchDir(building, 'bind')
  for (const [path, node] of nodes) {
    const to = join(dir, path === '' ? 'file' : path)
    const mode = normalise ? (node.type === 'directory' || node.mode & 0o100 ? 0o755 : 0o644) : node.mode
    if (node.type === 'directory') mkdirSync(to, { recursive: true, mode })
    else if (node.type === 'link') symlinkSync(node.target ?? '', to)
    else {
      copyFileSync(node.file, to)
      chmodSync(to, mode)
    }
    if (node.type !== 'link') giveToImage(building.view, to, node.owner)
  }
  const single = nodes.length === 1 && nodes[0]?.[0] === ''
  return { kind: single ? 'file' : 'folder', from: single ? join(dir, 'file') : dir, writable }
}
