// The files that steps write to set outputs, variables and paths. Pure parsing.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#environment-files

export type Pairs = readonly (readonly [name: string, value: string])[]

/** The entries of GITHUB_OUTPUT, GITHUB_ENV or GITHUB_STATE, or the sentence that says why they can't be read. */
export type ParsedPairs = { readonly pairs: Pairs } | { readonly problem: string }

/** `name=value` lines and `name<<DELIMITER` blocks, in order. */
export function parsePairs(text: string): ParsedPairs {
  const pairs: (readonly [string, string])[] = []
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string
    if (line === '') continue
    const equals = line.indexOf('=')
    const heredoc = line.indexOf('<<')
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      if (equals === 0) return { problem: `Invalid format '${line}'. Name must not be empty` }
      pairs.push([line.slice(0, equals), line.slice(equals + 1)])
    } else if (heredoc >= 0) {
      const name = line.slice(0, heredoc)
      const delimiter = line.slice(heredoc + 2)
      if (name === '' || delimiter === '') return { problem: `Invalid format '${line}'. Name must not be empty and delimiter must not be empty` }
      const end = lines.indexOf(delimiter, i + 1)
      if (end < 0) return { problem: `Invalid value. Matching delimiter not found '${delimiter}'` }
      pairs.push([name, lines.slice(i + 1, end).join('\n')])
      i = end
    } else {
      return { problem: `Invalid format '${line}'` }
    }
  }
  return { pairs }
}

/** GITHUB_ENV: as `parsePairs`, and what may not be set that way is refused. */
export function parseEnvFile(text: string): ParsedPairs {
  const parsed = parsePairs(text)
  if ('problem' in parsed) return parsed
  const refused = parsed.pairs.find(([name]) => name.toUpperCase() === 'NODE_OPTIONS')
  return refused ? { problem: `Can't store ${refused[0]} output parameter using '$GITHUB_ENV' command.` } : parsed
}

/** GITHUB_PATH: a folder a line; later ones come first on the PATH. */
export function parsePathFile(text: string): readonly string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => line !== '')
}
