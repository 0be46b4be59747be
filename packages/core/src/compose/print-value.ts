// A normalised tree as `docker compose config` prints it: each attribute by its shape, in the specification's order.
// JSON and YAML differ in a few places, as they do there.

import { type PrintedScalar, printScalar } from './print-scalar.ts'
import type { Report } from './report.ts'
import { goText } from './scalar.ts'
import { sortEntries } from './sort.ts'
import type { Attribute, Fields, Shape } from './spec/attribute.ts'
import { specification } from './spec/index.ts'
import { describePath, isPresent, type Tree, type TreeMap, type TreePath } from './tree.ts'

/** What is printed. Maps keep the order of their keys. */
export type Printed = PrintedScalar | readonly Printed[] | PrintedMap
export type PrintedMap = ReadonlyMap<string, Printed>

export interface Printing {
  readonly format: 'json' | 'yaml'
  readonly report: Report
}

/** The whole project. Values that can't be what their attribute is (`replicas: many`) are reported at their place. */
export function printProject(tree: TreeMap, printing: Printing): PrintedMap {
  const shape = specification.shape
  const fields: Fields = shape.kind === 'object' ? shape.fields : {}
  const printed = printFields(tree, { fields, path: [] }, printing)
  const extensions = [...tree.entries].filter(([key]) => key.startsWith('x-')).map(([key, node]) => [key, printAny(node, printing.format)] as const)
  if (printing.format === 'yaml') return new Map([...printed, ...sortEntries(extensions, 'yaml')])
  return new Map(
    sortEntries(
      [...printed, ...extensions].filter(([key]) => key !== 'models'),
      'json',
    ),
  )
}

interface Place {
  readonly path: TreePath
}

/** The members of a mapping in the order of its fields; what is not there is left out. */
function printFields(
  tree: TreeMap | undefined,
  { fields, path }: Place & { readonly fields: Fields },
  printing: Printing,
): readonly (readonly [string, Printed])[] {
  return Object.entries(fields).flatMap(([key, attribute]): readonly (readonly [string, Printed])[] => {
    const printed = printMember(tree?.entries.get(key), { attribute, path: [...path, key] }, printing)
    return printed === undefined ? [] : [[key, printed]]
  })
}

function printMember(node: Tree | undefined, { attribute, path }: Place & { readonly attribute: Attribute }, printing: Printing): Printed | undefined {
  const { shape, keep } = attribute
  const kept = keep === 'both' || (keep === 'json' && printing.format === 'json')
  const printed = isPresent(node) ? printShape(node, { shape, path, kept }, printing) : undefined
  if (printed !== undefined && !(keep === 'json' && printing.format === 'yaml' && printed instanceof Map && printed.size === 0)) return printed
  return kept ? emptyOf(shape, path, printing) : undefined
}

/** What is printed for an attribute that is always there and was not said. */
function emptyOf(shape: Shape, path: TreePath, printing: Printing): Printed {
  switch (shape.kind) {
    case 'object':
      return new Map(printFields(undefined, { fields: shape.fields, path }, printing))
    case 'dict':
      return new Map()
    case 'text':
      return ''
    case 'bytes':
      return '0'
    case 'int':
      return 0
    case 'bool':
      return false
    default:
      return null
  }
}

function printShape(node: Tree, { shape, path, kept }: Place & { readonly shape: Shape; readonly kept: boolean }, printing: Printing): Printed | undefined {
  switch (shape.kind) {
    case 'object':
      return node.kind === 'map' ? printObject(node, { shape, path }, printing) : undefined
    case 'list':
      return node.kind === 'list' && (node.items.length > 0 || kept)
        ? node.items.map((item, index) => printItem(item, { of: shape.of, path: [...path, String(index)] }, printing))
        : undefined
    case 'dict':
      if (node.kind !== 'map' || (node.entries.size === 0 && !kept)) return undefined
      return new Map(
        sortEntries(
          [...node.entries].map(([key, value]) => [key, printItem(value, { of: shape.of, path: [...path, key] }, printing)]),
          printing.format,
        ),
      )
    default:
      return printScalar(node, {
        kind: shape.kind,
        format: printing.format,
        kept,
        fail: (at, wanted) => badValue(at, path, { wanted, report: printing.report }),
      })
  }
}

function printItem(node: Tree, { of, path }: Place & { readonly of: Shape }, printing: Printing): Printed {
  if (!isPresent(node)) return of.kind === 'object' && path.length === 2 ? emptyOf(of, path, printing) : null
  return printShape(node, { shape: of, path, kept: true }, printing) ?? null
}

function printObject(node: TreeMap, { shape, path }: Place & { readonly shape: Extract<Shape, { kind: 'object' }> }, printing: Printing): PrintedMap {
  const printed = printFields(node, { fields: shape.fields, path }, printing)
  if (printing.format === 'json') {
    return new Map(shape.jsonKeys === 'capital' ? printed.map(([key, value]) => [key.charAt(0).toUpperCase() + key.slice(1), value]) : printed)
  }
  const extensions = [...node.entries].filter(([key]) => key.startsWith('x-')).map(([key, value]) => [key, printAny(value, printing.format)] as const)
  return new Map([...printed, ...sortEntries(extensions, 'yaml')])
}

/** Any value as it is written, keys in order. */
export function printAny(node: Tree, format: Printing['format']): Printed {
  switch (node.kind) {
    case 'scalar':
      return node.value
    case 'list':
      return node.items.map((item) => printAny(item, format))
    case 'map':
      return new Map(
        sortEntries(
          [...node.entries].map(([key, value]) => [key, printAny(value, format)]),
          format,
        ),
      )
  }
}

function badValue(at: Tree, path: TreePath, { wanted, report }: { readonly wanted: string; readonly report: Report }): undefined {
  const shown = at.kind === 'scalar' ? `"${goText(at.value)}"` : 'this'
  report.error(at, 'compose-value', `${describePath(path)} must be ${wanted}, not ${shown}.`)
}
