// Paths of a compose file: relative ones become absolute, from the folder of the project.

import { changeAt, memberOf, scalarAt, type Tree, textOf, withMember } from './tree.ts'

export interface Folders {
  /** Where relative paths begin; absolute, or relative to what the caller's paths are relative to. */
  readonly base: string
  /** What `~` stands for. */
  readonly home?: string
}

/** Attributes whose text is a path; empty text stays. */
const patterns: readonly string[] = ['services.*.env_file.*.path', 'services.*.label_file.*', 'services.*.develop.watch.*.path', 'services.*.extends.file']
/** Those where empty text is the folder itself. */
const folders: readonly string[] = ['services.*.build.ssh.*', 'configs.*.file', 'secrets.*.file']

/** The tree with its relative paths resolved. */
export function resolvePaths(tree: Tree, base: Folders): Tree {
  const resolve = (node: Tree) => {
    const text = textOf(node)
    return text === undefined ? node : scalarAt(node, resolvePath(text, base))
  }
  const resolveSaid = (node: Tree) => (textOf(node) === '' ? node : resolve(node))
  const said = patterns.reduce((current, pattern) => changeAt(current, pattern, resolveSaid), tree)
  const plain = folders.reduce((current, pattern) => changeAt(current, pattern, resolve), said)
  const contexts = ['services.*.build.context', 'services.*.build.additional_contexts.*'].reduce(
    (current, pattern) => changeAt(current, pattern, (node) => (isRemoteContext(textOf(node) ?? '') ? node : resolveSaid(node))),
    plain,
  )
  const mounts = changeAt(contexts, 'services.*.volumes.*', (node) =>
    resolveMember(node, 'source', textOf(memberOf(node, 'type')) === 'bind' ? resolve : undefined),
  )
  return changeAt(mounts, 'volumes.*', (node) => {
    const options = memberOf(node, 'driver_opts')
    const isBind = textOf(memberOf(node, 'driver')) === 'local' && textOf(memberOf(options, 'o')) === 'bind'
    return isBind && options && node.kind === 'map' ? withMember(node, 'driver_opts', resolveMember(options, 'device', resolve)) : node
  })
}

function resolveMember(node: Tree, key: string, resolve: ((node: Tree) => Tree) | undefined): Tree {
  const member = memberOf(node, key)
  return node.kind === 'map' && member && resolve ? withMember(node, key, resolve(member)) : node
}

/** A build context that is not a folder of this machine. */
export function isRemoteContext(context: string): boolean {
  return context.includes('://') || /^(service:|https:|http:|git:|ssh:|github\.com\/|git@)/.test(context)
}

/** A path from a folder; `~` is the home, an absolute path stays. */
export function resolvePath(path: string, { base, home }: Folders): string {
  if (path.startsWith('~') && home === undefined) return path
  const expanded = path.startsWith('~') && home !== undefined ? joinPaths(home, path.slice(1)) : path
  if (expanded.startsWith('/') || /^[A-Za-z]:[\\/]/.test(expanded) || expanded.startsWith('\\\\')) return expanded
  return joinPaths(base, expanded)
}

/** Two paths as one, `.` and `..` resolved: `a/b` and `../c` are `a/c`. */
export function joinPaths(base: string, path: string): string {
  const absolute = base.startsWith('/')
  const parts: string[] = []
  for (const part of `${base}/${path}`.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (!absolute) parts.push(part)
  }
  return absolute ? `/${parts.join('/')}` : parts.join('/') || '.'
}

/** The folder of a file: `a/b.yml` is in `a`, `b.yml` in `.`. */
export function folderOf(file: string): string {
  const slash = file.lastIndexOf('/')
  return slash < 0 ? '.' : file.slice(0, slash) || '/'
}

/** Whether a path is in a folder; `.` is the folder that relative paths begin in. */
export function isInside(path: string, folder: string): boolean {
  const clean = joinPaths(path, '.')
  if (folder === '.') return !clean.startsWith('/') && clean !== '..' && !clean.startsWith('../')
  return clean === folder || clean.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
}
