// Here-documents of an instruction: `<<NAME` in its line, and the lines up to NAME. Pure.

export interface HereDocument {
  readonly name: string
  /** As it is written, with a line end behind each line; tabs in front are off where `<<-` says so. */
  readonly text: string
  /** `<<"NAME"`: variables in it are left alone. */
  readonly quoted: boolean
}

/** A `<<NAME` of a line. */
export interface Opening {
  readonly name: string
  readonly dash: boolean
  readonly quoted: boolean
}

/** `<<NAME`, `<<-NAME`, `<<"NAME"` at the beginning of a word; a digit may stand in front, as in a shell. */
const opening = /(?:^|\s)\d*<<(-?)(["']?)([A-Za-z0-9_.-]*[A-Za-z0-9_])\2(?=\s|$|[;&|>)])/g

/** The here-documents that a line begins, in their order. */
export function openings(line: string): readonly Opening[] {
  return [...line.matchAll(opening)].map(([, dash, quote, name = '']) => ({ name, dash: dash === '-', quoted: quote !== '' }))
}

/** Whether the word is nothing but the beginning of a here-document; its name then. */
export function documentName(word: string): string | undefined {
  return /^<<-?(["']?)([\w.-]+)\1$/.exec(word)?.[2]
}

/** The instruction with its documents behind it, as a shell reads it. */
export function withDocuments(line: string, documents: readonly HereDocument[]): string {
  return [`${line}\n`, ...documents.map(({ text, name }) => `${text}${name}\n`)].join('')
}
