// Reads YAML with positions: every finding at its file:line:column, none hides the next one.

import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type Scalar } from 'yaml'
import type { Diagnostic, Position } from './diagnostic.ts'
import { nearest } from './nearest.ts'

export type YamlNode = Node | null

/** One entry of a mapping, aliases resolved and merge keys (`<<`) expanded. */
export interface YamlEntry {
  readonly key: string
  readonly keyNode: YamlNode
  readonly node: YamlNode
}

export type YamlScalar = string | number | boolean | null

export interface YamlReader {
  readonly file: string
  /** Grows as the file is read. */
  readonly diagnostics: readonly Diagnostic[]
  readonly root: YamlNode
  /** Where a node is written; the start of the file for what is missing. */
  at(node: YamlNode): Position
  /** An error at a node. */
  report(node: YamlNode, code: string, message: string): void
  /** A warning at a node. */
  warn(node: YamlNode, code: string, message: string): void
  /** The entries of a mapping; undefined, with a finding, for anything else. */
  entries(node: YamlNode, what: string): readonly YamlEntry[] | undefined
  /** The items of a list; undefined, with a finding, for anything else. */
  items(node: YamlNode, what: string): readonly YamlNode[] | undefined
  /** A scalar's value; undefined, with a finding, for anything else. */
  scalar(node: YamlNode, what: string): YamlScalar | undefined
  kind(node: YamlNode): 'map' | 'list' | 'scalar' | 'empty'
}

/** Files larger than this are refused: parsing is linear, but slow for what no person writes. */
const maxLength = 2_000_000

/** A reader of one document. `code` begins the codes of its findings: `compose` gives `compose-type`. */
export function readYaml(file: string, text: string, code: string): YamlReader {
  const lines = new LineCounter()
  const document = parseDocument(text.slice(0, maxLength), { lineCounter: lines, merge: true, prettyErrors: false, uniqueKeys: true })
  const diagnostics: Diagnostic[] = []
  function place(offset: number): Position {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(1, line), column: Math.max(1, col) }
  }
  function at(node: YamlNode): Position {
    return place(node?.range?.[0] ?? 0)
  }
  function report(node: YamlNode, findingCode: string, message: string): void {
    diagnostics.push({ severity: 'error', code: findingCode, message, at: at(node) })
  }
  function warn(node: YamlNode, findingCode: string, message: string): void {
    diagnostics.push({ severity: 'warning', code: findingCode, message, at: at(node) })
  }
  if (text.length > maxLength) report(null, `${code}-size`, `The file is larger than ${maxLength} characters.`)
  for (const problem of document.errors)
    diagnostics.push({ severity: 'error', code: `${code}-yaml`, message: sentence(problem.message), at: place(problem.pos[0]) })
  for (const problem of document.warnings)
    diagnostics.push({ severity: 'error', code: `${code}-yaml`, message: sentence(problem.message), at: place(problem.pos[0]) })
  function resolve(node: unknown): YamlNode {
    return resolveAlias(document, node)
  }
  function wrongType(node: YamlNode, what: string, wanted: string): undefined {
    report(node, `${code}-type`, `${what} must be ${wanted}, not ${kindWords[kindOf(node)]}.`)
  }
  return {
    file,
    diagnostics,
    root: resolve(document.contents),
    at,
    report,
    warn,
    kind: kindOf,
    entries(node, what) {
      if (!isMap(node)) return wrongType(node, what, 'a mapping')
      return expandEntries(node.items, resolve)
    },
    items(node, what) {
      return isSeq(node) ? node.items.map(resolve) : wrongType(node, what, 'a list')
    },
    scalar(node, what) {
      if (!isScalar(node)) return wrongType(node, what, 'a plain value')
      return scalarValue(node)
    },
  }
}

/** A finding for a key that is not known, with the nearest one that is. */
export function unknownKey(key: string, known: readonly string[], where: string): string {
  const near = nearest(key, known)
  return `${where} has no key "${key}"${near === undefined ? `; it knows ${known.join(', ')}` : `: did you mean "${near}"`}${near === undefined ? '.' : '?'}`
}

const kindWords = { map: 'a mapping', list: 'a list', scalar: 'a plain value', empty: 'nothing' } as const

function kindOf(node: YamlNode): 'map' | 'list' | 'scalar' | 'empty' {
  if (isMap(node)) return 'map'
  if (isSeq(node)) return 'list'
  return isScalar(node) && node.value !== null ? 'scalar' : 'empty'
}

function scalarValue(node: Scalar): YamlScalar {
  const { value } = node
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}

/** Own keys win over merged ones, and earlier merged maps over later ones, as YAML's merge key says. */
function expandEntries(pairs: readonly { key: unknown; value: unknown }[], resolve: (node: unknown) => YamlNode, depth = 0): readonly YamlEntry[] {
  const own: YamlEntry[] = []
  const merged: YamlEntry[] = []
  for (const pair of pairs) {
    const keyNode = resolve(pair.key)
    const key = isScalar(keyNode) ? String(scalarKey(keyNode)) : ''
    const node = resolve(pair.value)
    if (key !== '<<') own.push({ key, keyNode, node })
    else if (depth < 20) {
      const sources = isSeq(node) ? node.items.map(resolve) : [node]
      for (const source of sources) if (isMap(source)) merged.push(...expandEntries(source.items, resolve, depth + 1))
    }
  }
  const seen = new Set(own.map((entry) => entry.key))
  const added = merged.filter((entry) => !seen.has(entry.key) && seen.add(entry.key))
  return [...own, ...added]
}

/** With merging on, the library gives the merge key as a symbol. */
function scalarKey(node: Scalar): string | number | boolean {
  return typeof node.value === 'symbol' ? '<<' : ((node.value ?? '') as string | number | boolean)
}

function resolveAlias(document: Document, node: unknown): YamlNode {
  if (isAlias(node)) return ((node as Alias).resolve(document) as Node | undefined) ?? null
  return (node as Node | null | undefined) ?? null
}

function sentence(text: string): string {
  const line = text.split('\n')[0] ?? text
  return /[.!?]$/.test(line) ? line : `${line}.`
}
