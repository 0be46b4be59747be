// Short forms become long ones: after this every attribute has one form. Follows the specification's short and long syntaxes.

import { parsePort } from './port-text.ts'
import type { Report } from './report.ts'
import { goText } from './scalar.ts'
import { changeAt, describePath, isPresent, listAt, mapAt, memberOf, scalarAt, type Tree, type TreeMap, type TreePath, textOf, withMember } from './tree.ts'
import { parseVolume } from './volume-text.ts'

/** `lenient`: variables are still in the texts, so what can't be read stays as it is. */
export interface CanonicalOptions {
  readonly lenient: boolean
  readonly report: Report
}

type Step = (node: Tree, path: TreePath, options: CanonicalOptions) => Tree

/** Pattern → what makes its long form. */
const steps: readonly (readonly [pattern: string, step: Step])[] = [
  ['services.*.build', (node) => (node.kind === 'scalar' ? mapAt(node, [['context', node]]) : node)],
  ['services.*.build.secrets.*', sourceOf],
  ['services.*.build.provenance', asText],
  ['services.*.build.sbom', asText],
  ['services.*.build.additional_contexts', keyValues],
  ['services.*.build.ssh', sshKeys],
  ['services.*.depends_on', dependencies],
  ['services.*.env_file', envFiles],
  ['services.*.label_file', asList],
  ['services.*.extends', (node) => (node.kind === 'scalar' ? mapAt(node, [['service', node]]) : node)],
  ['services.*.gpus', (node) => (node.kind === 'scalar' ? listAt(node, [mapAt(node, [['count', scalarAt(node, 'all')]])]) : node)],
  ['services.*.networks', namesToMap],
  ['services.*.models', namesToMap],
  ['services.*.volumes.*', volumeMount],
  ['services.*.dns', dnsList],
  ['services.*.devices.*', deviceMapping],
  ['services.*.secrets.*', sourceOf],
  ['services.*.configs.*', sourceOf],
  ['services.*.ports', ports],
  ['services.*.develop.watch.*.ignore', asList],
  ['services.*.develop.watch.*.include', asList],
  ['volumes.*', maybeExternal],
  ['networks.*', maybeExternal],
  ['secrets.*', maybeExternal],
  ['configs.*', maybeExternal],
]

/** The tree with every short form made long. */
export function makeCanonical(tree: Tree, options: CanonicalOptions): Tree {
  return steps.reduce((current, [pattern, step]) => changeAt(current, pattern, (node, path) => step(node, path, options)), tree)
}

function sourceOf(node: Tree): Tree {
  return node.kind === 'scalar' ? mapAt(node, [['source', node]]) : node
}

function asText(node: Tree): Tree {
  return node.kind === 'scalar' && typeof node.value === 'boolean' ? scalarAt(node, String(node.value)) : node
}

function asList(node: Tree): Tree {
  return node.kind === 'scalar' ? listAt(node, [node]) : node
}

/** Empty addresses are left out: `dns: ${DNS:-}`. */
function dnsList(node: Tree): Tree {
  const list = asList(node)
  return list.kind === 'list'
    ? listAt(
        list,
        list.items.filter((item) => textOf(item) !== '' && isPresent(item)),
      )
    : list
}

function namesToMap(node: Tree): Tree {
  return node.kind === 'list'
    ? mapAt(
        node,
        node.items.map((item) => [textOf(item) ?? '', scalarAt(item, null)]),
      )
    : node
}

function keyValues(node: Tree, path: TreePath, { lenient, report }: CanonicalOptions): Tree {
  if (node.kind !== 'list') return node
  const bad = node.items.find((item) => !(textOf(item) ?? '').includes('='))
  if (bad && !lenient) report.error(bad, 'compose-value', `${describePath(path)} takes NAME=VALUE, not "${textOf(bad) ?? ''}".`)
  if (bad) return node
  return mapAt(
    node,
    node.items.map((item) => splitPair(item)),
  )
}

function splitPair(item: Tree): readonly [string, Tree] {
  const [name = '', ...value] = (textOf(item) ?? '').split('=')
  return [name, scalarAt(item, value.join('='))]
}

function sshKeys(node: Tree, path: TreePath, { report }: CanonicalOptions): Tree {
  if (node.kind !== 'list') return node
  return mapAt(
    node,
    node.items.map((item): readonly [string, Tree] => {
      const text = textOf(item) ?? ''
      if (text.includes('=')) return splitPair(item)
      if (text !== 'default') report.error(item, 'compose-value', `${describePath(path)} takes "default" or ID=PATH, not "${text}".`)
      return [text, scalarAt(item, null)]
    }),
  )
}

function dependencies(node: Tree): Tree {
  const whole = (place: Tree, entries: readonly (readonly [string, Tree])[]): Tree => {
    const said = new Map(entries)
    return mapAt(place, [
      ...said,
      ['condition', said.get('condition') ?? scalarAt(place, 'service_started')],
      ['required', said.get('required') ?? scalarAt(place, true)],
    ])
  }
  if (node.kind === 'list')
    return mapAt(
      node,
      node.items.map((item) => [textOf(item) ?? '', whole(item, [])]),
    )
  if (node.kind !== 'map') return node
  return mapAt(
    node,
    [...node.entries].map(([name, value]) => [name, value.kind === 'map' ? whole(value, [...value.entries]) : value]),
  )
}

