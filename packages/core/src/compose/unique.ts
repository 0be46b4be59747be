// Lists whose items have a key: said again, an item replaces the earlier one at its place.

import { patternTable } from './pattern.ts'
import { goText } from './scalar.ts'
import { memberOf, type Tree, type TreePath } from './tree.ts'
import { parseVolume } from './volume-text.ts'

type KeyOf = (item: Tree) => string

const beforeEquals: KeyOf = (item) => textFor(item).split('=')[0] ?? ''

const keys = patternTable<KeyOf>({
  'networks.*.labels': beforeEquals,
  'networks.*.ipam.options': beforeEquals,
  'services.*.annotations': beforeEquals,
  'services.*.build.args': beforeEquals,
  'services.*.build.additional_contexts': beforeEquals,
  'services.*.build.tags': beforeEquals,
  'services.*.build.labels': beforeEquals,
  'services.*.cap_add': beforeEquals,
  'services.*.cap_drop': beforeEquals,
  'services.*.configs': mountKey(''),
  'services.*.deploy.labels': beforeEquals,
  'services.*.devices': (item) => (item.kind === 'map' ? textFor(memberOf(item, 'target')) : (textFor(item).split(':')[1] ?? textFor(item))),
  'services.*.dns': beforeEquals,
  'services.*.dns_opt': beforeEquals,
  'services.*.dns_search': beforeEquals,
  'services.*.environment': beforeEquals,
  'services.*.env_file': (item) => (item.kind === 'map' ? textFor(memberOf(item, 'path')) : textFor(item)),
  'services.*.expose': textFor,
  'services.*.labels': beforeEquals,
  'services.*.links': beforeEquals,
  'services.*.networks.*.aliases': beforeEquals,
  'services.*.networks.*.link_local_ips': beforeEquals,
  'services.*.ports': portKey,
  'services.*.profiles': beforeEquals,
  'services.*.secrets': mountKey('/run/secrets'),
  'services.*.sysctls': beforeEquals,
  'services.*.tmpfs': beforeEquals,
  'services.*.volumes': (item) => (item.kind === 'map' ? textFor(memberOf(item, 'target')) : (parseVolume(textFor(item)).target ?? '')),
})

/** The tree with each item of such lists once: the last one said, where the first one stood. */
export function keepUnique(tree: Tree, path: TreePath = []): Tree {
  if (tree.kind === 'map') {
    return { ...tree, entries: new Map([...tree.entries].map(([key, node]) => [key, keepUnique(node, [...path, key])])) }
  }
  const keyOf = tree.kind === 'list' ? keys.find(path) : undefined
  if (tree.kind !== 'list' || keyOf === undefined) return tree
  return { ...tree, items: [...new Map(tree.items.map((item) => [keyOf(item), item])).values()] }
}

function textFor(node: Tree | undefined): string {
  return node?.kind === 'scalar' ? goText(node.value) : ''
}

function mountKey(folder: string): KeyOf {
  return (item) => {
    if (item.kind !== 'map') return `${folder}/${textFor(item)}`
    const target = memberOf(item, 'target')
    return target ? textFor(target) : `${folder}/${textFor(memberOf(item, 'source'))}`
  }
}

function portKey(item: Tree): string {
  if (item.kind !== 'map') return textFor(item)
  const part = (key: string, otherwise: string) => textFor(memberOf(item, key)) || otherwise
  // As in Docker Compose, a published port that is a number is another one than the same port as text.
  const published = memberOf(item, 'published')
  const kind = published?.kind === 'scalar' && typeof published.value === 'number' ? 'number ' : ''
  return `${part('host_ip', '0.0.0.0')}:${kind}${part('published', '')}:${part('target', '')}/${part('protocol', 'tcp')}`
}
