// Expressions of `${{ }}`: splitting a template, parsing one expression with GitHub's own grammar, naming what it uses.

import { type Expr, Lexer, Parser } from '@actions/expressions'
import type { FunctionInfo } from '@actions/expressions/funcs/info'
import { type Token, TokenType } from '@actions/expressions/lexer'

/** A piece of a template: literal text, or what stands between `${{` and `}}`. `offset` counts characters from the template's start. */
export interface Segment {
  readonly kind: 'text' | 'expression'
  readonly text: string
  readonly offset: number
}

/** The functions beyond the built-in ones, with the number of arguments they take. */
export const runnerFunctions: readonly FunctionInfo[] = [
  { name: 'success', minArgs: 0, maxArgs: 0 },
  { name: 'failure', minArgs: 0, maxArgs: 0 },
  { name: 'cancelled', minArgs: 0, maxArgs: 0 },
  { name: 'always', minArgs: 0, maxArgs: 0 },
  { name: 'hashFiles', minArgs: 1, maxArgs: 255 },
]

/** Every context that GitHub knows. */
export const contextNames = ['github', 'env', 'vars', 'job', 'jobs', 'steps', 'runner', 'secrets', 'strategy', 'matrix', 'needs', 'inputs'] as const

const statusFunctions = new Set(['success', 'failure', 'cancelled', 'always'])

/**
 * Splits a template at its `${{ }}`. Quotes inside an expression may hold `}}`.
 *
 * @throws Error when an expression is not closed
 */
export function splitTemplate(text: string): readonly Segment[] {
  const segments: Segment[] = []
  let position = 0
  while (position < text.length) {
    const open = text.indexOf('${{', position)
    if (open < 0) {
      segments.push({ kind: 'text', text: text.slice(position), offset: position })
      break
    }
    if (open > position) segments.push({ kind: 'text', text: text.slice(position, open), offset: position })
    const close = findClose(text, open + 3)
    if (close < 0) throw new Error('The expression is not closed: `${{` has no `}}`')
    segments.push({ kind: 'expression', text: text.slice(open + 3, close), offset: open + 3 })
    position = close + 2
  }
  return segments
}

function findClose(text: string, from: number): number {
  let quoted = false
  for (let i = from; i < text.length; i++) {
    if (text[i] === "'") quoted = !quoted
    else if (!quoted && text[i] === '}' && text[i + 1] === '}') return i
  }
  return -1
}

/**
 * Parses one expression (without `${{ }}`).
 *
 * @throws Error with GitHub's message when it is not valid or names a context or function that is not allowed
 */
export function parseExpression(text: string, contexts: readonly string[], functions: readonly FunctionInfo[] = runnerFunctions): Expr {
  if (text.trim() === '') throw new Error('An expression was expected')
  return new Parser([...lex(text)], [...contexts], [...functions]).parse()
}

/** Whether the expression calls success(), failure(), cancelled() or always(): then there is no implicit success(). */
export function namesStatus(text: string): boolean {
  const tokens = lex(text)
  return tokens.some((token, i) => token.type === TokenType.IDENTIFIER && statusFunctions.has(token.lexeme.toLowerCase()) && isCall(tokens, i))
}

/** Which of the contexts `names` a template mentions in its `${{ }}`; all of them when it can't be read. */
export function mentionedContexts<N extends string>(template: string, names: readonly N[]): readonly N[] {
  if (!template.includes('${{')) return []
  try {
    const expressions = splitTemplate(template).filter((segment) => segment.kind === 'expression')
    const used = new Set(expressions.flatMap(({ text }) => contextsOf(text)))
    return names.filter((name) => used.has(name))
  } catch {
    return names
  }
}

function contextsOf(expression: string): readonly string[] {
  const tokens = lex(expression)
  const isContext = (token: Token, i: number) => token.type === TokenType.IDENTIFIER && tokens[i - 1]?.type !== TokenType.DOT && !isCall(tokens, i)
  return tokens.filter(isContext).map((token) => token.lexeme.toLowerCase())
}

function isCall(tokens: readonly Token[], index: number): boolean {
  return tokens[index + 1]?.type === TokenType.LEFT_PAREN && tokens[index - 1]?.type !== TokenType.DOT
}

function lex(text: string): readonly Token[] {
  // The lexer unescapes only the first doubled quote of a string; all of them count.
  return new Lexer(text)
    .lex()
    .tokens.map((token) => (token.type === TokenType.STRING ? { ...token, value: token.lexeme.slice(1, -1).replaceAll("''", "'") } : token))
}
