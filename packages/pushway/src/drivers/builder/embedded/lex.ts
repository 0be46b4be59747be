// A Dockerfile's text as instructions: directives, comments, continuations, here-documents and flags, as BuildKit's parser reads them. Pure.

import { type HereDocument, openings } from './here-document.ts'

/** One instruction as it is written. Lines count from 1. */
export interface Lexed {
  readonly keyword: string
  readonly line: number
  readonly column: number
  /** Behind the keyword and its flags, on one line: continuations joined, comments and empty lines between them dropped. */
  readonly args: string
  readonly flags: readonly { readonly name: string; readonly value: string }[]
  readonly documents: readonly HereDocument[]
  /** What is wrong with its here-documents. */
  readonly problem?: string
}

/** `# name=value` at the very beginning. */
export interface Directive {
  readonly name: string
  readonly value: string
  readonly line: number
}

export interface LexedFile {
  readonly directives: readonly Directive[]
  readonly instructions: readonly Lexed[]
  readonly escapeChar: string
}

/** Instructions that may have here-documents. */
const withDocuments = /^(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s/i

/** Splits a Dockerfile into its instructions. */
export function lexDockerfile(text: string): LexedFile {
  const lines = text
    .replace(/^\uFEFF/, '')
    .replaceAll('\r\n', '\n')
    .split('\n')
  const directives = readDirectives(lines)
  const named = directives.find(({ name }) => name === 'escape')?.value
  const escapeChar = named === '`' ? '`' : '\\'
  const instructions: Lexed[] = []
  for (let at = 0; at < lines.length; ) {
    const first = lines[at] ?? ''
    if (isComment(first) || first.trim() === '') at++
    else {
      const { joined, next } = joinLines(lines, at, escapeChar)
      const { documents, problem, end } = takeDocuments(joined, lines, next)
      instructions.push({ ...splitInstruction(joined), line: at + 1, column: first.search(/\S/) + 1, documents, ...(problem ? { problem } : {}) })
      at = end
    }
  }
  return { directives, instructions, escapeChar }
}

function isComment(line: string): boolean {
  return /^\s*#/.test(line)
}

/** Directives stand before everything else, comments too; each counts once. */
function readDirectives(lines: readonly string[]): readonly Directive[] {
  const found: Directive[] = []
  for (const [index, line] of lines.entries()) {
    if (index === 0 && line.startsWith('#!')) continue
    const match = /^\s*#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*$/.exec(line)
    const name = match?.[1]?.toLowerCase()
    if (!match?.[2] || name === undefined || !['syntax', 'escape', 'check'].includes(name) || found.some((one) => one.name === name)) break
    found.push({ name, value: match[2], line: index + 1 })
  }
  return found
}

/** One line of several; `next` is the line behind them. */
function joinLines(lines: readonly string[], from: number, escapeChar: string): { joined: string; next: number } {
  let joined = ''
  for (let at = from; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if (at > from && (isComment(line) || line.trim() === '')) continue
    const trimmed = line.trimEnd()
    if (!trimmed.endsWith(escapeChar)) return { joined: (joined + line).trim(), next: at + 1 }
    joined += trimmed.slice(0, -1)
  }
  return { joined: joined.trim(), next: lines.length }
}

function takeDocuments(joined: string, lines: readonly string[], from: number): { documents: readonly HereDocument[]; problem?: string; end: number } {
  const documents: HereDocument[] = []
  let at = from
  for (const { name, dash, quoted } of withDocuments.test(joined) ? openings(joined) : []) {
    const own: string[] = []
    for (; ; at++) {
      const line = lines[at]
      if (line === undefined) return { documents, problem: `the here-document <<${name} has no line ${name} that ends it`, end: at }
      const text = dash ? line.replace(/^\t+/, '') : line
      if (text === name) break
      own.push(`${text}\n`)
    }
    at++
    documents.push({ name, quoted, text: own.join('') })
  }
  return { documents, end: at }
}

/** Keyword, flags and the rest of an instruction on one line. */
export function splitInstruction(joined: string): Pick<Lexed, 'keyword' | 'flags' | 'args'> {
  const [, keyword = '', all = ''] = /^(\S+)\s*([\s\S]*)$/.exec(joined) ?? []
  const flags: { name: string; value: string }[] = []
  let rest = all
  const takesFlags = ['FROM', 'RUN', 'COPY', 'ADD', 'HEALTHCHECK'].includes(keyword.toUpperCase())
  for (let match = takesFlags ? takeFlag(rest) : undefined; match; match = takeFlag(rest)) {
    const equals = match.word.indexOf('=')
    flags.push(equals < 0 ? { name: match.word.slice(2), value: '' } : { name: match.word.slice(2, equals), value: unquote(match.word.slice(equals + 1)) })
    rest = match.rest
  }
  return { keyword: keyword.toUpperCase(), flags, args: rest.trim() }
}

function takeFlag(text: string): { word: string; rest: string } | undefined {
  const match = /^--[a-z][a-z-]*(?:=(?:"[^"]*"|'[^']*'|[^\s"'])*)?(?=\s|$)/.exec(text)
  return match ? { word: match[0], rest: text.slice(match[0].length).trimStart() } : undefined
}

function unquote(value: string): string {
  return value.replace(/"([^"]*)"|'([^']*)'/g, (_, double: string | undefined, single: string | undefined) => double ?? single ?? '')
}
