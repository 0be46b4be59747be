// Problem matchers: patterns that make annotations of lines which tools print.
// Follows https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md

import { type Context, createContext, runInContext } from 'node:vm'
import { type Group, groups, type Matcher, type Pattern, readMatchers } from './matcher-file.ts'

export interface Problem {
  readonly severity: 'error' | 'warning' | 'notice'
  readonly message: string
  readonly file?: string
  readonly fromPath?: string
  readonly line?: number
  readonly column?: number
  readonly code?: string
}

/** The matchers of a job: what one step adds is there for the next ones. */
export interface Matchers {
  list: readonly Matcher[]
}

/** Adds the matchers of a JSON file; one of the same owner is replaced. @throws Error with a sentence when it is none */
export function addMatchers(matchers: Matchers, text: string): void {
  const added = readMatchers(text)
  const owners = new Set(added.map(({ owner }) => owner.toLowerCase()))
  matchers.list = [...matchers.list.filter(({ owner }) => !owners.has(owner.toLowerCase())), ...added]
}

/** Removes the matchers of an owner. */
export function removeMatchers(matchers: Matchers, owner: string): void {
  matchers.list = matchers.list.filter((matcher) => matcher.owner.toLowerCase() !== owner.toLowerCase())
}

type Captured = Readonly<Partial<Record<Group, string>>>

/** Matches the lines of one step, in order: patterns over several lines remember where they are. */
export interface Matching {
  /** The problem that each line ends, where it ends one. @throws Error when the patterns take longer than a second */
  match(lines: readonly string[]): readonly (Problem | undefined)[]
}

const timeoutMs = 1000
/** Longer lines are no messages of tools. */
const longest = 16_384
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them
const colours = /\u001b\[[0-9;]*m/g

export function createMatching(matchers: Matchers): Matching {
  const progress = new Map<Matcher, { readonly at: number; readonly captured: Captured }>()
  const one = (line: string): Problem | undefined => {
    const text = line.includes('\u001b') ? line.replace(colours, '') : line
    if (text.length > longest) return undefined
    for (const matcher of matchers.list) {
      const problem = step(matcher, text, progress)
      if (!problem) continue
      for (const other of matchers.list) if (other !== matcher) progress.delete(other)
      return problem
    }
    return undefined
  }
  // The only way to end a pattern that backtracks without end is to end the script it runs in.
  return {
    match(lines) {
      scope ??= createContext({})
      let problems: readonly (Problem | undefined)[] = []
      scope.work = () => {
        problems = lines.map(one)
      }
      runInContext('work()', scope, { timeout: timeoutMs })
      return problems
    },
  }
}

/** Made when it is first needed. */
let scope: Context | undefined

type Progress = Map<Matcher, { readonly at: number; readonly captured: Captured }>

function step(matcher: Matcher, text: string, progress: Progress): Problem | undefined {
  const { patterns } = matcher
  const state = progress.get(matcher) ?? { at: 0, captured: {} }
  const pattern = patterns[state.at] as Pattern
  const found = pattern.regexp.exec(text)
  if (!found) {
    progress.delete(matcher)
    // The line may begin a new problem.
    return state.at === 0 ? undefined : step(matcher, text, progress)
  }
  const captured = { ...state.captured, ...capture(pattern, found) }
  const last = state.at === patterns.length - 1
  if (!last) {
    progress.set(matcher, { at: state.at + 1, captured })
    return undefined
  }
  if (pattern.loop && patterns.length > 1) progress.set(matcher, state)
  else progress.delete(matcher)
  return toProblem(matcher, captured)
}

function capture(pattern: Pattern, found: RegExpExecArray): Captured {
  return Object.fromEntries(
    groups.flatMap((name) => {
      const group = pattern.groups[name]
      const value = group === undefined ? undefined : found[group]
      return value === undefined || value === '' ? [] : [[name, value]]
    }),
  )
}

function toProblem(matcher: Matcher, captured: Captured): Problem | undefined {
  if (captured.message === undefined) return undefined
  const severity = (captured.severity ?? matcher.severity).toLowerCase()
  const fromPath = captured.fromPath ?? matcher.fromPath
  return {
    severity: severity === 'warning' ? 'warning' : severity === 'notice' || severity === 'info' ? 'notice' : 'error',
    message: captured.message,
    ...(captured.file ? { file: captured.file } : {}),
    ...(fromPath ? { fromPath } : {}),
    ...number('line', captured.line),
    ...number('column', captured.column),
    ...(captured.code ? { code: captured.code } : {}),
  }
}

function number(name: 'line' | 'column', text: string | undefined): Readonly<Partial<Record<'line' | 'column', number>>> {
  return text !== undefined && /^\d{1,9}$/.test(text) ? { [name]: Number(text) } : {}
}
