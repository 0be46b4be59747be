// `extends`: a service that begins as another one, of the same file or of another. Circles are refused.
// Follows https://docs.docker.com/reference/compose-file/services/#extends

import type { ComposeContext } from './context.ts'
import { clearPaths, mergeTrees } from './merge.ts'
import { folderOf, joinPaths, resolvePaths } from './paths.ts'
import { mapAt, memberOf, type Tree, type TreeMap, type TreePath, textOf, withMember } from './tree.ts'

/** A document whose services may extend others. */
export interface ExtendingFile {
  readonly file: string
  readonly tree: TreeMap
  /** What its document clears: also what an extended service brings. */
  readonly cleared: readonly TreePath[]
}

interface Extending {
  readonly context: ComposeContext
  /** `file#service` of those that are being made now. */
  readonly way: readonly string[]
}

/** The document with every `extends` carried out. */
export function applyExtends(source: ExtendingFile, context: ComposeContext): TreeMap {
  const services = memberOf(source.tree, 'services')
  if (services?.kind !== 'map') return source.tree
  const made = mapAt(
    services,
    [...services.entries.keys()].map((name) => [name, extendService(name, source, { context, way: [] })]),
  )
  return withMember(source.tree, 'services', made)
}

/** The service as it is once what it extends is under it. */
function extendService(name: string, source: ExtendingFile, { context, way }: Extending): Tree | undefined {
  const service = memberOf(memberOf(source.tree, 'services'), name)
  const extending = memberOf(service, 'extends')
  if (service?.kind !== 'map' || extending === undefined) return service
  const reference = textOf(extending) ?? textOf(memberOf(extending, 'service'))
  // What is wrong with its form is found by the check of the schema.
  if (reference === undefined) return service
  const step = `${source.file}#${name}`
  const { report } = context
  if (way.includes(step)) {
    const circle = [...way.slice(way.indexOf(step)), step].map((one) => one.slice(one.lastIndexOf('#') + 1)).join(' → ')
    return report.error(extending, 'compose-circle', `Services extend each other in a circle: ${circle}.`)
  }
  const file = textOf(memberOf(extending, 'file'))
  const base = file === undefined ? source : baseFile(file, extending, context)
  if (base === undefined) return withMember(service, 'extends', undefined)
  if (memberOf(memberOf(base.tree, 'services'), reference) === undefined) {
    const where = file === undefined ? 'here' : `in ${base.file}`
    report.error(extending, 'compose-unknown-service', `services.${name} extends "${reference}", which is not a service ${where}.`)
    return withMember(service, 'extends', undefined)
  }
  const under = extendService(reference, base, { context, way: [...way, step] })
  const own = withMember(service, 'extends', undefined)
  if (under?.kind !== 'map') return own
  const kept = memberOf(memberOf(clearPaths(mapAt(under, [['services', mapAt(under, [[name, under]])]]), source.cleared), 'services'), name)
  const merged = mergeTrees(kept ?? mapAt(under, []), own, { path: ['services', name], report })
  return { ...merged, at: own.at, ...(own.keyAt ? { keyAt: own.keyAt } : {}) }
}

/** Another file's services, its paths made relative to this project. */
function baseFile(file: string, at: Tree, context: ComposeContext): ExtendingFile | undefined {
  const path = context.locate(file, memberOf(at, 'file') ?? at)
  if (path === undefined) return undefined
  const read = context.readPlain(path, memberOf(at, 'file') ?? at)
  if (read === undefined) return undefined
  const base = relativeFolder(context.folder, folderOf(path))
  return { ...read, tree: resolvePaths(read.tree, { base, ...(context.home === undefined ? {} : { home: context.home }) }) as TreeMap }
}

/** The way from one folder to another: `a/b` from `a` is `b`. Both are absolute, or both relative to the same place. */
export function relativeFolder(from: string, to: string): string {
  const parts = (path: string) =>
    joinPaths(path, '.')
      .split('/')
      .filter((part) => part !== '' && part !== '.')
  const [a, b] = [parts(from), parts(to)]
  let same = 0
  while (same < a.length && same < b.length && a[same] === b[same]) same += 1
  return [...a.slice(same).map(() => '..'), ...b.slice(same)].join('/') || '.'
}
