// Which services of a project are meant: by profile and by name; and which networks, volumes and files they need.

import type { Report } from './report.ts'
import { mapAt, memberOf, type Tree, type TreeMap, textOf, withMember } from './tree.ts'

export interface Selected {
  /** The project with the services that are on. */
  readonly tree: TreeMap
  /** Services whose profiles are all off. */
  readonly disabled: ReadonlyMap<string, Tree>
}

/** The project with the services of these profiles; a service without profiles is always on, `*` is every profile. */
export function selectProfiles(tree: TreeMap, profiles: readonly string[]): Selected {
  const services = memberOf(tree, 'services')
  const all = services?.kind === 'map' ? [...services.entries] : []
  const isOn = ([, service]: (typeof all)[number]) => {
    const own = namesOf(memberOf(service, 'profiles'))
    return own.length === 0 || profiles.includes('*') || own.some((profile) => profiles.includes(profile))
  }
  return { tree: withServices(tree, all.filter(isOn)), disabled: new Map(all.filter((entry) => !isOn(entry))) }
}

function withServices(tree: TreeMap, services: readonly (readonly [string, Tree])[]): TreeMap {
  return withMember(tree, 'services', mapAt(memberOf(tree, 'services') ?? tree, services))
}

/** The texts of a list. */
export function namesOf(node: Tree | undefined): readonly string[] {
  return node?.kind === 'list' ? node.items.flatMap((item) => textOf(item) ?? []) : []
}

/** The profiles that naming these services turns on. */
export function profilesOf(disabled: ReadonlyMap<string, Tree>, names: readonly string[]): readonly string[] {
  return names.flatMap((name) => namesOf(memberOf(disabled.get(name), 'profiles')))
}

/** The project with these services and what they depend on; names may have `*` and `?`. Without names: all of them. */
export function selectServices(tree: TreeMap, names: readonly string[], report: Report): TreeMap {
  if (names.length === 0) return tree
  const services = memberOf(tree, 'services')
  const all: ReadonlyMap<string, Tree> = services?.kind === 'map' ? services.entries : new Map()
  const wanted = new Set<string>()
  const visit = (name: string): void => {
    if (wanted.has(name) || !all.has(name)) return
    wanted.add(name)
    const dependencies = memberOf(all.get(name), 'depends_on')
    if (dependencies?.kind === 'map') for (const other of dependencies.entries.keys()) visit(other)
  }
  for (const name of names) {
    const matching = [...all.keys()].filter((one) => matches(one, name))
    if (matching.length === 0) report.error(tree, 'compose-unknown-service', `There is no service "${name}" here.`)
    for (const one of matching) visit(one)
  }
  return withServices(
    tree,
    [...all].filter(([name]) => wanted.has(name)).map(([name, service]) => [name, withoutOthers(service, wanted)]),
  )
}

function withoutOthers(service: Tree, wanted: ReadonlySet<string>): Tree {
  const dependencies = memberOf(service, 'depends_on')
  if (service.kind !== 'map' || dependencies?.kind !== 'map') return service
  return withMember(
    service,
    'depends_on',
    mapAt(
      dependencies,
      [...dependencies.entries].filter(([name]) => wanted.has(name)),
    ),
  )
}

function matches(name: string, pattern: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${expression}$`).test(name)
}

/** The project without the networks, volumes, configs, secrets and models that no service uses. */
export function dropUnused(tree: TreeMap): TreeMap {
  const services = memberOf(tree, 'services')
  const all = services?.kind === 'map' ? [...services.entries.values()] : []
  const keysOf = (node: Tree | undefined) => (node?.kind === 'map' ? [...node.entries.keys()] : [])
  const sources = (node: Tree | undefined) => (node?.kind === 'list' ? node.items.flatMap((item) => textOf(memberOf(item, 'source')) ?? []) : [])
  const used: Readonly<Record<string, readonly string[]>> = {
    networks: all.flatMap((service) => keysOf(memberOf(service, 'networks'))),
    volumes: all.flatMap((service) => volumesOf(memberOf(service, 'volumes'))),
    secrets: all.flatMap((service) => [...sources(memberOf(service, 'secrets')), ...sources(memberOf(memberOf(service, 'build'), 'secrets'))]),
    configs: all.flatMap((service) => sources(memberOf(service, 'configs'))),
    models: all.flatMap((service) => keysOf(memberOf(service, 'models'))),
  }
  return Object.entries(used).reduce((current, [kind, names]) => {
    const parts = memberOf(current, kind)
    if (parts?.kind !== 'map') return current
    return withMember(
      current,
      kind,
      mapAt(
        parts,
        [...parts.entries].filter(([name]) => names.includes(name)),
      ),
    )
  }, tree)
}

function volumesOf(node: Tree | undefined): readonly string[] {
  if (node?.kind !== 'list') return []
  return node.items.flatMap((item) => (textOf(memberOf(item, 'type')) === 'volume' ? (textOf(memberOf(item, 'source')) ?? []) : []))
}
