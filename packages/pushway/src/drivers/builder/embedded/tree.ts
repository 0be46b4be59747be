// Folders as the builder sees them: listing, and what changed between two looks.

import { lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { Owner } from '../../../oci/extract.ts'
import type { TarEntry } from '../../../oci/tar-write.ts'

export interface TreeNode {
  readonly type: 'file' | 'directory' | 'link' | 'whiteout'
  readonly mode: number
  readonly size: number
  /** Where it is on this machine. */
  readonly file: string
  readonly target?: string
  /** Of a file with several names: its number on the disk. */
  readonly inode?: string
  /** In the image's numbers; absent: root. */
  readonly owner?: Owner
  /** Changes whenever anything of it changes. */
  readonly stamp: string
}

/** Path below the root, with `/` → what is there; parents before children, else in byte order. */
export type Tree = ReadonlyMap<string, TreeNode>

/** Byte order: the same on every machine. */
export function byPath(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

export interface ListOptions {
  /** Which paths are not looked at (a folder: nor anything in it). */
  readonly skip?: (path: string, directory: boolean) => boolean
  /** The image's owner of a file, by its owner on the disk and its path. */
  readonly ownerOf?: (path: string, onDisk: Owner) => Owner | undefined
}

/** Everything below `root`; links are not followed; sockets and devices are left out, but for the overlay file system's whiteouts. */
export async function listTree(root: string, options: ListOptions = {}): Promise<Tree> {
  const tree = new Map<string, TreeNode>()
  const pending = ['']
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (options.skip?.(path, entry.isDirectory())) continue
      const node = readNode(join(root, path), path, options)
      if (node) tree.set(path, node)
      if (node?.type === 'directory') pending.push(path)
    }
  }
  return new Map([...tree].sort(([a], [b]) => byPath(a, b)))
}

function readNode(file: string, path: string, { ownerOf }: ListOptions): TreeNode | undefined {
  const info = lstatSync(file, { bigint: true })
  const onDisk = { uid: Number(info.uid), gid: Number(info.gid) }
  const owner = ownerOf?.(path, onDisk)
  const common = {
    mode: Number(info.mode & 0o7777n),
    size: Number(info.size),
    file,
    stamp: `${info.ino} ${info.size} ${info.mtimeNs} ${info.ctimeNs} ${info.mode} ${info.uid} ${info.gid}`,
    ...(owner ? { owner } : {}),
  }
  if (info.isFile()) return { ...common, type: 'file', ...(info.nlink > 1n ? { inode: `${info.dev} ${info.ino}` } : {}) }
  // A folder's time changes with its children; only its mode and its owner are its own.
  if (info.isDirectory()) return { ...common, type: 'directory', stamp: `${info.mode} ${info.uid} ${info.gid}` }
  if (info.isCharacterDevice() && info.rdev === 0n) return { ...common, type: 'whiteout' }
  return info.isSymbolicLink() ? { ...common, type: 'link', target: readlinkSync(file) } : undefined
}

/** Caches inside packages: they differ from run to run and are never needed. */
function isCache(path: string): boolean {
  return /(^|\/)node_modules\/\.cache(\/|$)/.test(path)
}

export interface DiffOptions {
  /** Links to absolute paths are made relative: images on the machine's own userland are a folder of it when they run. */
  readonly relativeLinks?: boolean
}

/** The layer that turns `before` into `after`: changed and new entries, and whiteouts for what is gone. */
export function diffTrees(before: Tree, after: Tree, options: DiffOptions = {}): readonly TarEntry[] {
  const entries: TarEntry[] = []
  const first = new Map<string, string>()
  for (const [path, node] of after) {
    if (isCache(path) || before.get(path)?.stamp === node.stamp) continue
    if (node.type === 'whiteout') entries.push(whiteout(path))
    else if (node.inode !== undefined && first.has(node.inode))
      entries.push({ ...toTarEntry(path, node), type: 'hardlink', target: first.get(node.inode) ?? '' })
    else entries.push(toTarEntry(path, options.relativeLinks ? withRelativeLink(path, node) : node))
    if (node.inode !== undefined && !first.has(node.inode)) first.set(node.inode, path)
  }
  const gone = [...before.keys()].filter((path) => !after.has(path))
  for (const path of gone) {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    // A whiteout of a folder takes its children along.
    if (parent === '' || after.get(parent)?.type === 'directory') entries.push(whiteout(path))
  }
  return entries.sort((a, b) => byPath(a.path, b.path))
}

function whiteout(path: string): TarEntry {
  const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
  return { path: `${parent === '' ? '' : `${parent}/`}.wh.${path.slice(path.lastIndexOf('/') + 1)}`, type: 'file', mode: 0o644 }
}

function withRelativeLink(path: string, node: TreeNode): TreeNode {
  if (node.type !== 'link' || !node.target?.startsWith('/')) return node
  return { ...node, target: posix.relative(posix.dirname(`/${path}`), node.target) || '.' }
}

/** An entry as the tree has it: its own permission bits and owner, no time. */
export function toTarEntry(path: string, node: TreeNode): TarEntry {
  const owner = node.owner ?? {}
  switch (node.type) {
    case 'directory':
      return { path, type: 'directory', mode: node.mode, ...owner }
    case 'link':
      return { path, type: 'link', mode: 0o777, target: node.target ?? '', ...owner }
    case 'whiteout':
      return whiteout(path)
    case 'file':
      return { path, type: 'file', mode: node.mode, content: { file: node.file, size: node.size }, ...owner }
  }
}
