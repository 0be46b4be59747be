// Splits a command line into words as compose does: quotes and backslashes, no variables, no globs.

/** The words; undefined when a quote is not closed. Follows POSIX quoting (IEEE Std 1003.1, section 2.2). */
export function splitWords(line: string): readonly string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote: '"' | "'" | undefined
  for (let at = 0; at < line.length; at++) {
    const char = line[at] as string
    if (quote !== undefined && char === quote) quote = undefined
    else if (char === '\\' && quote !== "'" && (quote === undefined || /["\\$`]/.test(line[at + 1] ?? ''))) {
      at += 1
      word = (word ?? '') + (line[at] ?? '')
    } else if (quote === undefined && (char === '"' || char === "'")) {
      quote = char
      word ??= ''
    } else if (quote === undefined && /\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + char
  }
  if (word !== undefined) words.push(word)
  return quote === undefined ? words : undefined
}
