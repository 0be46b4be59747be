// YAML values of any shape with expressions in them, evaluated when a job is laid out.

import { evaluateValue, type Scope } from './evaluate.ts'
import type { ValueTree } from './types.ts'

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
