// Reading what a registry answers to a request without a credential: pure. RFC 9110's challenges, as Docker's token specification uses them.

/** One challenge of a `WWW-Authenticate` header. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string
  readonly parameters: Readonly<Record<string, string>>
}

/** The challenges of a header, in order. What is not well formed is left out. */
export function parseChallenges(header: string | undefined): readonly Challenge[] {
  const found: { scheme: string; parameters: Record<string, string> }[] = []
  const pattern = /([A-Za-z][\w-]*)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?\s*,?\s*/g
  for (const [, word = '', quoted, bare] of (header ?? '').matchAll(pattern)) {
    const value = quoted?.replace(/\\(.)/g, '$1') ?? bare
    const last = found.at(-1)
    if (value === undefined) found.push({ scheme: word.toLowerCase(), parameters: {} })
    else if (last) last.parameters[word.toLowerCase()] = value
  }
  return found
}
