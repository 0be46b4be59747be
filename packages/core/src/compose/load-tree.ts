// Compose files → one tree: read, interpolate, extend, include, merge, check, make canonical. Follows the order of Docker Compose.

import { type CanonicalOptions, makeCanonical } from './canonical.ts'
import { checkSchema } from './check-schema.ts'
import type { ComposeContext, ComposeFiles } from './context.ts'
import { checkAttributes, setDefaults } from './defaults.ts'
import { applyExtends, type ExtendingFile } from './extends.ts'
import { applyInclude, type Included } from './include.ts'
import { interpolateTree } from './interpolate-tree.ts'
import { clearPaths, mergeTrees } from './merge.ts'
import { folderOf, isInside, resolvePath, resolvePaths } from './paths.ts'
import { keyPlace, type Report } from './report.ts'
import { changeAt, listAt, scalarAt, type Tree, type TreeMap, textOf, withMember } from './tree.ts'
import { keepUnique } from './unique.ts'
import { type ReadDocuments, readDocuments } from './yaml-tree.ts'

/** A file with its text, its path as `ComposeFiles` has paths. */
export interface ComposeFile {
  readonly file: string
  readonly text: string
}

export interface TreeInput {
  readonly files: readonly ComposeFile[]
  readonly access: ComposeFiles
  /** The project's folder. */
  readonly folder: string
  readonly home?: string
  readonly env: Readonly<Record<string, string>>
  /** Replace variables; else texts stay as they are, and what can't be read for it too. */
  readonly interpolate: boolean
  readonly resolvePaths: boolean
  readonly report: Report
}

/** The canonical tree of all files; undefined when there is nothing in them. What is wrong is in the report. */
export function loadTree(input: TreeInput): TreeMap | undefined {
  const parsed = new Map<string, ReadDocuments>()
  const base = input.resolvePaths ? input.folder : undefined
  const loading: Loading = { ...input, base, included: [], parsed }
  const tree = loadProject(input.files, loading)
  if (tree === undefined || (tree.entries.size === 0 && !input.report.failed)) {
    const file = input.files[0]?.file ?? 'compose.yaml'
    return input.report.failed ? undefined : input.report.error({ file, line: 1, column: 1 }, 'compose-empty', 'The file is empty: it needs services.')
  }
  return tree
}

interface Loading extends Omit<TreeInput, 'files' | 'resolvePaths'> {
  /** What relative paths are resolved from; they stay when it is absent. */
  readonly base: string | undefined
  /** Files that include each other down to here. */
  readonly included: readonly string[]
  readonly parsed: Map<string, ReadDocuments>
}

function loadProject(files: readonly ComposeFile[], loading: Loading): TreeMap | undefined {
  let tree: TreeMap | undefined
  for (const file of files) tree = addFile(tree, file, loading)
  if (!tree) return undefined
  const whole = setDefaults(tree)
  checkAttributes(whole, loading.report)
  const { base, home } = loading
  const placed = base === undefined ? whole : resolvePaths(whole, { base, ...(home === undefined ? {} : { home }) })
  return fillEnvironment(placed, loading.env) as TreeMap
}

function addFile(before: TreeMap | undefined, file: ComposeFile, loading: Loading): TreeMap | undefined {
  let tree = before
  for (const { tree: root, cleared } of parse(file, loading).documents) {
    if (root.kind !== 'map') {
      checkSchema(root, loading.report)
      continue
    }
    tree = addDocument(tree, { file: file.file, tree: root, cleared }, loading)
  }
  return tree
}

function parse({ file, text }: ComposeFile, { parsed, report }: Loading): ReadDocuments {
  const read = parsed.get(file) ?? readDocuments(file, text)
  parsed.set(file, read)
  report.add(read.diagnostics)
  return read
}

function addDocument(before: TreeMap | undefined, document: ExtendingFile, loading: Loading): TreeMap {
  const context = contextOf(loading)
  const { report } = loading
  const filled = loading.interpolate ? (interpolateTree(document.tree, context.lookUp, report) as TreeMap) : document.tree
  const extended = applyExtends({ ...document, tree: filled }, context)
  const cleared = before && clearPaths(before, document.cleared)
  const whole = applyInclude(extended, context, (included) => loadIncluded(included, { ...loading, included: [...loading.included, document.file] }))
  const merged = keepUnique(cleared ? mergeTrees(cleared, whole, { path: [], report }) : whole)
  checkSchema(merged, report)
  const options: CanonicalOptions = { lenient: !loading.interpolate, report }
  return keepUnique(makeCanonical(withoutVersion(merged as TreeMap, report), options)) as TreeMap
}

