// Reading YAML nodes as texts, lists and maps with their places. What has the wrong shape was reported by the schema and reads as empty.

import { isAlias, isMap, isNode, isScalar, isSeq } from 'yaml'
import type { Position } from '../text/diagnostic.ts'
import { add, notYet } from './findings.ts'
import type { Template, TemplateMap } from './types.ts'
import type { YamlSource } from './yaml-source.ts'

/** A value in the file; `at` is where it stands (for an alias: where the alias stands). */
export interface Value {
  readonly node: unknown
  readonly at: Position
}

export interface Entry {
  readonly key: string
  readonly keyAt: Position
  readonly value: Value
}

/** The file's top value. */
export function rootOf(source: YamlSource): Value {
  return makeValue(source, source.doc.contents, { file: source.findings.file, line: 1, column: 1 })
}

/** The entries of a map, in the file's order; none for anything else. */
export function entriesOf(source: YamlSource, value: Value | undefined): readonly Entry[] {
  if (!isMap(value?.node)) return []
  const entries = value.node.items.map((pair) => {
    const key = makeValue(source, pair.key, value.at)
    return { key: textOf(key), keyAt: key.at, value: makeValue(source, pair.value, key.at) }
  })
  for (const { key, keyAt } of entries) if (key === '<<') notYet(source.findings, keyAt, ['<<', 'Write the keys out, or use an alias for the whole map'])
  return entries.filter(({ key }) => key !== '<<')
}

/** The items of a list; a single value counts as a list of one; nothing (null) as none. */
export function itemsOf(source: YamlSource, value: Value | undefined): readonly Value[] {
  if (value === undefined || isMap(value.node) || isNothing(value)) return []
  if (isSeq(value.node)) return value.node.items.map((item) => makeValue(source, item, value.at))
  return [value]
}

/** A scalar as text, as GitHub converts it: null is '', numbers in their shortest form. */
export function textOf(value: Value): string {
  if (!isScalar(value.node) || value.node.value === null || value.node.value === undefined) return ''
  return String(value.node.value)
}

/** A scalar as a template. */
export function templateOf(value: Value): Template {
  return { value: textOf(value), at: value.at }
}

/** A map of names to templates: `env`, `outputs`, `with`. */
export function templateMapOf(source: YamlSource, value: Value | undefined): TemplateMap {
  if (value && isScalar(value.node) && textOf(value).includes('${{')) notYet(source.findings, value.at, 'a map made by an expression')
  return entriesOf(source, value).flatMap((entry) => {
    if (!entry.key.includes('${{')) return [[entry.key, templateOf(entry.value)] as const]
    notYet(source.findings, entry.keyAt, 'an expression as a name')
    return []
  })
}

/** Whether nothing (null) is written. */
export function isNothing(value: Value): boolean {
  return value.node === null || value.node === undefined || (isScalar(value.node) && (value.node.value === null || value.node.value === undefined))
}

/** Whether it is a map. */
export function isMapValue(value: Value): boolean {
  return isMap(value.node)
}

/** The entries of a map by key. A key that is not in `known` is refused as not supported yet. */
export function takeKeys<K extends string>(source: YamlSource, value: Value | undefined, known: readonly K[]): Readonly<Partial<Record<K, Entry>>> {
  const taken: Partial<Record<K, Entry>> = {}
  for (const entry of entriesOf(source, value)) {
    const key = known.find((name) => name === entry.key)
    if (!key) notYet(source.findings, entry.keyAt, entry.key)
    else if (taken[key]) add(source.findings, entry.keyAt, { code: 'schema', message: `\`${entry.key}\` is defined twice. Keep one.` })
    else taken[key] = entry
  }
  return taken
}

/** An entry's value as a template, when the entry is there. */
export function templateAt(entry: Entry | undefined): Template | undefined {
  return entry && templateOf(entry.value)
}

function makeValue(source: YamlSource, node: unknown, parent: Position): Value {
  const range = isNode(node) ? node.range : undefined
  const place = range ? source.lines.linePos(range[0]) : undefined
  const at = place ? { file: source.findings.file, line: place.line, column: place.col } : parent
  return { node: isAlias(node) ? node.resolve(source.doc) : node, at }
}
