// COPY: which files it means and where they go. Pure, over a listed tree.

import { posix } from 'node:path'
import type { Owner } from '../../../oci/extract.ts'
import type { TarEntry } from '../../../oci/tar-write.ts'
import { byPath, type Tree, type TreeNode, toTarEntry } from './tree.ts'

/** Why a COPY can't be done; the builder adds the line. */
export class CopyError extends Error {}

export interface CopyRequest {
  /** Expanded words. */
  readonly sources: readonly string[]
  readonly to: string
  /** Absolute. */
  readonly workdir: string
  readonly tree: Tree
  /** What the tree is, for messages: `the build context`, `stage build`. */
  readonly treeName: string
  /** Modes are made 0644/0755, so that a checkout's umask does not count. */
  readonly normalise: boolean
  /** Whether this path of the image is a folder already. */
  readonly isFolder: (path: string) => boolean
  /** Absent: what the tree's own files have. */
  readonly owner?: Owner
  /** `--chmod`. */
  readonly mode?: (bits: number, isFolder: boolean) => number
  /** `--exclude`: paths of the tree. */
  readonly excludes?: (path: string) => boolean
  /** `--parents`: a source keeps its folders, from its `/./` on. */
  readonly parents?: boolean
  /** Links may lead anywhere: the image has a root of its own. */
  readonly anyLinks?: boolean
}

/**
 * The layer entries of a COPY, parents first, after Docker's rules: a folder's content is copied, not the folder;
 * several sources, or a destination that ends with `/` or is a folder, keep the files' names.
 * @throws CopyError
 */
export function planCopy(request: CopyRequest): readonly TarEntry[] {
  const target = posix.resolve('/', request.workdir, request.to).slice(1)
  const found = request.sources.flatMap((source) =>
    matchSource(source, request).map((path) => ({ path, below: request.parents ? keptFolders(source, path) : '' })),
  )
  const several = request.sources.length > 1 || found.length > 1
  const intoFolder = request.parents || /(^|\/)\.?$/.test(request.to) || target === '' || request.isFolder(target)
  if (several && !intoFolder && !found.every(({ path }) => path === '' || request.tree.get(path)?.type === 'directory')) {
    throw new CopyError(`several files go to ${request.to}: end it with / to make it a folder`)
  }
  const entries = new Map<string, TarEntry>()
  for (const { path, below } of found) {
    const node = request.tree.get(path)
    const folder = posix.join(target, below)
    if (path === '' || node?.type === 'directory')
      addFolder(entries, request, { from: path, target: request.parents ? posix.join(folder, posix.basename(path)) : folder })
    else if (node)
      addEntry(entries, request, { path: intoFolder || several ? posix.join(folder, posix.basename(path)) : folder, node: follow(path, node, request) })
  }
  addParents(entries, request)
  return [...entries.values()].sort((a, b) => byPath(a.path, b.path))
}

/** The folders of a source that `--parents` keeps: all of them, or those behind `/./`. */
function keptFolders(source: string, path: string): string {
  const pivot = source.indexOf('/./')
  const cut =
    pivot < 0
      ? 0
      : posix
          .normalize(source.slice(0, pivot))
          .replace(/^\/+/, '')
          .split('/')
          .filter((part) => part !== '' && part !== '.').length
  return posix.dirname(path).split('/').slice(cut).join('/')
}

function addFolder(entries: Map<string, TarEntry>, request: CopyRequest, copy: { from: string; target: string }): void {
  const prefix = copy.from === '' ? '' : `${copy.from}/`
  if (copy.target !== '' && !request.isFolder(copy.target)) {
    const own = request.tree.get(copy.from)
    if (own && !request.normalise) addEntry(entries, request, { path: copy.target, node: own })
    else entries.set(copy.target, folderEntry(copy.target, request))
  }
  for (const [path, node] of request.tree) {
    if (!path.startsWith(prefix) || request.excludes?.(path)) continue
    addEntry(entries, request, { path: posix.join(copy.target, path.slice(prefix.length)), node })
  }
}

