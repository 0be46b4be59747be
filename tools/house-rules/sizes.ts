// Size bands: files and functions stay short enough to be read at once.

import type { Function as FunctionNode, Node } from '@babel/types'
import type { Finding, SourceFile } from './source.ts'
import { lineOf, linesOf, type Visit, walk } from './walk.ts'

const bands = { file: { p90: 250, max: 400 }, function: { p90: 35, max: 70 }, params: 3 } as const

/** Methods that another library calls: their parameters are its choice. */
const foreignMethods = new Set(['onHeaders', 'onResponseStart', 'onUpgrade', 'onRequestUpgrade'])

interface Sized {
  readonly path: string
  readonly name: string
  readonly line: number
  readonly lines: number
}

/** Files over 400 lines, functions over 70 lines or 3 parameters, and the 90th percentiles of both. Functions of tests are not counted. */
export function checkSizes(sources: readonly SourceFile[]): readonly Finding[] {
  const files = sources.map((source) => ({ path: source.path, name: source.path, line: 1, lines: source.text.trimEnd().split('\n').length }))
  const code = sources.filter((source) => source.kind !== 'test')
  const visits = code.flatMap((source) => functionsOf(source).map((visit) => ({ source, ...visit })))
  const functions = visits.map(({ source, node, parent }) => ({ path: source.path, name: nameOf(node, parent), line: lineOf(node), lines: linesOf(node) }))
  const named = functions.filter((sized) => sized.name !== '')
  return [
    ...tooLong('file-size', files, bands.file.max),
    ...tooLong('function-size', functions, bands.function.max),
    ...tooWide('files', codeFiles(files, code), bands.file.p90),
    ...tooWide('functions', named, bands.function.p90),
    ...visits
      .filter(({ node, parent }) => countParams(node) > bands.params && !foreignMethods.has(nameOf(node, parent)))
      .map(({ source, node, parent }) => tooManyParams(source, node, parent)),
  ]
}

/** The 90th percentile of the sizes, 0 when there are none. */
export function percentile90(sized: readonly { readonly lines: number }[]): number {
  const sorted = sized.map((one) => one.lines).sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * 0.9) - 1)] ?? 0
}

function codeFiles(files: readonly Sized[], code: readonly SourceFile[]): readonly Sized[] {
  const paths = new Set(code.map((source) => source.path))
  return files.filter((file) => paths.has(file.path))
}

function functionsOf(source: SourceFile): readonly Visit[] {
  return [...walk(source.ast.program)].filter(({ node }) => isFunction(node))
}

function isFunction(node: Node): boolean {
  return ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression', 'ObjectMethod', 'ClassMethod', 'ClassPrivateMethod'].includes(node.type)
}

function nameOf(node: Node, parent: Node | undefined): string {
  const owner = 'id' in node && node.id ? node.id : 'key' in node ? node.key : parent && ('id' in parent ? parent.id : 'key' in parent ? parent.key : undefined)
  const named = owner as { name?: string; value?: string; id?: { name: string } } | undefined
  return named?.name ?? named?.id?.name ?? (typeof named?.value === 'string' ? named.value : '')
}

function countParams(node: Node): number {
  return (node as FunctionNode).params.filter((param) => !(param.type === 'Identifier' && param.name === 'this')).length
}

function tooLong(rule: string, sized: readonly Sized[], max: number): readonly Finding[] {
  return sized
    .filter((one) => one.lines > max)
    .map((one) => ({
      rule,
      path: one.path,
      line: one.line,
      message: `${one.name || 'a function'} has ${one.lines} lines; at most ${max}. Split it by what it does.`,
    }))
}

function tooWide(what: 'files' | 'functions', sized: readonly Sized[], limit: number): readonly Finding[] {
  const found = percentile90(sized)
  if (found <= limit) return []
  const message = `one in ten ${what} has ${found} lines or more; the 90th percentile may be ${limit}.`
  return [{ rule: what === 'files' ? 'file-size' : 'function-size', path: '.', message }]
}

function tooManyParams(source: SourceFile, node: Node, parent: Node | undefined): Finding {
  const message = `${nameOf(node, parent) || 'a function'} takes ${countParams(node)} parameters; at most ${bands.params}, then one options object.`
  return { rule: 'params', path: source.path, line: lineOf(node), message }
}
