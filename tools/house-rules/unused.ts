// Unused code: files that nothing leads to, and exports that no other file takes.

import type { Node } from '@babel/types'
import { type Import, importsOf } from './imports.ts'
import type { Finding, SourceFile } from './source.ts'
import { lineOf, walk } from './walk.ts'

/** Files that are started, not imported. */
const entries = [
  /^packages\/pushway\/src\/main\.ts$/,
  /^packages\/pushway\/src\/main\/run-alone\.ts$/,
  /^packages\/web\/src\/main\.tsx$/,
  /^packages\/pushway\/bin\//,
  /\.test\.tsx?$/,
  /^bench\/[^/]+\.bench\.ts$/,
  /^tools\/[^/]+\.mjs$/,
  /^tools\/.*\/main\.ts$/,
]
/** Files in `src` that exist for tests. */
const forTests = /(^|[/.-])(fake|fakes|testing)([/.-]|$)/

/** Unreachable files, source files that only tests reach, and exported values nobody else takes. */
export function checkUnused(sources: readonly SourceFile[]): readonly Finding[] {
  const known = new Set(sources.map((source) => source.path))
  const imports = sources.flatMap((source) => importsOf(source, known))
  return [...unusedFiles(sources, imports), ...unusedExports(sources, imports)]
}

function unusedFiles(sources: readonly SourceFile[], imports: readonly Import[]): readonly Finding[] {
  const started = sources.map((source) => source.path).filter((path) => entries.some((entry) => entry.test(path)))
  const reached = reach(started, imports)
  const inUse = reach(
    started.filter((path) => !path.includes('.test.') && !path.startsWith('test/')),
    imports,
  )
  return sources.flatMap(({ path, kind }) => {
    if (!reached.has(path)) return [{ rule: 'unused-file', path, message: 'nothing imports this file: remove it, or wire it in.' }]
    if (kind !== 'source' || inUse.has(path) || path.includes('.test.') || forTests.test(path)) return []
    return [{ rule: 'unused-file', path, message: 'only tests import this file: remove it, or wire it in.' }]
  })
}

function reach(from: readonly string[], imports: readonly Import[]): ReadonlySet<string> {
  const next = new Map<string, string[]>()
  for (const { from, to } of imports) if (to !== undefined) next.set(from, [...(next.get(from) ?? []), to])
  const reached = new Set(from)
  for (const path of reached) for (const to of next.get(path) ?? []) reached.add(to)
  return reached
}

function unusedExports(sources: readonly SourceFile[], imports: readonly Import[]): readonly Finding[] {
  const taken = new Map<string, Set<string>>()
  for (const { to, names } of imports) {
    if (to === undefined) continue
    taken.set(to, new Set([...(taken.get(to) ?? []), ...names]))
  }
  return sources.flatMap((source) => {
    const names = taken.get(source.path)
    if (names?.has('*') || entries.some((entry) => entry.test(source.path))) return []
    return exportsOf(source)
      .filter((one) => !names?.has(one.name))
      .filter((one) => !one.type || !isMentioned(source, one))
      .map((one) => ({
        rule: 'unused-export',
        path: source.path,
        line: one.line,
        message: `no other file takes "${one.name}": remove it${one.type ? '' : ', or only its `export`'}.`,
      }))
  })
}

interface Export {
  readonly name: string
  readonly line: number
  /** A type: it may stay when the file itself uses it, as part of a signature. */
  readonly type: boolean
}

function exportsOf(source: SourceFile): readonly Export[] {
  return source.ast.program.body.flatMap((node) => {
    if (node.type !== 'ExportNamedDeclaration' || node.source) return []
    if (!node.declaration) return node.specifiers.map((s) => ({ name: exportedName(s), line: lineOf(s), type: node.exportKind === 'type' }))
    const { declaration } = node
    const type = declaration.type.startsWith('TS')
    if (declaration.type === 'VariableDeclaration') {
      return declaration.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [{ name: id.name, line: lineOf(id), type }] : []))
    }
    const id = 'id' in declaration ? declaration.id : undefined
    return id?.type === 'Identifier' ? [{ name: id.name, line: lineOf(id), type }] : []
  })
}

function exportedName(specifier: Node): string {
  return specifier.type === 'ExportSpecifier' && specifier.exported.type === 'Identifier' ? specifier.exported.name : 'default'
}

function isMentioned(source: SourceFile, one: Export): boolean {
  const mentions = [...walk(source.ast.program)].filter(({ node }) => node.type === 'Identifier' && node.name === one.name)
  return mentions.length > 1
}