function withoutVersion(tree: TreeMap, report: Report): TreeMap {
  const version = tree.entries.get('version')
  if (version) report.warn(keyPlace(version), 'compose-obsolete', 'version is obsolete and ignored: remove it.')
  return withMember(tree, 'version', undefined)
}

function loadIncluded(included: Included, loading: Loading): TreeMap | undefined {
  const { report, access } = loading
  const [first] = included.files
  const start = loading.included.indexOf(first ?? '')
  if (start >= 0) {
    const circle = [...loading.included.slice(start), first].join(' → ')
    return report.error(included.at, 'compose-circle', `Files include each other in a circle: ${circle}.`)
  }
  const files = included.files.map((file) => ({ file, text: access.read(file) }))
  const missing = files.filter(({ text }) => text === undefined)
  for (const { file } of missing) report.error(included.at, 'compose-missing-file', `${file} is not there: include names it.`)
  if (missing.length > 0) return undefined
  const nested = { ...loading, folder: included.folder, base: included.base, env: included.env }
  return loadProject(files as readonly ComposeFile[], nested)
}

function contextOf(loading: Loading): ComposeContext {
  const { access, report, folder, home, env, interpolate } = loading
  const lookUp = (name: string) => (Object.hasOwn(env, name) ? env[name] : undefined)
  return {
    files: access,
    report,
    folder,
    ...(home === undefined ? {} : { home }),
    env,
    lookUp,
    interpolate,
    locate: (path, at) => locate(path, at, loading),
    readPlain: (path, at) => readPlain(path, at, loading),
  }
}

function locate(path: string, at: Tree, { folder, home, access, report }: Loading): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:\/\/|^git@|^github\.com\//.test(path)) {
    return report.error(at, 'compose-remote', `${path} is on another machine: Pushway reads compose files of this project only; copy it into the repository.`)
  }
  const located = resolvePath(path, { base: folder, ...(home === undefined ? {} : { home }) })
  if (access.fence !== undefined && !isInside(located, access.fence)) {
    return report.error(at, 'compose-outside', `${path} is outside the repository: only its own files can be read.`)
  }
  return located
}

/** The file that `extends` names: its own `extends` and `include` are not followed yet, and nothing is checked. */
function readPlain(file: string, at: Tree, loading: Loading): ExtendingFile | undefined {
  const { access, report } = loading
  const text = access.read(file)
  if (text === undefined) return report.error(at, 'compose-missing-file', `${file} is not there: extends names it.`)
  let tree: TreeMap | undefined
  const cleared: ExtendingFile['cleared'][number][] = []
  for (const document of parse({ file, text }, loading).documents) {
    if (document.tree.kind !== 'map') continue
    const filled = loading.interpolate ? (interpolateTree(document.tree, contextOf(loading).lookUp, report) as TreeMap) : document.tree
    const kept = tree && clearPaths(tree, document.cleared)
    tree = (kept ? mergeTrees(kept, filled, { path: [], report }) : filled) as TreeMap
    cleared.push(...document.cleared)
  }
  if (!tree) return report.error(at, 'compose-empty', `${file} is empty: there is no service to extend.`)
  return { file, cleared, tree: makeCanonical(keepUnique(tree), { lenient: !loading.interpolate, report }) as TreeMap }
}

/** Entries of `environment` lists without a value, from the variables of their own project. */
function fillEnvironment(tree: Tree, env: Loading['env']): Tree {
  return changeAt(tree, 'services.*.environment', (node) => {
    if (node.kind !== 'list') return node
    return listAt(
      node,
      node.items.map((item) => {
        const name = textOf(item)
        return name !== undefined && Object.hasOwn(env, name) ? scalarAt(item, `${name}=${env[name]}`) : item
      }),
    )
  })
}

/** The folder that a project's relative paths begin in: the first file's. */
export function projectFolder(files: readonly ComposeFile[]): string {
  const [first] = files
  return first === undefined ? '.' : folderOf(first.file)
}
