// Names inside a folder that is a root of its own: links are followed as a process with that root would follow them.

import { lstatSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** As the kernel's own limit. */
const maxLinks = 40

/**
 * Where `path` of the root leads on this machine; absolute links and `..` stay inside. What does not exist (yet) is joined as it is.
 * Undefined for a circle of links.
 */
export function resolveInside(root: string, path: string): string | undefined {
  const name = resolveName([root], path)
  return name === undefined ? undefined : join(root, name)
}

/** The same for a root of several layers, upper ones first: the name, relative to each of them. */
export function resolveName(roots: readonly string[], path: string): string | undefined {
  const pending = parts(path)
  const found: string[] = []
  let links = 0
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    if (part === '..') found.pop()
    else {
      const target = linkTarget(roots, join(...found, part))
      if (target === undefined) found.push(part)
      else {
        if (++links > maxLinks) return undefined
        if (target.startsWith('/')) found.length = 0
        pending.unshift(...parts(target))
      }
    }
  }
  return join(...found)
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}

function linkTarget(roots: readonly string[], name: string): string | undefined {
  for (const root of roots) {
    const file = join(root, name)
    const info = lstatSync(file, { throwIfNoEntry: false })
    if (info) return info.isSymbolicLink() ? readlinkSync(file) : undefined
  }
  return undefined
}
