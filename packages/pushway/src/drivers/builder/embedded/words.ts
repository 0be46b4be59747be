// Words of a Dockerfile: splitting, quotes, and variables, after Docker's rules. Pure.

/** Gives a variable's value, or undefined when it is not set. */
export type Lookup = (name: string) => string | undefined

/** Splits at blanks outside of quotes; quotes and escapes stay in the words. */
export function splitWords(text: string, escapeChar = '\\'): readonly string[] {
  const words: string[] = []
  let word = ''
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === escapeChar && quote !== "'" && at + 1 < text.length) word += char + text.charAt(++at)
    else if (quote !== '') {
      word += char
      if (char === quote) quote = ''
    } else if (/\s/.test(char)) {
      if (word !== '') words.push(word)
      word = ''
    } else {
      word += char
      if (char === '"' || char === "'") quote = char
    }
  }
  return word === '' ? words : [...words, word]
}

/** What is wrong with a word's `${…}`; thrown by `expandWord`. */
export class WordError extends Error {}

/**
 * The value of a word: quotes removed, `$V`, `${V}`, `${V:-word}`, `${V-word}`, `${V:+word}`, `${V+word}` and `${V:?word}` replaced.
 * Single quotes keep their content; the escape character keeps the next one.
 * @throws WordError for a `${` without its end or a modifier that is not one of these
 */
export function expandWord(word: string, lookup: Lookup, escapeChar = '\\'): string {
  let result = ''
  let quote = ''
  for (let at = 0; at < word.length; at++) {
    const char = word.charAt(at)
    if (quote === "'") {
      if (char === "'") quote = ''
      else result += char
    } else if (char === escapeChar && at + 1 < word.length) {
      const next = word.charAt(++at)
      // Inside double quotes only these lose their escape, as in a shell.
      result += quote === '"' && !['"', '$', escapeChar].includes(next) ? char + next : next
    } else if (char === quote) quote = ''
    else if (quote === '' && (char === '"' || char === "'")) quote = char
    else if (char === '$') {
      const variable = readVariable(word, at)
      result += variableValue(variable, lookup, escapeChar)
      at = variable.end - 1
    } else result += char
  }
  return result
}

/**
 * A text with its variables replaced, as in `expandWord`; quotes and escapes stay as they are written, and what is escaped is left alone.
 * @throws WordError as `expandWord`
 */
export function expandDocument(text: string, lookup: Lookup, escapeChar = '\\'): string {
  let result = ''
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === escapeChar && at + 1 < text.length) result += char + text.charAt(++at)
    else if (char === '$') {
      const variable = readVariable(text, at)
      result += variableValue(variable, lookup, escapeChar)
      at = variable.end - 1
    } else result += char
  }
  return result
}

interface Variable {
  readonly name: string
  readonly modifier: string
  readonly word: string
  /** Just behind it. */
  readonly end: number
}

function readVariable(text: string, at: number): Variable {
  if (text.charAt(at + 1) !== '{') {
    const name = /^(?:[A-Za-z_][A-Za-z0-9_]*|\d)/.exec(text.slice(at + 1))?.[0] ?? ''
    return { name, modifier: '', word: '', end: at + 1 + name.length }
  }
  const close = closingBrace(text, at + 1)
  const match = /^([A-Za-z_][A-Za-z0-9_]*|\d+)(?:(:[-+?]|[-+?])([\s\S]*))?$/.exec(text.slice(at + 2, close))
  if (!match) throw new WordError(`"${text.slice(at, close + 1)}" is not a variable that is understood here`)
  return { name: match[1] ?? '', modifier: match[2] ?? '', word: match[3] ?? '', end: close + 1 }
}

function closingBrace(text: string, open: number): number {
  let depth = 0
  for (let at = open; at < text.length; at++) {
    if (text.charAt(at) === '{') depth++
    if (text.charAt(at) === '}' && --depth === 0) return at
  }
  throw new WordError(`"${text.slice(open - 1)}" has no closing brace`)
}

function variableValue(variable: Variable, lookup: Lookup, escapeChar: string): string {
  if (variable.name === '') return '$'
  const value = lookup(variable.name)
  const there = variable.modifier.startsWith(':') ? value !== undefined && value !== '' : value !== undefined
  switch (variable.modifier.slice(-1)) {
    case '-':
      return there ? (value ?? '') : expandWord(variable.word, lookup, escapeChar)
    case '+':
      return there ? expandWord(variable.word, lookup, escapeChar) : ''
    case '?':
      if (!there) throw new WordError(`${variable.name} is not set${variable.word ? `: ${variable.word}` : ''}`)
      return value ?? ''
    default:
      return value ?? ''
  }
}