function envFiles(node: Tree): Tree {
  const list = asList(node)
  if (list.kind !== 'list') return list
  return listAt(
    list,
    list.items.map((item) => {
      if (item.kind === 'scalar')
        return mapAt(item, [
          ['path', item],
          ['required', scalarAt(item, true)],
        ])
      return item.kind === 'map' && !item.entries.has('required') ? withMember(item, 'required', scalarAt(item, true)) : item
    }),
  )
}

function volumeMount(node: Tree, path: TreePath, { lenient, report }: CanonicalOptions): Tree {
  const text = textOf(node)
  if (text === undefined) return node
  const volume = parseVolume(text)
  if (volume.problem !== undefined) {
    if (!lenient) report.error(node, 'compose-value', `${describePath(path)} must be a volume such as data:/var/lib/data:ro, not "${text}": ${volume.problem}.`)
    return node
  }
  for (const option of volume.unknown) {
    report.warn(
      node,
      'compose-ignored',
      `${describePath(path)} has the option "${option}", which compose ignores; it knows ro, rw, nocopy, z, Z and the modes of propagation.`,
    )
  }
  const flag = (value: boolean) => (value ? scalarAt(node, true) : undefined)
  const say = (value: string | undefined) => (value === undefined ? undefined : scalarAt(node, value))
  const bind = mapAt(node, [
    ['selinux', say(volume.selinux)],
    ['propagation', say(volume.propagation)],
    ['create_host_path', flag(volume.type === 'bind')],
  ])
  return mapAt(node, [
    ['type', scalarAt(node, volume.type)],
    ['source', say(volume.source)],
    ['target', say(cleanPath(volume.target ?? ''))],
    ['read_only', flag(volume.readOnly)],
    ['bind', volume.type === 'bind' || volume.selinux !== undefined || volume.propagation !== undefined ? bind : undefined],
    ['volume', volume.type === 'volume' || volume.noCopy ? mapAt(node, [['nocopy', flag(volume.noCopy)]]) : undefined],
  ])
}

/** `/a//b/../c/` → `/a/c`, as a path inside a container. */
export function cleanPath(path: string): string {
  if (path === '') return ''
  const parts: string[] = []
  const absolute = path.startsWith('/')
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (!absolute) parts.push(part)
  }
  return (absolute ? '/' : '') + parts.join('/') || (absolute ? '/' : '.')
}

function deviceMapping(node: Tree, path: TreePath, { lenient, report }: CanonicalOptions): Tree {
  const text = textOf(node)
  if (text === undefined) return node
  const [source = '', target, permissions, ...more] = text.split(':')
  if (more.length > 0 && !lenient) report.error(node, 'compose-value', `${describePath(path)} must be SOURCE:TARGET:PERMISSIONS, not "${text}".`)
  if (more.length > 0) return node
  return mapAt(node, [
    ['source', scalarAt(node, source)],
    ['target', scalarAt(node, target || source)],
    ['permissions', scalarAt(node, permissions ?? 'rwm')],
  ])
}

function ports(node: Tree, path: TreePath, { lenient, report }: CanonicalOptions): Tree {
  if (node.kind !== 'list') return node
  let unread = false
  const items = node.items.flatMap((item, index): readonly Tree[] => {
    if (item.kind !== 'scalar') return [item]
    const parsed = parsePort(goText(item.value))
    if (!('problem' in parsed)) return parsed.map((port) => portMap(item, port))
    unread = true
    if (!lenient) {
      report.error(
        item,
        'compose-value',
        `${describePath([...path, String(index)])} must be a port such as "8080:3000", not "${goText(item.value)}": ${parsed.problem}.`,
      )
    }
    return [item]
  })
  // One port that can't be read yet keeps the whole list as it is written.
  return lenient && unread ? node : listAt(node, items)
}

function portMap(item: Tree, port: { hostIp: string; target: number; published: string; protocol: string }): TreeMap {
  return mapAt(item, [
    ['mode', scalarAt(item, 'ingress')],
    ['host_ip', port.hostIp === '' ? undefined : scalarAt(item, port.hostIp)],
    ['target', scalarAt(item, port.target)],
    ['published', port.published === '' ? undefined : scalarAt(item, port.published)],
    ['protocol', scalarAt(item, port.protocol)],
  ])
}

/** `external: {name: x}` is the old form of `name: x` and `external: true`. */
function maybeExternal(node: Tree, path: TreePath, { report }: CanonicalOptions): Tree {
  const external = memberOf(node, 'external')
  if (node.kind !== 'map' || external?.kind !== 'map') return node
  const told = withMember(node, 'external', scalarAt(external, true))
  const outer = memberOf(external, 'name')
  if (outer === undefined) return told
  const inner = memberOf(node, 'name')
  report.warn(outer, 'compose-obsolete', `${describePath(path)}.external.name is obsolete: write name: ${textOf(outer) ?? ''} and external: true.`)
  if (inner && textOf(inner) !== textOf(outer)) report.error(outer, 'compose-value', `${describePath(path)} has two names, name and external.name: keep name.`)
  return inner ? told : withMember(told, 'name', outer)
}
