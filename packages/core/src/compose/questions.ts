// Questions about a project: what it has, what it is named, which variables its files ask for.

import { type Printed, type PrintedMap, printProject } from './print-value.ts'
import type { ComposeProject } from './project.ts'
import { Report } from './report.ts'
import { namesOf } from './select.ts'
import { memberOf, type Tree, textOf } from './tree.ts'

/** The keys of a section, in order. */
export function keysOf({ tree }: ComposeProject, section: 'services' | 'volumes' | 'networks' | 'models'): readonly string[] {
  const node = memberOf(tree, section)
  return node?.kind === 'map' ? [...node.entries.keys()].toSorted() : []
}

/** Every profile that a service has, also of services that are off. */
export function profileNames({ tree, disabled }: ComposeProject): readonly string[] {
  const services = memberOf(tree, 'services')
  const all = [...(services?.kind === 'map' ? services.entries.values() : []), ...disabled.values()]
  return [...new Set(all.flatMap((service) => namesOf(memberOf(service, 'profiles'))))].toSorted()
}

/** The image of each service; one that is built has the project's name before its own. */
export function imageNames({ name, tree }: ComposeProject): readonly string[] {
  const services = memberOf(tree, 'services')
  const all = services?.kind === 'map' ? [...services.entries].toSorted(([a], [b]) => (a < b ? -1 : 1)) : []
  return all.map(([key, service]) => textOf(memberOf(service, 'image')) || `${name}-${key}`)
}

/** What the hash of a service's configuration is made over: all that would change its container. */
export function hashedService({ tree }: ComposeProject, name: string): PrintedMap {
  const printed = printProject(tree, { format: 'json', report: new Report() })
  const services = printed.get('services')
  const service = services instanceof Map ? (services.get(name) as PrintedMap | undefined) : undefined
  const left = ['build', 'pull_policy', 'scale', 'depends_on', 'profiles']
  return new Map([...(service ?? [])].filter(([key]) => !left.includes(key)).map(([key, value]) => [key, key === 'deploy' ? withoutReplicas(value) : value]))
}

function withoutReplicas(deploy: Printed): Printed {
  return deploy instanceof Map ? new Map([...deploy].filter(([key]) => key !== 'replicas')) : deploy
}

export interface ComposeVariable {
  readonly name: string
  readonly required: boolean
  readonly defaultValue: string
  /** What stands for it when it is set: `${V:+this}`. */
  readonly alternate: string
}

/** The variables in the texts of a project that was read without replacing them, in order of name. */
export function variablesOf({ tree }: ComposeProject): readonly ComposeVariable[] {
  const found = new Map<string, ComposeVariable>()
  const visit = (node: Tree): void => {
    if (node.kind === 'scalar') for (const one of variablesIn(textOf(node) ?? '')) found.set(one.name, one)
    else for (const child of node.kind === 'map' ? node.entries.values() : node.items) visit(child)
  }
  visit(tree)
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function variablesIn(text: string): readonly ComposeVariable[] {
  const found: ComposeVariable[] = []
  for (let at = text.indexOf('$'); at >= 0; at = text.indexOf('$', at)) {
    const [whole = '$', plain] = /^\$(?:\$|([A-Za-z_][A-Za-z0-9_]*))/.exec(text.slice(at)) ?? []
    if (plain !== undefined) found.push({ name: plain, required: false, defaultValue: '', alternate: '' })
    const braced = text[at + 1] === '{' ? closing(text, at + 1) : undefined
    if (braced !== undefined) found.push(...bracedVariables(text.slice(at + 2, braced)))
    at = braced === undefined ? at + whole.length : braced + 1
  }
  return found
}

function bracedVariables(inside: string): readonly ComposeVariable[] {
  const [, name = '', operator = '', word = ''] = /^([A-Za-z0-9_]+)(:?[-?+])?(.*)$/s.exec(inside) ?? []
  if (name === '') return []
  const kind = operator.at(-1)
  const one = { name, required: kind === '?', defaultValue: kind === '-' ? word : '', alternate: kind === '+' ? word : '' }
  return [one, ...(kind === '?' ? [] : variablesIn(word))]
}

/** Where the brace that opens at `at` is closed. */
function closing(text: string, at: number): number | undefined {
  let depth = 0
  for (let index = at; index < text.length; index++) {
    if (text[index] === '{') depth += 1
    else if (text[index] === '}' && --depth === 0) return index
  }
  return undefined
}

/** What the hash of a network's or volume's configuration is made over; undefined when there is none of that key. A volume's driver is said. */
export function hashedPart({ tree }: ComposeProject, section: 'networks' | 'volumes', key: string): PrintedMap | undefined {
  const all = printProject(tree, { format: 'json', report: new Report() }).get(section)
  const part = all instanceof Map ? (all.get(key) as PrintedMap | undefined) : undefined
  if (section === 'networks' || part === undefined || part.has('driver')) return part
  return new Map([['name', part.get('name') ?? null], ['driver', 'local'], ...[...part].filter(([name]) => name !== 'name')])
}
