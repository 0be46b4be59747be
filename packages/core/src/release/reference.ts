// Image references: `HOST/REPOSITORY:TAG@DIGEST`, as Docker reads them.

/**
 * The repository without registry host, lower case: `ghcr.io/Acme/hello:1` → `acme/hello`.
 *
 * @param aliases hosts that mean the embedded registry; any host when absent
 * @returns undefined when the host is another registry
 */
export function repositoryOf(reference: string, aliases?: readonly string[]): string | undefined {
  const name = reference.replace(/@.*$/, '').replace(/:[^/:]*$/, '')
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  const isHost = /[.:]/.test(first) || first === 'localhost'
  if (!isHost) return name.toLowerCase()
  return aliases && !aliases.includes(first) ? undefined : name.slice(slash + 1).toLowerCase()
}

/** The tag of a reference; `latest` when it names neither tag nor digest. */
export function tagOf(reference: string): string | undefined {
  const [name = '', digest] = reference.split('@')
  return /:([^/:]+)$/.exec(name)?.[1] ?? (digest === undefined ? 'latest' : undefined)
}
