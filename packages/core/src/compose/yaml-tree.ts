// Text of compose files → trees: YAML with anchors, merge keys, several documents, and the tags `!reset` and `!override`.

import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import type { Diagnostic, Position } from '../text/diagnostic.ts'
import { resolvePlain } from './scalar.ts'
import type { ScalarValue, Tree, TreePath } from './tree.ts'

/** One document of a file, and which values of earlier files it takes away (`!reset`) or replaces whole (`!override`). */
export interface ComposeDocument {
  readonly tree: Tree
  readonly cleared: readonly TreePath[]
}

export interface ReadDocuments {
  readonly documents: readonly ComposeDocument[]
  readonly diagnostics: readonly Diagnostic[]
}

const maxLength = 2_000_000
/** Aliases can make a small file huge: more nodes than this are refused. */
const maxNodes = 100_000

/** The documents of a compose file, every mistake of its YAML at once. */
export function readDocuments(file: string, text: string): ReadDocuments {
  const lines = new LineCounter()
  const diagnostics: Diagnostic[] = []
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(1, line), column: Math.max(1, col) }
  }
  const report = (message: string, offset: number, code = 'compose-yaml') => diagnostics.push({ severity: 'error', code, message, at: at(offset) })
  if (text.length > maxLength) report(`The file is larger than ${maxLength} characters.`, 0, 'compose-size')
  const parsed = parseAllDocuments(text.slice(0, maxLength), {
    lineCounter: lines,
    schema: 'failsafe',
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'silent',
  })
  const all: readonly Document[] = Array.isArray(parsed) ? parsed : []
  const documents = all.flatMap((document): ComposeDocument[] => {
    for (const problem of document.errors) report(sentence(problem.message), problem.pos[0])
    if (document.errors.length > 0 || document.contents === null) return []
    const builder = new TreeBuilder({ document: document as Document, at, report })
    const tree = builder.build(document.contents as Node, [])
    return tree ? [{ tree, cleared: builder.cleared }] : []
  })
  return { documents, diagnostics }
}

interface Building {
  readonly document: Document
  readonly at: (offset: number) => Position
  readonly report: (message: string, offset: number, code?: string) => void
}

class TreeBuilder {
  readonly cleared: TreePath[] = []
  readonly #use: Building
  /** Anchored nodes that are being expanded now: one inside itself is a circle. */
  readonly #open = new Set<Node>()
  /** Anchors that stand before this place, by name; the library looks for them from the start each time. */
  readonly #anchors = new Map<string, Node>()
  #nodes = 0
  /** Aliases that are being filled in: what is met there is not at its own place. */
  #aliases = 0

  constructor(use: Building) {
    this.#use = use
  }

