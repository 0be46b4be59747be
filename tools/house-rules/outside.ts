// Where outside data is read, and what is said about exports: JSON.parse in unexpected places (a warning), doc comments that are missing.

import type { Node } from '@babel/types'
import { layerOf } from './layers.ts'
import type { Finding, SourceFile } from './source.ts'
import { lineOf, walk } from './walk.ts'

/** `JSON.parse` outside the files that check what they read. */
export function checkJsonParse(sources: readonly SourceFile[]): readonly Finding[] {
  return sources
    .filter((source) => source.kind === 'source' && !/(schema|parse|codec|wire|json)[^/]*\.tsx?$/.test(source.path))
    .flatMap((source) => {
      const calls = [...walk(source.ast.program)].filter(({ node }) => isJsonParse(node))
      const message = 'JSON.parse outside a schema file: let one check what it reads.'
      return calls.map(({ node }) => ({ rule: 'outside-data', path: source.path, line: lineOf(node), message, severity: 'warning' as const }))
    })
}

/** Exported functions, classes and constants of the core, and the contracts of ports, that have no doc comment. */
export function checkDocComments(sources: readonly SourceFile[]): readonly Finding[] {
  return sources.flatMap((source) => {
    const layer = source.kind === 'source' ? layerOf(source.path) : undefined
    if (layer !== 'core' && layer !== 'ports') return []
    return source.ast.program.body
      .filter((node) => needsDoc(node, layer) && !hasDoc(node))
      .map((node) => ({
        rule: 'doc-comment',
        path: source.path,
        line: lineOf(node),
        message: 'an export without a doc comment: say what it takes and gives, with units and errors.',
      }))
  })
}

/** Files whose first line is not a comment that says what they are for. */
export function checkFileComments(sources: readonly SourceFile[]): readonly Finding[] {
  return sources
    .filter((source) => source.kind !== 'test' && !/^(#!.*\n)?\/[/*]/.test(source.text))
    .map((source) => ({
      rule: 'file-comment',
      path: source.path,
      line: 1,
      message: 'begin with a line that says what the file is for.',
    }))
}

function isJsonParse(node: Node): boolean {
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return false
  const { object, property } = node.callee
  return object.type === 'Identifier' && object.name === 'JSON' && property.type === 'Identifier' && property.name === 'parse'
}

function needsDoc(node: Node, layer: string): boolean {
  if (node.type !== 'ExportNamedDeclaration' || !node.declaration) return false
  if (node.declaration.type === 'TSTypeAliasDeclaration') return false
  if (node.declaration.type !== 'TSInterfaceDeclaration') return true
  return layer === 'ports' && node.declaration.body.body.some((member) => member.type === 'TSMethodSignature')
}

function hasDoc(node: Node): boolean {
  return (node.leadingComments ?? []).some((comment) => comment.type === 'CommentBlock' && comment.value.startsWith('*'))
}
