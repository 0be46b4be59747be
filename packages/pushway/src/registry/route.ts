// What a path under /v2/ means: pure.

/** A request's target. `name` has not been checked yet. */
export type RegistryRoute =
  | { readonly kind: 'base' }
  | { readonly kind: 'token' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'blob'; readonly name: string; readonly digest: string }
  | { readonly kind: 'uploads'; readonly name: string }
  | { readonly kind: 'upload'; readonly name: string; readonly id: string }
  | { readonly kind: 'manifest'; readonly name: string; readonly reference: string }
  | { readonly kind: 'tags'; readonly name: string }
  | { readonly kind: 'referrers'; readonly name: string; readonly digest: string }

/** The route of a decoded path; undefined when the specification has none like it. */
export function parseRoute(path: string): RegistryRoute | undefined {
  if (path === '/v2/' || path === '/v2') return { kind: 'base' }
  if (path === '/v2/token') return { kind: 'token' }
  if (path === '/v2/_catalog') return { kind: 'catalog' }
  const rest = path.startsWith('/v2/') ? path.slice('/v2/'.length) : undefined
  const match = rest && /^(.+)\/(?:(blobs\/uploads)\/([^/]*)|(blobs|manifests|referrers)\/([^/]+)|(tags)\/list)$/.exec(rest)
  if (!match) return undefined
  const [, name = '', uploads, id, kind, reference = '', tags] = match
  if (uploads) return id ? { kind: 'upload', name, id } : { kind: 'uploads', name }
  if (tags) return { kind: 'tags', name }
  if (kind === 'manifests') return { kind: 'manifest', name, reference }
  return kind === 'blobs' ? { kind: 'blob', name, digest: reference } : { kind: 'referrers', name, digest: reference }
}

/** The specification's rule for repository names, with Docker's limit of 255 characters. */
export function isRepositoryName(name: string): boolean {
  const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
  return name.length <= 255 && new RegExp(`^${part}(?:/${part})*$`).test(name)
}

/** The specification's rule for tags. */
export function isTag(tag: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(tag)
}

/** A `Range` header over `size` bytes: inclusive ends; `whole` without one we understand, `none` when nothing of it is there. */
export function parseRange(header: string | undefined, size: number): { start: number; end: number } | 'whole' | 'none' {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return 'whole'
  if (match[1] === '') {
    const last = Math.min(Number(match[2]), size)
    return last === 0 ? 'none' : { start: size - last, end: size - 1 }
  }
  const start = Number(match[1])
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1)
  if (start >= size) return 'none'
  return end < start ? 'whole' : { start, end }
}
