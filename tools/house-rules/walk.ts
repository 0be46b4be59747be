// Walks a syntax tree: every node once, parents first.

import type { Node } from '@babel/types'

export interface Visit {
  readonly node: Node
  readonly parent: Node | undefined
}

const notChildren = new Set(['loc', 'start', 'end', 'extra', 'errors', 'comments', 'tokens', 'leadingComments', 'trailingComments', 'innerComments', 'range'])

/** Every node below `root`, itself included. */
export function* walk(root: Node, parent?: Node): Generator<Visit> {
  yield { node: root, parent }
  for (const [key, value] of Object.entries(root)) {
    if (notChildren.has(key)) continue
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) yield* walk(child, root)
    }
  }
}

/** The line a node begins on, from 1. */
export function lineOf(node: Node): number {
  return node.loc?.start.line ?? 1
}

/** The lines a node covers. */
export function linesOf(node: Node): number {
  return (node.loc?.end.line ?? 0) - (node.loc?.start.line ?? 0) + 1
}

/** The name a member expression or identifier ends with: `a.b.c` → `c`. */
export function lastName(node: Node): string | undefined {
  if (node.type === 'Identifier') return node.name
  if (node.type === 'MemberExpression' || node.type === 'OptionalMemberExpression') return lastName(node.property)
  return undefined
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
}
