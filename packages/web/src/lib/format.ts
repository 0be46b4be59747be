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

/** `512 B`, `4.2 kB`, `93.1 MB`: decimal units, as registries count. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const step = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3))
  return `${step === 0 ? value : (value / 1000 ** step).toFixed(1)} ${units[step]}`
}

/** `sha256:0123…` → the first twelve digits. */
export function shortHash(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12)
}

export function shortCommit(commit: string): string {
  return commit.slice(0, 7)
}

/** `940 B`, `1.2 kB`, `3.4 MB`. */
export function formatSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
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
