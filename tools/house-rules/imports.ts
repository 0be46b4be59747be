// Who imports whom: every import of a file, resolved to the project's own files.

import { posix } from 'node:path'
import type { Node, ObjectPattern } from '@babel/types'
import type { SourceFile } from './source.ts'
import { lineOf, walk } from './walk.ts'

export interface Import {
  readonly from: string
  /** Path of the imported file from the root; undefined for packages and Node's own modules. */
  readonly to: string | undefined
  readonly specifier: string
  /** Names taken; `*` when it can't be said which. */
  readonly names: readonly string[]
  /** Gone when compiled. */
  readonly typeOnly: boolean
  /** Named by its path to be started or loaded as a file: `new URL('./worker.ts', import.meta.url)`. No import in the sense of layers. */
  readonly started: boolean
  readonly line: number
}

/** All imports, re-exports and dynamic imports of a file. */
export function importsOf(source: SourceFile, known: ReadonlySet<string>): readonly Import[] {
  const found: Import[] = []
  const taken = new Map<Node, readonly string[]>()
  for (const { node, parent } of walk(source.ast.program)) {
    noteTaken(node, taken)
    const one = readImport(node, parent, taken)
    if (one === undefined) continue
    found.push({ ...one, started: node.type === 'StringLiteral', from: source.path, to: resolveImport(source.path, one.specifier, known), line: lineOf(node) })
  }
  return found
}

/** The project's file that a specifier names. */
function resolveImport(from: string, specifier: string, known: ReadonlySet<string>): string | undefined {
  const path = specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : specifier.replace(/^@pushway\/core\//, 'packages/core/src/')
  return [path, path.replace(/\.js$/, '.ts')].find((candidate) => known.has(candidate))
}

type Read = Pick<Import, 'specifier' | 'names' | 'typeOnly'>

function readImport(node: Node, parent: Node | undefined, taken: ReadonlyMap<Node, readonly string[]>): Read | undefined {
  switch (node.type) {
    case 'ImportDeclaration': {
      const names = node.specifiers.map((s) => (s.type === 'ImportSpecifier' ? nameOf(s.imported) : s.type === 'ImportDefaultSpecifier' ? 'default' : '*'))
      return { specifier: node.source.value, names, typeOnly: node.importKind === 'type' }
    }
    case 'ExportNamedDeclaration': {
      if (!node.source) return undefined
      const names = node.specifiers.map((s) => (s.type === 'ExportSpecifier' ? s.local.name : '*'))
      return { specifier: node.source.value, names, typeOnly: node.exportKind === 'type' }
    }
    case 'ExportAllDeclaration':
      return { specifier: node.source.value, names: ['*'], typeOnly: node.exportKind === 'type' }
    case 'ImportExpression':
      return readDynamic(node.source, taken.get(node))
    case 'CallExpression':
      return node.callee.type === 'Import' ? readDynamic(node.arguments[0] as Node, taken.get(node)) : undefined
    case 'TSImportType': {
      const argument = node.argument as Node
      return { specifier: argument.type === 'StringLiteral' ? argument.value : '', names: ['*'], typeOnly: true }
    }
    case 'StringLiteral':
      return parent?.type === 'NewExpression' && /^\.{1,2}\/.*\.(ts|js|mjs)$/.test(node.value)
        ? { specifier: node.value, names: ['*'], typeOnly: false }
        : undefined
    default:
      return undefined
  }
}

function readDynamic(argument: Node, names: readonly string[] = ['*']): Read | undefined {
  if (argument?.type !== 'StringLiteral') return undefined
  return { specifier: argument.value, names, typeOnly: false }
}

/** `const { a } = await import(…)` and `(await import(…)).a` are known to take `a`; other lazy imports may take all. */
function noteTaken(node: Node, taken: Map<Node, readonly string[]>): void {
  if (node.type === 'VariableDeclarator' && node.init?.type === 'AwaitExpression' && node.id.type === 'ObjectPattern') {
    taken.set(node.init.argument, patternNames(node.id))
  }
  if (node.type === 'MemberExpression' && node.object.type === 'AwaitExpression' && node.property.type === 'Identifier') {
    taken.set(node.object.argument, [node.property.name])
  }
}

function patternNames(pattern: ObjectPattern): readonly string[] {
  return pattern.properties.map((p) => (p.type === 'ObjectProperty' && p.key.type === 'Identifier' ? p.key.name : '*'))
}

function nameOf(node: Node): string {
  return node.type === 'StringLiteral' ? node.value : node.type === 'Identifier' ? node.name : '*'
}
