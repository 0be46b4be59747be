// What an attribute is when the file does not say it, and what can be wrong with one attribute alone.

import { isAddress } from './port-text.ts'
import type { Report } from './report.ts'
import { changeAt, describePath, memberOf, scalarAt, type Tree, type TreeMap, type TreePath, textOf, withMember } from './tree.ts'
import { parseFlag } from './units.ts'

/** The tree with the defaults of builds, secrets, ports and devices. */
export function setDefaults(tree: Tree): Tree {
  const steps: readonly (readonly [string, (node: TreeMap) => TreeMap])[] = [
    ['services.*.build', (node) => withDefault(node, 'context', '.')],
    ['services.*.secrets.*', (node) => withDefault(node, 'target', `/run/secrets/${textOf(memberOf(node, 'source')) ?? ''}`)],
    ['services.*.ports.*', (node) => withDefault(withDefault(node, 'protocol', 'tcp'), 'mode', 'ingress')],
    ['services.*.deploy.resources.reservations.devices.*', countAll],
    ['services.*.gpus.*', countAll],
  ]
  return steps.reduce((current, [pattern, step]) => changeAt(current, pattern, (node) => (node.kind === 'map' ? step(node) : node)), tree)
}

function withDefault(node: TreeMap, key: string, value: string): TreeMap {
  return node.entries.has(key) ? node : withMember(node, key, scalarAt(node, value))
}

function countAll(node: TreeMap): TreeMap {
  return node.entries.has('count') || node.entries.has('device_ids') ? node : withMember(node, 'count', scalarAt(node, 'all'))
}

/** Mistakes that the schema does not find: attributes that exclude each other, addresses that are none. */
export function checkAttributes(tree: Tree, report: Report): void {
  const look = (pattern: string, check: (node: Tree, path: TreePath) => void) =>
    void changeAt(tree, pattern, (node, path) => {
      check(node, path)
      return node
    })
  look('volumes.*', (node, path) => checkExternal(node, path, report))
  look('configs.*', (node, path) => checkSource(node, path, { keys: ['file', 'environment', 'content'], report }))
  look('secrets.*', (node, path) => checkSource(node, path, { keys: ['file', 'environment'], report }))
  look('services.*.ports.*.host_ip', (node, path) => {
    const address = textOf(node) ?? ''
    if (!isAddress(address)) report.error(node, 'compose-value', `${describePath(path)} must be an IP address, not "${address}".`)
  })
  look('services.*.develop.watch.*.path', (node, path) => {
    if (textOf(node) === '') report.error(node, 'compose-value', `${describePath(path)} is empty.`)
  })
  for (const pattern of ['services.*.deploy.resources.reservations.devices.*', 'services.*.gpus.*']) {
    look(pattern, (node, path) => {
      if (memberOf(node, 'count') && memberOf(node, 'device_ids'))
        report.error(node, 'compose-value', `${describePath(path)} has count and device_ids, which exclude each other.`)
    })
  }
}

/** Whether a part is made by others. */
export function isExternal(node: Tree | undefined): boolean {
  const external = memberOf(node, 'external')
  if (external?.kind !== 'scalar') return external !== undefined
  return external.value === true || (typeof external.value === 'string' && parseFlag(external.value)?.value === true)
}

function checkExternal(node: Tree, path: TreePath, report: Report): void {
  if (node.kind !== 'map' || !isExternal(node)) return
  for (const [key, value] of node.entries) {
    if (key !== 'name' && key !== 'external' && !key.startsWith('x-'))
      report.error(value.keyAt ?? value.at, 'compose-value', `${describePath(path)} is external, so ${key} has no meaning: others make it.`)
  }
}

function checkSource(node: Tree, path: TreePath, { keys, report }: { readonly keys: readonly string[]; readonly report: Report }): void {
  if (node.kind !== 'map') return
  const said = keys.filter((key) => node.entries.has(key))
  if (said.length > 1) report.error(node, 'compose-value', `${describePath(path)} has ${said.join(' and ')}, which exclude each other.`)
  if (said.length === 0 && !node.entries.has('driver') && !node.entries.has('external'))
    report.error(node, 'compose-value', `${describePath(path)} needs one of ${keys.join(', ')}: where its content comes from.`)
}
