// Reads YAML values of any shape with expressions in them. Apart from their evaluation, which needs no YAML library.

import { isMap, isScalar, isSeq } from 'yaml'
import type { ValueTree } from './types.ts'
import { entriesOf, itemsOf, templateOf, type Value } from './yaml-node.ts'
import type { YamlSource } from './yaml-source.ts'

/** A value with its lists and maps; what has the wrong shape was reported by the schema. */
export function valueTreeOf(source: YamlSource, value: Value): ValueTree {
  if (isSeq(value.node)) return { kind: 'list', items: itemsOf(source, value).map((item) => valueTreeOf(source, item)) }
  if (isMap(value.node)) return { kind: 'map', entries: entriesOf(source, value).map((entry) => [entry.key, valueTreeOf(source, entry.value)] as const) }
  const plain = isScalar(value.node) ? value.node.value : null
  if (typeof plain === 'string' && plain.includes('${{')) return { kind: 'template', template: templateOf(value) }
  return { kind: 'plain', value: typeof plain === 'string' || typeof plain === 'number' || typeof plain === 'boolean' ? plain : null }
}
