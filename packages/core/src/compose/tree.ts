// A compose file as a tree with positions: what reading gives and every step of normalising takes and gives.

import type { Position } from '../text/diagnostic.ts'

export type ScalarValue = string | number | boolean | null

interface Place {
  /** Where the value is written. */
  readonly at: Position
  /** Where its key is written. */
  readonly keyAt?: Position
}

export interface TreeMap extends Place {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, Tree>
}

export interface TreeList extends Place {
  readonly kind: 'list'
  readonly items: readonly Tree[]
}

export interface TreeScalar extends Place {
  readonly kind: 'scalar'
  readonly value: ScalarValue
}

export type Tree = TreeMap | TreeList | TreeScalar

/** Keys from the root: `['services', 'web', 'ports', '0']`. */
export type TreePath = readonly string[]

/** A scalar at the place of another node. */
export function scalarAt(place: Tree, value: ScalarValue): TreeScalar {
  return { ...placeOf(place), kind: 'scalar', value }
}

/** A list at the place of another node. */
export function listAt(place: Tree, items: readonly Tree[]): TreeList {
  return { ...placeOf(place), kind: 'list', items }
}

/** A map at the place of another node; members without a value are left out. */
export function mapAt(place: Tree, entries: Iterable<readonly [string, Tree | undefined]>): TreeMap {
  const present = [...entries].filter((entry): entry is [string, Tree] => entry[1] !== undefined)
  return { ...placeOf(place), kind: 'map', entries: new Map(present) }
}

function placeOf({ at, keyAt }: Tree): Place {
  return { at, ...(keyAt ? { keyAt } : {}) }
}

/** The member of a map; undefined for anything else. */
export function memberOf(tree: Tree | undefined, key: string): Tree | undefined {
  return tree?.kind === 'map' ? tree.entries.get(key) : undefined
}

/** The node at a path of keys and indexes. */
export function nodeAt(tree: Tree, path: TreePath): Tree | undefined {
  let node: Tree | undefined = tree
  for (const key of path) {
    if (node?.kind === 'list') node = node.items[Number(key)]
    else node = memberOf(node, key)
  }
  return node
}

/** The map with another member; `undefined` takes it out. */
export function withMember(tree: TreeMap, key: string, value: Tree | undefined): TreeMap {
  const entries = new Map(tree.entries)
  if (value === undefined) entries.delete(key)
  else entries.set(key, value)
  return { ...tree, entries }
}

/** Whether it is there and not null. */
export function isPresent(tree: Tree | undefined): tree is Tree {
  return tree !== undefined && !(tree.kind === 'scalar' && tree.value === null)
}

/** The text of a scalar that is one. */
export function textOf(tree: Tree | undefined): string | undefined {
  return tree?.kind === 'scalar' && typeof tree.value === 'string' ? tree.value : undefined
}

/** `services.web.ports[0]`: a path as people write it. */
export function describePath(path: TreePath): string {
  return path.reduce((text, key) => (/^\d+$/.test(key) && text !== '' ? `${text}[${key}]` : text === '' ? key : `${text}.${key}`), '')
}

/** Changes a node; what it gives replaces it, `undefined` takes it out. */
export type TreeChange = (node: Tree, path: TreePath) => Tree | undefined

/**
 * The tree with every node changed that `pattern` names: keys with dots between them, `*` for any key or index.
 * `services.*.ports` changes the ports of every service.
 */
export function changeAt(tree: Tree, pattern: string, change: TreeChange): Tree {
  return changeInside(tree, { pattern: pattern.split('.'), path: [], change }) ?? tree
}

interface Changing {
  readonly pattern: readonly string[]
  readonly path: TreePath
  readonly change: TreeChange
}

function changeInside(tree: Tree, { pattern, path, change }: Changing): Tree | undefined {
  const [key, ...rest] = pattern
  if (key === undefined) return change(tree, path)
  const step = (name: string, node: Tree) => changeInside(node, { pattern: rest, path: [...path, name], change })
  if (tree.kind === 'list' && key === '*') return { ...tree, items: tree.items.flatMap((item, index) => step(String(index), item) ?? []) }
  if (tree.kind !== 'map') return tree
  if (key === '*')
    return mapAt(
      tree,
      [...tree.entries].map(([name, node]) => [name, step(name, node)] as const),
    )
  const node = tree.entries.get(key)
  return node === undefined ? tree : withMember(tree, key, step(key, node))
}

/** The value as plain data: what JSON would hold. */
export function plainOf(tree: Tree): unknown {
  switch (tree.kind) {
    case 'scalar':
      return tree.value
    case 'list':
      return tree.items.map(plainOf)
    case 'map':
      return Object.fromEntries([...tree.entries].map(([key, node]) => [key, plainOf(node)]))
  }
}

/** Whether two trees have the same content, wherever they are written. */
export function sameTree(a: Tree, b: Tree): boolean {
  if (a.kind === 'scalar' || b.kind === 'scalar') return a.kind === b.kind && (a as TreeScalar).value === (b as TreeScalar).value
  if (a.kind === 'list' && b.kind === 'list') return a.items.length === b.items.length && a.items.every((item, index) => sameTree(item, b.items[index] as Tree))
  if (a.kind !== 'map' || b.kind !== 'map' || a.entries.size !== b.entries.size) return false
  return [...a.entries].every(([key, node]) => b.entries.has(key) && sameTree(node, b.entries.get(key) as Tree))
}
