// Words of a command line as a shell splits them: blanks, quotes, backslashes; nothing else has a meaning. Pure.

/** @throws Error when a quote is not closed */
export function splitWords(text: string): readonly string[] {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string
    if (quote !== '') {
      if (c === quote) quote = ''
      else if (c === '\\' && quote === '"' && /["\\$`]/.test(text[i + 1] ?? '')) word = (word ?? '') + text[++i]
      else word = (word ?? '') + c
    } else if (c === '"' || c === "'") {
      quote = c
      word ??= ''
    } else if (c === '\\' && i + 1 < text.length) word = (word ?? '') + text[++i]
    else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + c
  }
  if (quote !== '') throw new Error(`a ${quote} is not closed`)
  return word === undefined ? words : [...words, word]
}
