// Whether the entries of a cache's archive may be unpacked: nothing outside the cached paths, nothing through or by a link. Pure.

/** One entry as the archive names it; its path is relative to the workspace and may climb, as caches of the home folder do. */
export interface ArchiveEntry {
  readonly path: string
  readonly kind: 'file' | 'folder' | 'link' | 'hard-link' | 'other'
  /** What a link points to. */
  readonly target?: string
}

export interface ArchiveBounds {
  /** Absolute. */
  readonly workspace: string
  /** Whether an absolute path is one of the cached paths, or below one. */
  readonly covers: (path: string) => boolean
}

export interface ArchiveProblem {
  readonly entry: string
  readonly problem: string
}

/** The first entry that can't be taken, and why; undefined when all can. */
export function findArchiveProblem(entries: readonly ArchiveEntry[], bounds: ArchiveBounds): ArchiveProblem | undefined {
  const links = new Set(entries.filter(({ kind }) => kind === 'link').map(({ path }) => normalizePath(`${bounds.workspace}/${path}`)))
  const files = new Set<string>()
  for (const entry of entries) {
    const problem = entryProblem(entry, { bounds, links, files })
    if (problem !== undefined) return { entry: entry.path.replaceAll('\0', '\\0'), problem }
    if (entry.kind === 'file') files.add(normalizePath(`${bounds.workspace}/${entry.path}`))
  }
  return undefined
}

interface Seen {
  readonly bounds: ArchiveBounds
  readonly links: ReadonlySet<string>
  readonly files: ReadonlySet<string>
}

function entryProblem({ path, kind, target = '' }: ArchiveEntry, { bounds, links, files }: Seen): string | undefined {
  if (path.includes('\0') || target.includes('\0')) return 'its name holds a NUL'
  if (path.startsWith('/')) return 'its name is absolute'
  const full = normalizePath(`${bounds.workspace}/${path}`)
  if (!bounds.covers(full)) return 'it is outside of the cached paths'
  if (parentsOf(full).some((parent) => links.has(parent))) return 'it would be written through a link'
  if (kind === 'other') return 'it is no file, folder or link'
  if (kind === 'hard-link') {
    const to = normalizePath(`${bounds.workspace}/${target}`)
    return target.startsWith('/') || !files.has(to) ? 'it is a hard link to something that is not in the archive' : undefined
  }
  if (kind !== 'link') return links.has(full) ? 'it would replace a link' : undefined
  const to = normalizePath(`${full.slice(0, full.lastIndexOf('/'))}/${target}`)
  return target.startsWith('/') || !bounds.covers(to) ? 'it is a link that leads out of the cached paths' : undefined
}

function parentsOf(path: string): readonly string[] {
  const parts = path.split('/')
  return parts.slice(1, -1).map((_, i) => parts.slice(0, i + 2).join('/'))
}

/** Absolute, without `.`, `..` and doubled slashes. */
function normalizePath(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}
