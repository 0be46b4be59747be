// What must fit together in a project: names that services use, attributes that exclude each other, one target mounted once.
// Follows the consistency checks of Docker Compose.

import { nearest } from '../text/nearest.ts'
import { isExternal } from './defaults.ts'
import { keyPlace, type Report } from './report.ts'
import { namesOf } from './select.ts'
import { describePath, isPresent, memberOf, nodeAt, type Tree, type TreeMap, type TreePath, textOf } from './tree.ts'
import { parseBytes, parseDecimal } from './units.ts'
import { splitCommand } from './words.ts'

interface Checked {
  readonly tree: TreeMap
  /** Services that are off: they count as there where it is only asked whether a name exists. */
  readonly disabled: ReadonlyMap<string, Tree>
  readonly report: Report
}

type ServiceCheck = (name: string, service: TreeMap, checked: Checked) => void

const checks: readonly ServiceCheck[] = [
  checkImage,
  checkBuild,
  checkNetworks,
  checkHealthcheck,
  checkDependencies,
  checkSources,
  checkScale,
  checkLimits,
  checkMounts,
  checkWatch,
]

/** Every inconsistency at its place. */
export function checkConsistency(checked: Checked): void {
  for (const [name, service] of servicesOf(checked.tree)) for (const check of checks) check(name, service, checked)
  checkCircles(checked)
}

function servicesOf(tree: TreeMap): readonly (readonly [string, TreeMap])[] {
  const services = memberOf(tree, 'services')
  return services?.kind === 'map' ? [...services.entries].flatMap(([name, node]) => (node.kind === 'map' ? [[name, node] as const] : [])) : []
}

function checkImage(name: string, service: TreeMap, { report }: Checked): void {
  const image = memberOf(service, 'image')
  if (!memberOf(service, 'build') && (image === undefined || textOf(image) === '') && !memberOf(service, 'provider'))
    report.error(keyPlace(service), 'compose-no-image', `services.${name} has neither image nor build: nothing says what it runs.`)
}

function checkBuild(name: string, service: TreeMap, { tree, report }: Checked): void {
  const build = memberOf(service, 'build')
  const inline = memberOf(build, 'dockerfile_inline')
  if (inline && textOf(inline) !== '' && (textOf(memberOf(build, 'dockerfile')) ?? '') !== '')
    report.error(keyPlace(inline), 'compose-value', `services.${name}.build has dockerfile and dockerfile_inline, which exclude each other.`)
  const contexts = memberOf(build, 'additional_contexts')
  for (const [key, node] of contexts?.kind === 'map' ? contexts.entries : []) {
    const text = textOf(node) ?? ''
    if (!text.startsWith('service:')) continue
    const target = nodeAt(tree, ['services', text.slice('service:'.length)])
    if (!memberOf(target, 'build'))
      report.error(
        node,
        'compose-unknown-service',
        `services.${name}.build.additional_contexts.${key} names ${text}, which is not a service that is built here.`,
      )
  }
  const platforms = namesOf(memberOf(build, 'platforms'))
  const platform = memberOf(service, 'platform')
  if (platform && platforms.length > 0 && !platforms.includes(textOf(platform) ?? ''))
    report.error(platform, 'compose-value', `services.${name}.platform is ${textOf(platform) ?? ''}, which is not among build.platforms.`)
}

function checkNetworks(name: string, service: TreeMap, { tree, report }: Checked): void {
  const networks = memberOf(service, 'networks')
  const mode = memberOf(service, 'network_mode')
  const attached = networks?.kind === 'map' ? [...networks.entries] : []
  if (mode && textOf(mode) !== '' && attached.length > 0)
    report.error(keyPlace(mode), 'compose-value', `services.${name} has network_mode and networks, which exclude each other.`)
  for (const [network, node] of attached) checkName(node, { kind: 'networks', name: network, service: name }, { tree, report })
}

function checkName(
  at: Tree,
  { kind, name, service }: { readonly kind: string; readonly name: string; readonly service: string },
  { tree, report }: Omit<Checked, 'disabled'>,
): void {
  const parts = memberOf(tree, kind)
  if (memberOf(parts, name)) return
  const known = parts?.kind === 'map' ? [...parts.entries.keys()] : []
  const near = nearest(name, known)
  const hint = near === undefined ? `add it to ${kind} at the top level of the file.` : `did you mean "${near}"?`
  report.error(keyPlace(at), 'compose-undefined', `services.${service} uses ${name}, which is not among the file's ${kind}; ${hint}`)
}

