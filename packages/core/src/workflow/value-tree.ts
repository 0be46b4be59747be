// YAML values of any shape with expressions in them: read from the file, evaluated when a job is laid out.

import { isMap, isScalar, isSeq } from 'yaml'
import { evaluateValue, type Scope } from './evaluate.ts'
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

/** The plain value: texts, numbers, lists and objects. Throws EvaluationError. */
export function evaluateTree(tree: ValueTree, scope: Scope): unknown {
  switch (tree.kind) {
    case 'template':
      return evaluateValue(tree.template, scope)
    case 'plain':
      return tree.value
    case 'list':
      return tree.items.map((item) => evaluateTree(item, scope))
    case 'map':
      return Object.fromEntries(tree.entries.map(([name, value]) => [name, evaluateTree(value, scope)]))
  }
}

/** The templates in a value. */
export function templatesOf(tree: ValueTree): readonly string[] {
  switch (tree.kind) {
    case 'template':
      return [tree.template.value]
    case 'plain':
      return []
    case 'list':
      return tree.items.flatMap(templatesOf)
    case 'map':
      return tree.entries.flatMap(([, value]) => templatesOf(value))
  }
}
