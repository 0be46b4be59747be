// Splits a command line into words as compose does: quotes and backslashes, no variables, no globs.
// Follows the observed behaviour of Docker Compose: an operator of the shell outside quotes ends the command, what comes after it is lost.

export interface CommandWords {
  readonly words: readonly string[]
  /** What stands from an unquoted `;`, `&`, `|`, `<` or `>` on: compose leaves it out. */
  readonly rest?: string
}

type Quote = '"' | "'" | '`' | '('

interface Splitting {
  readonly words: string[]
  word: string | undefined
  quote: Quote | undefined
}

/** The words of a line; undefined when a quote is not closed, or a parenthesis stands alone. */
export function splitCommand(line: string): CommandWords | undefined {
  const state: Splitting = { words: [], word: undefined, quote: undefined }
  for (let at = 0; at < line.length; at++) {
    const char = line[at] as string
    if (char === '\\' && state.quote !== "'") {
      at += 1
      if (at === line.length) return undefined
      add(state, line[at] as string)
    } else if (/[ \t\r\n]/.test(char)) {
      if (state.quote !== undefined) add(state, char)
      else finish(state)
    } else if (state.quote === undefined && /[;&|<>]/.test(char)) {
      // `2>` is one operator: the digit is not a word.
      if (char === '>' && /^\d/.test(state.word ?? '')) state.word = undefined
      finish(state)
      return { words: state.words, rest: line.slice(at) }
    } else if (!take(state, char)) return undefined
  }
  finish(state)
  return state.quote === undefined ? { words: state.words } : undefined
}

/** One character that is not white space, an operator or escaped; false when it can't stand here. */
function take(state: Splitting, char: string): boolean {
  const { quote } = state
  if (char === '"' || char === "'") {
    if (quote === undefined || quote === char) {
      state.quote = quote === undefined ? char : undefined
      state.word ??= quote === undefined ? undefined : ''
      if (quote === char) state.word ??= ''
      return true
    }
    if (quote === '`') {
      state.quote = char
      return true
    }
  } else if (char === '`' && (quote === undefined || quote === '`')) state.quote = quote === undefined ? '`' : undefined
  else if (char === ')' && (quote === undefined || quote === '(')) state.quote = quote === undefined ? '(' : undefined
  else if (char === '(' && (quote === undefined || quote === '(')) {
    if (quote !== undefined || !state.word?.endsWith('$')) return false
    state.quote = '('
  }
  add(state, char)
  return true
}

function add(state: Splitting, char: string): void {
  state.word = (state.word ?? '') + char
}

function finish(state: Splitting): void {
  if (state.word !== undefined) state.words.push(state.word)
  state.word = undefined
}
