// Variable interpolation of compose files: $V ${V} ${V:-d} ${V-d} ${V:?e} ${V?e} ${V:+a} ${V+a} and $$, nested in defaults.
// Follows https://docs.docker.com/reference/compose-file/interpolation/

export interface Interpolation {
  readonly value: string
  /** `unset`: replaced by nothing, a warning. `required` and `syntax` refuse the file. */
  readonly problems: readonly { readonly kind: 'unset' | 'required' | 'syntax'; readonly message: string }[]
}

/** The value of a variable; undefined when it is not set. */
export type LookUp = (name: string) => string | undefined

/** The text with its variables replaced. Never throws; what is wrong is in `problems`. */
export function interpolate(text: string, lookUp: LookUp): Interpolation {
  const problems: Interpolation['problems'][number][] = []
  const { value } = expand(text, 0, { lookUp, problems, nested: false })
  return { value, problems }
}

interface Place {
  readonly lookUp: LookUp
  readonly problems: Interpolation['problems'][number][]
  /** Inside `${…}`: a closing brace ends the text. */
  readonly nested: boolean
}

function expand(text: string, start: number, place: Place): { readonly value: string; readonly end: number } {
  let value = ''
  let at = start
  while (at < text.length) {
    const char = text[at] as string
    if (place.nested && char === '}') return { value, end: at }
    if (char !== '$') {
      value += char
      at += 1
      continue
    }
    const next = variable(text, at, place)
    value += next.value
    at = next.end
  }
  return { value, end: at }
}

/** What stands at a dollar sign, and where it ends. */
function variable(text: string, at: number, place: Place): { readonly value: string; readonly end: number } {
  if (text[at + 1] === '$') return { value: '$', end: at + 2 }
  if (text[at + 1] === '{') return braced(text, at, place)
  const name = nameAt(text, at + 1)
  if (name !== '') return { value: plain(name, place), end: at + 1 + name.length }
  // A dollar sign before anything else is one, as in `$1` and `5 $`.
  return { value: '$', end: at + 1 }
}

function braced(text: string, at: number, place: Place): { readonly value: string; readonly end: number } {
  const name = nameAt(text, at + 2)
  const after = at + 2 + name.length
  const operator = /^(:?[-?+])/.exec(text.slice(after, after + 2))?.[1]
  if (name === '') return syntaxError(text, at, place)
  if (text[after] === '}') return { value: plain(name, place), end: after + 1 }
  if (operator === undefined) return syntaxError(text, at, place)
  // The word is read quietly first: its own problems count only when it is used.
  const own: Place = { ...place, nested: true, problems: [] }
  const word = expand(text, after + operator.length, own)
  if (text[word.end] !== '}') return syntaxError(text, at, place)
  const known = place.lookUp(name)
  const found = known !== undefined && !(operator.startsWith(':') && known === '')
  const value = known ?? ''
  const end = word.end + 1
  switch (operator.at(-1)) {
    case '-':
      if (!found) place.problems.push(...own.problems)
      return { value: found ? value : word.value, end }
    case '+':
      if (found) place.problems.push(...own.problems)
      return { value: found ? word.value : '', end }
    default:
      if (!found) place.problems.push({ kind: 'required', message: `The variable ${name} must be set${word.value === '' ? '' : `: ${word.value}`}.` })
      return { value, end }
  }
}

function nameAt(text: string, at: number): string {
  return /^[A-Za-z_][A-Za-z0-9_]*/.exec(text.slice(at))?.[0] ?? ''
}

function plain(name: string, { lookUp, problems }: Place): string {
  const value = lookUp(name)
  if (value !== undefined) return value
  problems.push({ kind: 'unset', message: `The variable ${name} is not set; it is replaced by nothing.` })
  return ''
}

function syntaxError(text: string, at: number, { problems }: Place): { readonly value: string; readonly end: number } {
  const seen = text.slice(at, at + 20)
  problems.push({ kind: 'syntax', message: `"${seen}" is not a variable: write $NAME, \${NAME} or \${NAME:-default}, and $$ for a dollar sign.` })
  return { value: '', end: text.length }
}
