// GitHub's filter patterns for branches, tags and paths. Matched in O(pattern × text), whatever the pattern.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet

import type { PatternFilter } from './types.ts'

type Times = 'once' | 'optional' | 'repeated'
type Token =
  | { readonly kind: 'one'; readonly matches: (character: string) => boolean; readonly times: Times }
  /** `*`: anything but `/`. */
  | { readonly kind: 'star' }
  /** `**`: anything. */
  | { readonly kind: 'globstar' }
  /** A leading `**` with its slash: any folders, or none. */
  | { readonly kind: 'folders' }

/** Whether the filter lets a branch or tag name through. Without a filter everything passes. */
export function matchName(filter: PatternFilter | undefined, name: string): boolean {
  if (!filter) return true
  if (filter.include) return included(filter.include, name)
  return !included(filter.exclude ?? [], name)
}

/** Whether the filter lets any of the changed paths through. Paths that are not known count as matching. */
export function matchPaths(filter: PatternFilter | undefined, paths: readonly string[] | undefined): boolean {
  if (!filter || !paths) return true
  return paths.some((path) => matchName(filter, path))
}

/** Whether one pattern (without a leading `!`) matches the whole text. Case counts. */
export function matchPattern(pattern: string, text: string): boolean {
  let reached = new Set([0])
  for (const token of compile(pattern)) {
    reached = advance(token, text, reached)
    if (reached.size === 0) return false
  }
  return reached.has(text.length)
}

/** What is wrong with a pattern, in one sentence, or undefined. */
export function patternProblem(pattern: string): string | undefined {
  const body = pattern.startsWith('!') ? pattern.slice(1) : pattern
  if (body === '') return `The pattern "${pattern}" is empty. Write a name or a pattern.`
  if (/^[?+]/.test(body)) return `The pattern "${pattern}" starts with \`${body[0]}\`, which repeats what stands before it. Put something there.`
  if (unclosed(body)) return `The pattern "${pattern}" has a \`[\` without a \`]\`. Close it, or write \`\\[\`.`
  return undefined
}

/** In order: a matching pattern takes the text in, a matching `!` pattern takes it out again. */
function included(patterns: readonly string[], text: string): boolean {
  let taken = false
  for (const pattern of patterns) {
    const negative = pattern.startsWith('!')
    if (negative === taken && matchPattern(negative ? pattern.slice(1) : pattern, text)) taken = !negative
  }
  return taken
}

function unclosed(body: string): boolean {
  for (let i = 0; i < body.length; i++) {
    if (body[i] === '\\') i++
    else if (body[i] === '[') {
      const close = body.indexOf(']', i + 1)
      if (close < 0) return true
      i = close
    }
  }
  return false
}

function compile(pattern: string): readonly Token[] {
  const tokens: Token[] = []
  let i = 0
  while (i < pattern.length) {
    const { token, length } = readToken(pattern, i)
    i += length
    const mark = pattern[i]
    if (token.kind === 'one' && (mark === '?' || mark === '+')) {
      tokens.push({ ...token, times: mark === '?' ? 'optional' : 'repeated' })
      i++
    } else tokens.push(token)
  }
  return tokens
}

function readToken(pattern: string, i: number): { token: Token; length: number } {
  const character = pattern[i] ?? ''
  const literal = (text: string, length: number) => ({ token: { kind: 'one', matches: (c: string) => c === text, times: 'once' } as const, length })
  if (pattern.startsWith('**/', i) && (i === 0 || pattern[i - 1] === '/')) return { token: { kind: 'folders' }, length: 3 }
  if (pattern.startsWith('**', i)) return { token: { kind: 'globstar' }, length: 2 }
  if (character === '*') return { token: { kind: 'star' }, length: 1 }
  if (character === '\\' && i + 1 < pattern.length) return literal(pattern[i + 1] ?? '', 2)
  const close = character === '[' ? pattern.indexOf(']', i + 1) : -1
  if (close > 0) return { token: { kind: 'one', matches: classMatcher(pattern.slice(i + 1, close)), times: 'once' }, length: close + 1 - i }
  return literal(character, 1)
}

function classMatcher(members: string): (character: string) => boolean {
  const ranges = members.match(/.-.|./gsu) ?? []
  return (character) => ranges.some((range) => character >= (range[0] ?? '') && character <= (range.at(-1) ?? ''))
}

function advance(token: Token, text: string, reached: ReadonlySet<number>): Set<number> {
  switch (token.kind) {
    case 'star':
      return spread(text, reached, (character) => character !== '/')
    case 'globstar':
      return spread(text, reached, () => true)
    case 'folders': {
      const next = new Set(reached)
      for (let i = Math.min(...reached); i < text.length; i++) if (text[i] === '/') next.add(i + 1)
      return next
    }
    case 'one': {
      const once = new Set([...reached].filter((i) => i < text.length && token.matches(text[i] ?? '')).map((i) => i + 1))
      if (token.times === 'repeated') return spread(text, once, token.matches)
      return token.times === 'optional' ? new Set([...reached, ...once]) : once
    }
  }
}

/** All positions that can be reached by going on as long as the characters fit. */
function spread(text: string, from: ReadonlySet<number>, fits: (character: string) => boolean): Set<number> {
  const reached = new Set(from)
  for (let i = 0; i < text.length; i++) if (reached.has(i) && fits(text[i] ?? '')) reached.add(i + 1)
  return reached
}
