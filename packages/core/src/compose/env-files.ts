// `env_file` and `label_file`: their values become part of `environment` and `labels`, which win over them.

import type { ComposeFiles } from './context.ts'
import { readDotenv } from './dotenv.ts'
import { isInside, resolvePath } from './paths.ts'
import type { Report } from './report.ts'
import { goText } from './scalar.ts'
import { changeAt, isPresent, mapAt, memberOf, scalarAt, type Tree, type TreeMap, textOf, withMember } from './tree.ts'
import { parseFlag } from './units.ts'

export interface EnvFileInput {
  readonly access: ComposeFiles
  /** Where relative paths begin. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly report: Report
  /** Keep `env_file` and `label_file` beside what they gave. */
  readonly keep?: boolean
}

/** The tree with the files of every service's `env_file` read. */
export function resolveEnvFiles(tree: TreeMap, input: EnvFileInput): TreeMap {
  return changeAt(tree, 'services.*', (node) => (node.kind === 'map' ? resolveService(node, input) : node)) as TreeMap
}

function resolveService(service: TreeMap, input: EnvFileInput): TreeMap {
  const files = memberOf(service, 'env_file')
  const said = memberOf(service, 'environment')
  if (!files && !said) return service
  const own = new Map(
    pairsOf(said).map(([name, node]) => [name, isPresent(node) || !Object.hasOwn(input.env, name) ? node : scalarAt(node, input.env[name] ?? '')]),
  )
  const text = (name: string) => {
    const node = own.get(name)
    return node && isPresent(node) && node.kind === 'scalar' ? goText(node.value) : undefined
  }
  let values: ReadonlyMap<string, string> = new Map([...own.keys()].flatMap((name) => (text(name) === undefined ? [] : [[name, text(name) as string]])))
  const lookUp = (name: string) => (Object.hasOwn(input.env, name) ? input.env[name] : text(name))
  for (const item of files?.kind === 'list' ? files.items : []) {
    const file = readNamed(item, 'env_file', input)
    const raw = textOf(memberOf(item, 'format')) === 'raw'
    if (file) values = readDotenv({ ...file, ...(raw ? { format: 'raw' } : {}), lookUp, report: input.report }, values)
  }
  const place = said ?? files ?? service
  const environment = mapAt(place, new Map([...[...values].map(([name, value]) => [name, scalarAt(place, value)] as const), ...own]))
  const whole = withMember(service, 'environment', environment)
  return input.keep ? whole : withMember(whole, 'env_file', undefined)
}

/** The tree with the files of every service's `label_file` read. */
export function resolveLabelFiles(tree: TreeMap, input: EnvFileInput): TreeMap {
  return changeAt(tree, 'services.*', (service) => {
    const files = memberOf(service, 'label_file')
    if (service.kind !== 'map' || files?.kind !== 'list') return service
    let values: ReadonlyMap<string, string> = new Map()
    for (const item of files.items) {
      const file = readNamed(item, 'label_file', input)
      const known = values
      if (file) values = readDotenv({ ...file, lookUp: (name) => known.get(name), report: input.report }, values)
    }
    const said = memberOf(service, 'labels')
    const labels = mapAt(said ?? files, new Map([...[...values].map(([name, value]) => [name, scalarAt(files, value)] as const), ...pairsOf(said)]))
    const whole = withMember(service, 'labels', labels)
    return input.keep ? whole : withMember(whole, 'label_file', undefined)
  }) as TreeMap
}

function readNamed(item: Tree, key: string, { access, folder, report }: EnvFileInput): { readonly file: string; readonly text: string } | undefined {
  const node = memberOf(item, 'path') ?? item
  const path = textOf(node) ?? ''
  const file = resolvePath(path, { base: folder })
  if (access.fence !== undefined && !isInside(file, access.fence)) {
    return report.error(node, 'compose-outside', `${path} is outside the repository: only its own files can be read.`)
  }
  const format = memberOf(item, 'format')
  if (format && textOf(format) !== 'raw' && textOf(format) !== '.env')
    return report.error(format, 'compose-value', `${key} has no format "${textOf(format) ?? ''}"; it knows raw.`)
  const text = access.read(file)
  if (text !== undefined) return { file, text }
  const required = memberOf(item, 'required')
  const optional = required?.kind === 'scalar' && (required.value === false || parseFlag(String(required.value))?.value === false)
  return optional ? undefined : report.error(node, 'compose-missing-file', `${file} is not there: ${key} names it. With required: false it may be absent.`)
}

/** `NAME: value`, `NAME=value` and `NAME` alone, whose node is null. */
function pairsOf(node: Tree | undefined): readonly (readonly [string, Tree])[] {
  if (node?.kind === 'map') return [...node.entries]
  if (node?.kind !== 'list') return []
  return node.items.map((item) => {
    const text = item.kind === 'scalar' ? goText(item.value) : ''
    const at = text.indexOf('=')
    return at < 0 ? [text, scalarAt(item, null)] : [text.slice(0, at), scalarAt(item, text.slice(at + 1))]
  })
}
