// Small texts: shares, digests, names of refs.

/** `0 %`, `0.42 %`, `12.5 %` of a share 0..1. */
export function percent(share: number): string {
  if (!Number.isFinite(share)) return '–'
  const value = share * 100
  if (value === 0) return '0 %'
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} %`
}

/** `12,400`. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ',')
}

/** `sha256:0123…` → the first twelve digits. */
export function shortHash(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12)
}

export function shortCommit(commit: string): string {
  return commit.slice(0, 7)
}

/** `refs/heads/main` → `main`. */
export function shortRef(ref: string): string {
  return ref.replace(/^refs\/(heads|tags|pull)\//, '')
}

/** `1 run`, `3 runs`. */
export function plural(value: number, word: string): string {
  return `${count(value)} ${word}${value === 1 ? '' : 's'}`
}

/** Whether every word of `query` is in one of the texts; an empty query matches all. */
export function matchesQuery(query: string, texts: readonly (string | undefined)[]): boolean {
  const all = texts.join('\n').toLowerCase()
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word))
}
