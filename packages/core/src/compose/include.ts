// `include`: another project's parts beside this one's, its paths and variables its own.
// Follows https://docs.docker.com/reference/compose-file/include/

import type { ComposeContext } from './context.ts'
import { readDotenv } from './dotenv.ts'
import { relativeFolder } from './extends.ts'
import { folderOf, resolvePath } from './paths.ts'
import { isPresent, mapAt, memberOf, sameTree, type Tree, type TreeMap, textOf, withMember } from './tree.ts'

/** What an entry of `include` asks for, its paths resolved. */
export interface Included {
  readonly files: readonly string[]
  /** The included project's folder. */
  readonly folder: string
  /** The same, from the including project's folder. */
  readonly base: string
  readonly env: Readonly<Record<string, string>>
  readonly at: Tree
}

/** Reads an included project; given by the loader, which reads it as it reads the first one. */
export type LoadIncluded = (included: Included) => TreeMap | undefined

const kinds = ['services', 'volumes', 'networks', 'secrets', 'configs', 'models'] as const

/** The document with the parts of what it includes. */
export function applyInclude(tree: TreeMap, context: ComposeContext, load: LoadIncluded): TreeMap {
  const include = memberOf(tree, 'include')
  if (include?.kind !== 'list') return tree
  let model = withMember(tree, 'include', undefined)
  for (const entry of include.items) {
    const included = readEntry(entry, context)
    const imported = included && load(included)
    if (imported) model = importParts(model, imported, { context, at: entry })
  }
  return model
}

function readEntry(entry: Tree, context: ComposeContext): Included | undefined {
  const paths = listOf(entry.kind === 'map' ? memberOf(entry, 'path') : entry)
  const files = paths.map((node) => context.locate(textOf(node) ?? '', node))
  const [first] = files
  if (first === undefined || files.includes(undefined)) {
    if (paths.length === 0) context.report.error(entry, 'compose-value', 'An entry of include needs a path: the file to include.')
    return undefined
  }
  const said = textOf(memberOf(entry, 'project_directory'))
  const folder = said === undefined || said === '' ? folderOf(first) : resolvePath(said, { base: context.folder })
  const env = readEnv(entry, folder, context)
  return env && { files: files as readonly string[], folder, base: relativeFolder(context.folder, folder), env, at: entry }
}

/** The variables of the included files: this project's, then those of its own env files. */
function readEnv(entry: Tree, folder: string, context: ComposeContext): Readonly<Record<string, string>> | undefined {
  const named = listOf(memberOf(entry, 'env_file'))
  const { files, env, report } = context
  let values: ReadonlyMap<string, string> = new Map()
  const read = (file: string, text: string) => {
    const lookUp = (name: string) => (Object.hasOwn(env, name) ? env[name] : values.get(name))
    values = readDotenv({ file, text, lookUp, report }, values)
  }
  if (named.length === 0) {
    const file = resolvePath('.env', { base: folder })
    const text = files.read(file)
    if (text !== undefined) read(file, text)
  }
  for (const node of named) {
    const file = context.locate(textOf(node) ?? '', node)
    const text = file === undefined ? undefined : files.read(file)
    if (file === undefined) return undefined
    if (text === undefined) return report.error(node, 'compose-missing-file', `${file} is not there: include names it as its env_file.`)
    read(file, text)
  }
  return { ...Object.fromEntries(values), ...env }
}

function listOf(node: Tree | undefined): readonly Tree[] {
  if (node === undefined || !isPresent(node)) return []
  return node.kind === 'list' ? node.items : [node]
}

function importParts(model: TreeMap, imported: TreeMap, { context, at }: { readonly context: ComposeContext; readonly at: Tree }): TreeMap {
  let result = model
  for (const kind of kinds) {
    const from = memberOf(imported, kind)
    if (from?.kind !== 'map') continue
    const to = memberOf(result, kind)
    const entries = new Map(to?.kind === 'map' ? to.entries : [])
    for (const [name, part] of from.entries) {
      const own = entries.get(name)
      if (own && !sameTree(own, part)) {
        context.report.error(
          own.keyAt ?? own.at,
          'compose-conflict',
          `${kind}.${name} is here and in ${part.at.file}, which is included on line ${at.at.line}: give one of them another name, or override it in another file.`,
        )
      } else entries.set(name, own ?? part)
    }
    result = withMember(result, kind, mapAt(to ?? from, entries))
  }
  return result
}