function checkHealthcheck(name: string, service: TreeMap, { report }: Checked): void {
  const test = nodeAt(service, ['healthcheck', 'test'])
  const [first] = namesOf(test)
  if (test?.kind === 'list' && first !== undefined && !['CMD', 'CMD-SHELL', 'NONE'].includes(first))
    report.error(test, 'compose-value', `services.${name}.healthcheck.test must be text, or a list that begins with CMD, CMD-SHELL or NONE and has a command.`)
}

function checkDependencies(name: string, service: TreeMap, { tree, disabled, report }: Checked): void {
  const dependencies = memberOf(service, 'depends_on')
  const known = servicesOf(tree).map(([one]) => one)
  for (const [other, node] of dependencies?.kind === 'map' ? dependencies.entries : []) {
    const required = memberOf(node, 'required')
    const optional = required?.kind === 'scalar' && required.value === false
    if (known.includes(other) || (disabled.has(other) && optional)) continue
    if (disabled.has(other)) {
      const profiles = namesOf(memberOf(disabled.get(other), 'profiles')).join(', ')
      report.error(
        keyPlace(node),
        'compose-unknown-service',
        `${name} depends on "${other}", which is off: turn on one of its profiles (${profiles}), or say required: false.`,
      )
      continue
    }
    const near = nearest(other, known)
    const hint = near === undefined ? '.' : `; did you mean "${near}"?`
    report.error(keyPlace(node), 'compose-unknown-service', `${name} depends on "${other}", which is not a service here${hint}`)
  }
}

function checkSources(name: string, service: TreeMap, { tree, report }: Checked): void {
  const look = (kind: string, list: Tree | undefined) => {
    for (const node of list?.kind === 'list' ? list.items : []) {
      const source = textOf(memberOf(node, 'source')) ?? ''
      const isNamed = kind !== 'volumes' || (textOf(memberOf(node, 'type')) === 'volume' && source !== '')
      if (isNamed) checkName(node, { kind, name: source, service: name }, { tree, report })
    }
  }
  look('volumes', memberOf(service, 'volumes'))
  look('configs', memberOf(service, 'configs'))
  look('secrets', memberOf(service, 'secrets'))
  look('secrets', nodeAt(service, ['build', 'secrets']))
  const models = memberOf(service, 'models')
  for (const [model, node] of models?.kind === 'map' ? models.entries : []) checkName(node, { kind: 'models', name: model, service: name }, { tree, report })
}

function numberAt(service: TreeMap, path: TreePath): number | undefined {
  const node = nodeAt(service, path)
  if (node?.kind !== 'scalar' || node.value === null) return undefined
  return typeof node.value === 'number' ? node.value : (parseDecimal(String(node.value)) ?? parseBytes(String(node.value)))
}

function checkScale(name: string, service: TreeMap, { report }: Checked): void {
  const [scale, replicas] = [numberAt(service, ['scale']), numberAt(service, ['deploy', 'replicas'])]
  const place = memberOf(service, 'scale') ?? nodeAt(service, ['deploy', 'replicas'])
  if (scale !== undefined && replicas !== undefined && scale !== replicas && place)
    report.error(keyPlace(place), 'compose-value', `services.${name}.scale is ${scale} and deploy.replicas is ${replicas}: keep one of them.`)
  const count = scale ?? replicas ?? 1
  if (count < 0 && place) report.error(place, 'compose-value', `services.${name} can't have ${count} instances.`)
  const container = memberOf(service, 'container_name')
  if (count > 1 && container && textOf(container) !== '')
    report.error(keyPlace(container), 'compose-value', `services.${name} has container_name and ${count} instances: one name can't be several containers.`)
}

const limits: readonly (readonly [key: string, path: readonly string[]])[] = [
  ['cpus', ['limits', 'cpus']],
  ['mem_limit', ['limits', 'memory']],
  ['mem_reservation', ['reservations', 'memory']],
  ['pids_limit', ['limits', 'pids']],
]

