// What is at hand while an App is made from a project.

import type { Milliseconds } from '../../text/ids.ts'
import type { Report } from '../report.ts'
import { nodeAt, type Tree, type TreeMap, type TreePath } from '../tree.ts'
import { parseNanoseconds } from '../units.ts'

export interface Making {
  readonly report: Report
  readonly tree: TreeMap
  /** Paths are in a repository and are kept so; else they are of this machine. */
  readonly inRepository: boolean
  readonly env: Readonly<Record<string, string>>
}

/** A service being made, its name and where it is written. */
export interface MakingService extends Making {
  readonly name: string
}

/** The node that a finding about a path is said at: the nearest that the files have. */
export function placeAt({ tree }: Pick<Making, 'tree'>, path: TreePath): Tree {
  for (let length = path.length; length > 0; length--) {
    const node = nodeAt(tree, path.slice(0, length))
    if (node) return node
  }
  return tree
}

/** A printed length of time in ms. */
export function milliseconds(text: string | undefined): Milliseconds | undefined {
  return text === undefined ? undefined : Math.round(Number(parseNanoseconds(text) ?? 0n) / 1e6)
}

/** The members that have a value, in order. */
export function present<T extends object>(value: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

/** The same; undefined when nothing has a value. */
export function presentOrNothing<T extends object>(value: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } | undefined {
  const members = present(value)
  return Object.keys(members).length === 0 ? undefined : members
}

/** The file or folder that a path names, in the repository or on the machine; undefined, with a finding, when it may not be named. */
export function placeOfPath(
  path: string,
  at: Tree,
  { inRepository, report }: Making,
): { readonly from: 'project' | 'machine'; readonly path: string } | undefined {
  if (!inRepository || path.startsWith('/')) return { from: 'machine', path }
  if (path.startsWith('~'))
    return report.error(
      at,
      'compose-outside',
      `${path} begins in somebody's home, which a release does not have: use a path in the repository, or an absolute one.`,
    )
  if (path === '..' || path.startsWith('../')) return report.error(at, 'compose-outside', `${path} leads out of the repository.`)
  return { from: 'project', path }
}
