// What a project means beyond what it says: the default network, names from keys, dependencies that links and shared namespaces make.

import { cleanPath } from './canonical.ts'
import { isExternal } from './defaults.ts'
import { changeAt, isPresent, listAt, mapAt, memberOf, scalarAt, type Tree, type TreeMap, textOf, withMember } from './tree.ts'

export interface Naming {
  readonly project: string
  /** For `environment` and `args` without a value. */
  readonly env: Readonly<Record<string, string>>
}

/** The tree of the whole project, named and with what is implied made explicit. */
export function normaliseProject(tree: TreeMap, { project, env }: Naming): TreeMap {
  const networked = addNetworks(tree)
  const whole = changeAt(networked, 'services.*', (node) => (node.kind === 'map' ? normaliseService(node, env) : node)) as TreeMap
  const named = ['networks', 'volumes', 'configs', 'secrets'].reduce<Tree>(
    (current, kind) => changeAt(current, `${kind}.*`, (node, path) => nameOf(node, path[1] ?? '', project)),
    whole,
  )
  return withMember(named as TreeMap, 'name', scalarAt(tree, project))
}

/** Services that name no network are in `default`, which is there when one uses it. */
function addNetworks(tree: TreeMap): TreeMap {
  const services = changeAt(tree, 'services.*', (node) => {
    if (node.kind !== 'map' || node.entries.has('provider') || node.entries.has('network_mode')) return node
    const networks = node.entries.get('networks')
    if (networks?.kind === 'map' && networks.entries.size > 0) return node
    return withMember(node, 'networks', mapAt(node, [['default', scalarAt(node, null)]]))
  }) as TreeMap
  const all = memberOf(services, 'services')
  const uses =
    all?.kind === 'map' && [...all.entries.values()].some((service) => memberOf(memberOf(service, 'networks'), 'default') && !memberOf(service, 'network_mode'))
  const networks = memberOf(services, 'networks')
  if (!uses || memberOf(networks, 'default')) return services
  const place = networks ?? tree
  return withMember(services, 'networks', mapAt(place, [...(networks?.kind === 'map' ? networks.entries : []), ['default', scalarAt(place, null)]]))
}

function normaliseService(service: TreeMap, env: Naming['env']): TreeMap {
  let node = service
  const change = (key: string, step: (member: Tree) => Tree | undefined) => {
    const member = node.entries.get(key)
    if (member) node = withMember(node, key, step(member))
  }
  change('pull_policy', (policy) => (textOf(policy) === 'if_not_present' ? scalarAt(policy, 'missing') : policy))
  change('build', (build) => (build.kind === 'map' ? normaliseBuild(build, env) : build))
  change('environment', (environment) => fillPairs(environment, env, true))
  change('volumes', (volumes) => changeAt(volumes, '*.target', (target) => scalarAt(target, cleanPath(textOf(target) ?? ''))))
  const implied = impliedDependencies(node)
  if (implied.length === 0) return node
  const said = node.entries.get('depends_on')
  const known = said?.kind === 'map' ? said.entries : new Map<string, Tree>()
  return withMember(node, 'depends_on', mapAt(said ?? node, [...known, ...implied.filter(([name]) => !known.has(name))]))
}

function normaliseBuild(build: TreeMap, env: Naming['env']): TreeMap {
  const context = isPresent(build.entries.get('context')) ? build : withMember(build, 'context', scalarAt(build, '.'))
  const named = isPresent(build.entries.get('dockerfile')) || isPresent(build.entries.get('dockerfile_inline'))
  const whole = named ? context : withMember(context, 'dockerfile', scalarAt(build, 'Dockerfile'))
  const args = whole.entries.get('args')
  return args ? withMember(whole, 'args', fillPairs(args, env, false)) : whole
}

/** Names without a value take it from the environment; `keep`: they stay when it is not there. */
function fillPairs(pairs: Tree, env: Naming['env'], keep: boolean): Tree {
  if (pairs.kind === 'list') {
    return listAt(
      pairs,
      pairs.items.flatMap((item): Tree[] => {
        const text = textOf(item)
        if (text === undefined || text.includes('=')) return [item]
        if (Object.hasOwn(env, text)) return [scalarAt(item, `${text}=${env[text]}`)]
        return keep ? [item] : []
      }),
    )
  }
  if (pairs.kind !== 'map') return pairs
  return mapAt(
    pairs,
    [...pairs.entries].map(([name, value]) => {
      if (isPresent(value)) return [name, value]
      return [name, Object.hasOwn(env, name) ? scalarAt(value, env[name] ?? '') : keep ? value : undefined]
    }),
  )
}

/** Links, shared namespaces and volumes of another service: it must be there first. */
function impliedDependencies(service: TreeMap): readonly (readonly [string, Tree])[] {
  const items = (key: string) => {
    const list = service.entries.get(key)
    return list?.kind === 'list' ? list.items : []
  }
  const links = items('links').map((item) => {
    const parts = (textOf(item) ?? '').split(':')
    return { name: parts.length === 2 ? (parts[0] ?? '') : parts.join(':'), at: item, restart: true }
  })
  const shared = ['network_mode', 'ipc', 'pid', 'uts', 'cgroup'].flatMap((key) => {
    const node = service.entries.get(key)
    const text = textOf(node) ?? ''
    return node && text.startsWith('service:') ? [{ name: text.slice('service:'.length), at: node, restart: true }] : []
  })
  const volumes = items('volumes_from').flatMap((item) => {
    const text = textOf(item) ?? ''
    return text.startsWith('container:') ? [] : [{ name: text.split(':')[0] ?? '', at: item, restart: false }]
  })
  const first = new Map([...links, ...shared, ...volumes].toReversed().map((one) => [one.name, one]))
  return [...first.values()].map(({ name, at, restart }) => [
    name,
    mapAt(at, [
      ['condition', scalarAt(at, 'service_started')],
      ['restart', scalarAt(at, restart)],
      ['required', scalarAt(at, true)],
    ]),
  ])
}

/** A part without a name has its key for one: with the project before it, or alone when others make it. */
function nameOf(node: Tree, key: string, project: string): Tree {
  const map = node.kind === 'map' ? node : mapAt(node, [])
  if (isPresent(map.entries.get('name'))) return map
  return withMember(map, 'name', scalarAt(map, isExternal(map) ? key : `${project}_${key}`))
}

/** A project's name from text: lower case letters, digits, `-` and `_`, beginning with a letter or digit. */
export function projectName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '')
}
