// Replaces the variables of a whole file: in values, never in keys.

import { interpolate, type LookUp } from './interpolate.ts'
import type { Report } from './report.ts'
import type { Tree } from './tree.ts'

/** The tree with the variables of every text replaced; what is wrong is reported at its place. */
export function interpolateTree(tree: Tree, lookUp: LookUp, report: Report): Tree {
  switch (tree.kind) {
    case 'map':
      return { ...tree, entries: new Map([...tree.entries].map(([key, node]) => [key, interpolateTree(node, lookUp, report)])) }
    case 'list':
      return { ...tree, items: tree.items.map((item) => interpolateTree(item, lookUp, report)) }
    case 'scalar': {
      if (typeof tree.value !== 'string' || !tree.value.includes('$')) return tree
      const { value, problems } = interpolate(tree.value, lookUp)
      for (const { kind, message } of problems) {
        if (kind === 'unset') report.warn(tree, 'compose-variable-unset', message)
        else report.error(tree, `compose-variable-${kind}`, message)
      }
      return { ...tree, value }
    }
  }
}
