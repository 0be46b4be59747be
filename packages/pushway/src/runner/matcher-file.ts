// The JSON file of problem matchers, checked by hand: a job's process starts faster without a library for it.
// Follows https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md

export type Group = 'file' | 'fromPath' | 'line' | 'column' | 'severity' | 'code' | 'message'
export const groups: readonly Group[] = ['file', 'fromPath', 'line', 'column', 'severity', 'code', 'message']

export interface Pattern {
  readonly regexp: RegExp
  readonly groups: Readonly<Partial<Record<Group, number>>>
  readonly loop: boolean
}

export interface Matcher {
  readonly owner: string
  readonly severity: string
  readonly fromPath?: string
  readonly patterns: readonly Pattern[]
}

/** The matchers of a file. @throws Error with a sentence when it holds none */
export function readMatchers(text: string): readonly Matcher[] {
  const file = mapAt(JSON.parse(text), 'the file')
  return listAt(file.problemMatcher, 'problemMatcher').map((item, index) => readMatcher(item, `problemMatcher.${index}`))
}

function readMatcher(item: unknown, path: string): Matcher {
  const matcher = mapAt(item, path)
  const owner = textAt(matcher.owner, `${path}.owner`) || fail(`${path}.owner`, 'is missing')
  const severity = textAt(matcher.severity, `${path}.severity`) ?? ''
  const fromPath = textAt(matcher.fromPath, `${path}.fromPath`)
  const patterns = listAt(matcher.pattern, `${path}.pattern`).map((pattern, index) => readPattern(pattern, `${path}.pattern.${index}`))
  if (patterns.slice(0, -1).some(({ loop }) => loop)) throw new Error(`Only the last pattern of '${owner}' may loop`)
  if (!patterns.some((pattern) => pattern.groups.message !== undefined)) throw new Error(`No pattern of '${owner}' sets a message`)
  return { owner, severity, patterns, ...(fromPath ? { fromPath } : {}) }
}

function readPattern(item: unknown, path: string): Pattern {
  const pattern = mapAt(item, path)
  const regexp = textAt(pattern.regexp, `${path}.regexp`) || fail(`${path}.regexp`, 'is missing')
  if (pattern.loop !== undefined && typeof pattern.loop !== 'boolean') fail(`${path}.loop`, 'is not true or false')
  const numbers = groups.flatMap((group) => {
    const value = pattern[group]
    if (value === undefined) return []
    return typeof value === 'number' && Number.isInteger(value) && value >= 0
      ? [[group, value] as const]
      : fail(`${path}.${group}`, 'is not a group of the pattern')
  })
  return { regexp: new RegExp(regexp), groups: Object.fromEntries(numbers), loop: pattern.loop === true }
}

function mapAt(value: unknown, path: string): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : fail(path, 'is not a map')
}

function listAt(value: unknown, path: string): readonly unknown[] {
  return Array.isArray(value) && value.length > 0 ? value : fail(path, 'is not a list of one or more')
}

/** Undefined when it is not there. */
function textAt(value: unknown, path: string): string | undefined {
  if (value === undefined) return undefined
  return typeof value === 'string' ? value : fail(path, 'is not a text')
}

function fail(path: string, problem: string): never {
  throw new Error(`${path} ${problem}`)
}
