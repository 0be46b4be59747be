// The one place where paths from outside are joined.

import { resolve, sep } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'

/**
 * `root` joined with a relative path from outside (a repository, an archive, a URL).
 * Links are not followed here: who opens the result must not follow them either.
 * @throws PushwayError `path-outside` for absolute paths, NUL bytes, and anything that leaves `root`
 */
export function joinInside(root: string, path: string): string {
  const base = resolve(root)
  const joined = resolve(base, path)
  const absolute = path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path) || path.includes('\0')
  if (absolute || (joined !== base && !joined.startsWith(base.endsWith(sep) ? base : base + sep))) throw fail('path-outside', { path, root: '.' })
  return joined
}