  /** The tree of a node; undefined for what `!reset` takes away and for what is refused. */
  build(node: Node | null, path: TreePath, keyAt?: Position): Tree | undefined {
    const offset = node?.range?.[0] ?? 0
    this.#nodes += 1
    if (this.#nodes > maxNodes) {
      if (this.#nodes === maxNodes + 1) this.#use.report(`The file has more than ${maxNodes} values once its aliases are filled in.`, offset, 'compose-size')
      return undefined
    }
    if (isAlias(node)) return this.#alias(node, path, keyAt)
    if (node?.anchor !== undefined && this.#aliases === 0) this.#anchors.set(node.anchor, node)
    const place = { at: this.#use.at(offset), ...(keyAt ? { keyAt } : {}) }
    this.#tag(node, path, offset)
    if (node?.tag === '!reset') return undefined
    if (isMap(node)) return { ...place, kind: 'map', entries: this.#entries(node, path) }
    if (isSeq(node)) {
      const items = node.items.map((item, index) => this.build(item as Node | null, [...path, String(index)]))
      return { ...place, kind: 'list', items: items.filter((item) => item !== undefined) }
    }
    return { ...place, kind: 'scalar', value: isScalar(node) ? this.#scalar(node, offset) : null }
  }

  #alias(node: Alias, path: TreePath, keyAt: Position | undefined): Tree | undefined {
    const offset = node.range?.[0] ?? 0
    const target = this.#anchors.get(node.source) ?? (node.resolve(this.#use.document) as Node | undefined)
    if (target === undefined) this.#use.report(`There is no anchor "${node.source}" before this alias.`, offset)
    else if (this.#open.has(target)) this.#use.report(`The anchor "${node.source}" contains itself.`, offset)
    if (target === undefined || this.#open.has(target)) return undefined
    this.#open.add(target)
    this.#aliases += 1
    const tree = this.build(target, path, keyAt)
    this.#aliases -= 1
    this.#open.delete(target)
    return tree
  }

  #entries(node: YAMLMap, path: TreePath): ReadonlyMap<string, Tree> {
    const own = new Map<string, Tree>()
    const merged: Tree[] = []
    const seen = new Map<string, Position>()
    const inside = isOpenable(node, this.#open)
    if (inside) this.#open.add(node)
    for (const pair of node.items) {
      const { key, offset } = this.#key(pair)
      if (key === undefined) continue
      const keyAt = this.#use.at(offset)
      const before = seen.get(key)
      if (before) this.#use.report(`The key "${key}" is there twice: first on line ${before.line}.`, offset)
      seen.set(key, keyAt)
      if (key === '<<') merged.push(...this.#merged(pair.value as Node | null, path))
      else {
        const value = this.build(pair.value as Node | null, [...path, key], keyAt)
        if (value) own.set(key, value)
      }
    }
    if (inside) this.#open.delete(node)
    for (const source of merged) if (source.kind === 'map') for (const [key, value] of source.entries) if (!seen.has(key) && !own.has(key)) own.set(key, value)
    return own
  }

  #merged(node: Node | null, path: TreePath): readonly Tree[] {
    const sources = isSeq(node) ? (node.items as (Node | null)[]) : [node]
    return sources.flatMap((source) => {
      const tree = this.build(source, path)
      if (tree?.kind !== 'map') this.#use.report('A merge key (<<) takes a mapping or a list of mappings.', source?.range?.[0] ?? 0)
      return tree?.kind === 'map' ? [tree] : []
    })
  }

  #key(pair: Pair): { readonly key?: string; readonly offset: number } {
    const node = isAlias(pair.key) ? (pair.key.resolve(this.#use.document) as Node | undefined) : (pair.key as Node | null)
    const offset = (pair.key as Node | null)?.range?.[0] ?? 0
    if (isScalar(node) && node.type !== 'PLAIN') return { key: String(node.value), offset }
    const value = isScalar(node) ? resolvePlain(String(node.value ?? '')) : null
    if (typeof value === 'string') return { key: value, offset }
    const shown = isScalar(node) ? String(node.value) : 'this'
    this.#use.report(`A key must be text, and ${shown} is not: put it in quotes.`, offset)
    return { offset }
  }

  #scalar(node: Scalar, offset: number): ScalarValue {
    const text = String(node.value ?? '')
    if (node.tag === 'tag:yaml.org,2002:str') return text
    if (node.tag === 'tag:yaml.org,2002:null') return null
    const typed = node.tag !== undefined && /^tag:yaml\.org,2002:(int|float|bool)$/.test(node.tag)
    if (node.type !== 'PLAIN' && !typed) return text
    const value = resolvePlain(text)
    if (value === null || typeof value !== 'object') return value
    this.#use.report(`${value.date} is a date in YAML, which compose does not take: put it in quotes.`, offset, 'compose-type')
    return null
  }

  /** `!reset` and `!override` are noted; every other tag than YAML's own is refused. */
  #tag(node: Node | null, path: TreePath, offset: number): void {
    if (node?.tag === '!reset' || node?.tag === '!override') this.cleared.push(path)
    else if (node?.tag !== undefined && !/^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/.test(node.tag))
      this.#use.report(`The tag ${node.tag} has no meaning in a compose file; it knows !reset and !override.`, offset)
  }
}

function isOpenable(node: Node, open: ReadonlySet<Node>): boolean {
  return 'anchor' in node && node.anchor !== undefined && !open.has(node)
}

function sentence(text: string): string {
  const line = text.split('\n')[0] ?? text
  return /[.!?]$/.test(line) ? line : `${line}.`
}
