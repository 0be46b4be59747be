// Here-documents of an instruction: `<<NAME` in its first line, and the lines up to NAME.

export interface HereDocument {
  readonly name: string
  /** As it is written, with a line end behind each line; tabs in front are off where `<<-` says so. */
  readonly text: string
  /** `<<"NAME"`: variables in it are left alone. */
  readonly quoted: boolean
}

export interface HereDocuments {
  /** The first line, with `<<NAME` still in it. */
  readonly head: string
  /** In the order of their names in the first line. */
  readonly documents: readonly HereDocument[]
}

/** `<<NAME`, `<<-NAME`, `<<"NAME"`. */
const opening = /<<(-?)(["']?)(\w+)\2/g

/** Reads the arguments of an instruction over all their lines; a problem in words when a document has no end. Pure. */
export function readHereDocuments(raw: string): HereDocuments | { readonly problem: string } {
  const [head = '', ...lines] = raw.replaceAll('\r\n', '\n').split('\n')
  const documents: HereDocument[] = []
  // Each one goes on behind the end of the one before.
  let from = 0
  for (const [, dash, quote, name = ''] of head.matchAll(opening)) {
    const own = lines.slice(from).map((line) => (dash === '-' ? line.replace(/^\t+/, '') : line))
    const end = own.indexOf(name)
    if (end < 0) return { problem: `the here-document <<${name} has no line ${name} that ends it` }
    const text = own
      .slice(0, end)
      .map((line) => `${line}\n`)
      .join('')
    documents.push({ name, text, quoted: quote !== '' })
    from += end + 1
  }
  return { head, documents }
}

/** Whether the word is nothing but the beginning of a here-document; its name then. */
export function documentName(word: string): string | undefined {
  return /^<<-?(["']?)(\w+)\1$/.exec(word)?.[2]
}
