// Rules by place: `services.*.ports` is a pattern, `*` any key.

import type { TreePath } from './tree.ts'

/** A table from patterns to rules, asked by path. */
export interface PatternTable<T> {
  find(path: TreePath): T | undefined
}

/** Prepares a table; the first pattern that fits wins. */
export function patternTable<T>(rules: Readonly<Record<string, T>>): PatternTable<T> {
  const byLength = new Map<number, { readonly parts: readonly string[]; readonly rule: T }[]>()
  for (const [pattern, rule] of Object.entries(rules)) {
    const parts = pattern.split('.')
    byLength.set(parts.length, [...(byLength.get(parts.length) ?? []), { parts, rule }])
  }
  return {
    find(path) {
      const candidates = byLength.get(path.length)
      return candidates?.find(({ parts }) => parts.every((part, index) => part === '*' || part === path[index]))?.rule
    },
  }
}

/** Whether a path is one that a pattern names. */
export function matchesPath(path: TreePath, pattern: TreePath): boolean {
  return path.length === pattern.length && pattern.every((part, index) => part === '*' || part === path[index])
}