function checkLimits(name: string, service: TreeMap, { report }: Checked): void {
  for (const [key, path] of limits) {
    const node = memberOf(service, key)
    const section = nodeAt(service, ['deploy', 'resources', path[0] ?? ''])
    const own = numberAt(service, [key])
    if (!node || !section || own === undefined || own === 0) continue
    if (own !== (numberAt(service, ['deploy', 'resources', ...path]) ?? 0))
      report.error(keyPlace(node), 'compose-value', `services.${name}.${key} and deploy.resources.${path.join('.')} differ: keep one of them.`)
  }
}

/** Each target inside once, of tmpfs and volumes together. */
function checkMounts(name: string, service: TreeMap, { report }: Checked): void {
  const seen = new Map<string, string>()
  const mount = (node: Tree, target: string, path: TreePath) => {
    const before = seen.get(target)
    if (before !== undefined) report.error(node, 'compose-value', `${describePath(path)} mounts ${target}, where ${before} is mounted already.`)
    seen.set(target, describePath(path))
  }
  const items = (key: string) => {
    const list = memberOf(service, key)
    return list?.kind === 'list' ? [...list.items.entries()] : list ? [[0, list] as const] : []
  }
  for (const [index, node] of items('tmpfs')) mount(node, (textOf(node) ?? '').split(':')[0] ?? '', ['services', name, 'tmpfs', String(index)])
  for (const [index, node] of items('volumes')) mount(node, textOf(memberOf(node, 'target')) ?? '', ['services', name, 'volumes', String(index)])
}

function checkWatch(name: string, service: TreeMap, { report }: Checked): void {
  const watch = nodeAt(service, ['develop', 'watch'])
  for (const node of watch?.kind === 'list' ? watch.items : []) {
    const action = textOf(memberOf(node, 'action'))
    if (action !== 'rebuild' && action !== 'restart' && (textOf(memberOf(node, 'target')) ?? '') === '')
      report.error(node, 'compose-value', `services.${name}.develop.watch has the action ${action ?? ''}, which needs a target.`)
  }
}

/** Two services can't have one container's name. */
export function checkContainerNames(tree: TreeMap, report: Report): void {
  const seen = new Map<string, string>()
  for (const [name, service] of servicesOf(tree)) {
    const node = memberOf(service, 'container_name')
    const container = textOf(node) ?? ''
    if (!node || container === '' || !isPresent(node)) continue
    const before = seen.get(container)
    if (before !== undefined) report.error(node, 'compose-value', `services.${name}.container_name is "${container}", which services.${before} has already.`)
    seen.set(container, name)
  }
}

function checkCircles({ tree, report }: Checked): void {
  const services = new Map(servicesOf(tree))
  const finished = new Set<string>()
  const visit = (name: string, way: readonly string[]): void => {
    if (finished.has(name)) return
    const dependencies = memberOf(services.get(name), 'depends_on')
    for (const [other, node] of dependencies?.kind === 'map' ? dependencies.entries : []) {
      const start = [...way, name].indexOf(other)
      const circle = [...way, name].slice(start).concat(other).join(' → ')
      if (start >= 0) report.error(keyPlace(node), 'compose-circle', `Services depend on each other in a circle: ${circle}.`)
      else if (services.has(other)) visit(other, [...way, name])
    }
    finished.add(name)
  }
  for (const name of services.keys()) visit(name, [])
}

/** What stands after an operator of the shell is left out by compose: it starts no shell. */
export function checkCommands(tree: TreeMap, report: Report): void {
  for (const [name, service] of servicesOf(tree)) {
    for (const key of ['command', 'entrypoint']) {
      const node = memberOf(service, key)
      const rest = splitCommand(textOf(node) ?? '')?.rest
      if (node && rest !== undefined)
        report.warn(
          node,
          'compose-ignored',
          `services.${name}.${key} ends before "${rest}", as in Docker Compose: no shell is started; write sh -c '…' for one.`,
        )
    }
  }
}

/** A secret's content comes from a file or a variable. */
export function checkSecretSources(tree: TreeMap, report: Report): void {
  const secrets = memberOf(tree, 'secrets')
  for (const [name, node] of secrets?.kind === 'map' ? secrets.entries : []) {
    if (isExternal(node) || textOf(memberOf(node, 'file')) || textOf(memberOf(node, 'environment'))) continue
    report.error(keyPlace(node), 'compose-value', `secrets.${name} needs file or environment: where its content comes from.`)
  }
}