function addEntry(entries: Map<string, TarEntry>, request: CopyRequest, item: { path: string; node: TreeNode }): void {
  const { path, node } = item
  if (node.type === 'whiteout') return
  if (node.type === 'link' && !request.anyLinks) checkLink(path, node.target ?? '')
  const entry = toTarEntry(path, node)
  const bits = request.normalise ? normalMode(node) : entry.mode
  const mode = entry.type === 'link' ? 0o777 : (request.mode?.(bits, node.type === 'directory') ?? bits)
  entries.set(path, { ...entry, ...(request.owner ?? node.owner ?? { uid: 0, gid: 0 }), mode })
}

function normalMode(node: TreeNode): number {
  return node.type === 'directory' || node.mode & 0o100 ? 0o755 : 0o644
}

/** Folders on the way: Docker gives them the owner of the copy, and leaves their mode alone. */
function folderEntry(path: string, { owner }: CopyRequest): TarEntry {
  return { path, type: 'directory', mode: 0o755, ...(owner ?? { uid: 0, gid: 0 }) }
}

function addParents(entries: Map<string, TarEntry>, request: CopyRequest): void {
  for (const path of [...entries.keys()]) {
    for (let parent = posix.dirname(path); parent !== '.'; parent = posix.dirname(parent)) {
      if (!entries.has(parent) && !request.isFolder(parent)) entries.set(parent, folderEntry(parent, request))
    }
  }
}

function checkLink(path: string, target: string): void {
  const inside = posix.normalize(posix.join(posix.dirname(path), target))
  if (target.startsWith('/') || inside === '..' || inside.startsWith('../')) throw new CopyError(`/${path} is a link out of the image (to ${target})`)
}

/** A link that is named itself stands for the file it points to. */
function follow(path: string, node: TreeNode, request: CopyRequest): TreeNode {
  let at = path
  let current = node
  for (let hops = 0; current.type === 'link'; hops++) {
    at = posix.normalize(posix.join(posix.dirname(at), current.target ?? ''))
    const next = current.target?.startsWith('/') ? undefined : request.tree.get(at)
    if (next === undefined || hops > 40) throw new CopyError(`${path} is a link to nothing in ${request.treeName}`)
    current = next
  }
  if (current.type === 'directory') throw new CopyError(`${path} is a link to a folder; name the folder itself`)
  return current
}

/** The paths that a source means; '' is the whole tree. */
function matchSource(source: string, request: CopyRequest): readonly string[] {
  const clean = posix.normalize(source.replace(/^\/+/, '') || '.').replace(/\/$/, '')
  if (clean === '..' || clean.startsWith('../')) throw new CopyError(`${source} leads out of ${request.treeName}`)
  if (clean === '.' || clean === '') return ['']
  if (!/[*?[]/.test(clean)) {
    if (!request.tree.has(clean)) throw new CopyError(`${source} is not in ${request.treeName}, or .dockerignore leaves it out`)
    return [clean]
  }
  const pattern = globPattern(clean)
  const found = [...request.tree.keys()].filter((path) => pattern.test(path) && !request.excludes?.(path))
  if (found.length === 0) throw new CopyError(`nothing in ${request.treeName} matches ${source}`)
  return found
}

/** Go's filepath.Match, `*` and `?` stay within one folder; and `**` + `/` for any number of folders. */
export function globPattern(glob: string): RegExp {
  let source = ''
  for (let at = 0; at < glob.length; at++) {
    const char = glob.charAt(at)
    const close = char === '[' ? glob.indexOf(']', at + 2) : -1
    if (glob.startsWith('**/', at)) {
      source += '(?:.*/)?'
      at += 2
    } else if (char === '*') source += '[^/]*'
    else if (char === '?') source += '[^/]'
    else if (close > 0) {
      source += `[${glob.slice(at + 1, close).replace(/[\\\]]/g, '\\$&')}]`
      at = close
    } else source += char.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  }
  return new RegExp(`^${source}$`)
}
