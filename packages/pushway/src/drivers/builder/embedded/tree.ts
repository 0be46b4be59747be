// Folders as the builder sees them: listing, and what changed between two looks.

import { readdirSync, readlinkSync } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { TarEntry } from '../../../oci/tar-write.ts'

export interface TreeNode {
  readonly type: 'file' | 'directory' | 'link'
  readonly mode: number
  readonly size: number
  /** Where it is on this machine. */
  readonly file: string
  readonly target?: string
  /** Changes whenever anything of it changes. */
  readonly stamp: string
}

/** Path below the root, with `/` → what is there; parents before children, else in byte order. */
export type Tree = ReadonlyMap<string, TreeNode>

/** Byte order: the same on every machine. */
export function byPath(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * Everything below `root`; links are not followed, sockets and devices are left out.
 * `skip` says which paths are not looked at (a folder: nor anything in it).
 */
export async function listTree(root: string, skip: (path: string, directory: boolean) => boolean = () => false): Promise<Tree> {
  const tree = new Map<string, TreeNode>()
  const pending = ['']
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (skip(path, entry.isDirectory())) continue
      const node = await readNode(join(root, path))
      if (node) tree.set(path, node)
      if (node?.type === 'directory') pending.push(path)
    }
  }
  return new Map([...tree].sort(([a], [b]) => byPath(a, b)))
}

async function readNode(file: string): Promise<TreeNode | undefined> {
  const info = await lstat(file, { bigint: true })
  const common = {
    mode: Number(info.mode & 0o7777n),
    size: Number(info.size),
    file,
    stamp: `${info.ino} ${info.size} ${info.mtimeNs} ${info.ctimeNs} ${info.mode}`,
  }
  if (info.isFile()) return { ...common, type: 'file' }
  // A folder's time changes with its children; only its mode is its own.
  if (info.isDirectory()) return { ...common, type: 'directory', stamp: `${info.mode}` }
  return info.isSymbolicLink() ? { ...common, type: 'link', target: readlinkSync(file) } : undefined
}

/** Caches inside packages: they differ from run to run and are never needed. */
function isCache(path: string): boolean {
  return /(^|\/)node_modules\/\.cache(\/|$)/.test(path)
}

/** The layer that turns `before` into `after`: changed and new entries, and whiteouts for what is gone. */
export function diffTrees(before: Tree, after: Tree): readonly TarEntry[] {
  const entries: TarEntry[] = []
  for (const [path, node] of after) {
    if (!isCache(path) && before.get(path)?.stamp !== node.stamp) entries.push(toTarEntry(path, node))
  }
  const gone = [...before.keys()].filter((path) => !after.has(path))
  for (const path of gone) {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    // A whiteout of a folder takes its children along.
    if (parent !== '' && !after.has(parent)) continue
    const name = path.slice(path.lastIndexOf('/') + 1)
    entries.push({ path: `${parent === '' ? '' : `${parent}/`}.wh.${name}`, type: 'file', mode: 0o644 })
  }
  return entries.sort((a, b) => byPath(a.path, b.path))
}

/** An entry as the tree has it: its own permission bits, owner 0, no time. */
export function toTarEntry(path: string, node: TreeNode): TarEntry {
  switch (node.type) {
    case 'directory':
      return { path, type: 'directory', mode: node.mode }
    case 'link':
      return { path, type: 'link', mode: 0o777, target: node.target ?? '' }
    case 'file':
      return { path, type: 'file', mode: node.mode, content: { file: node.file, size: node.size } }
  }
}
