// A normalised project → App: everything with its type, its defaults, and its mistakes at their places.

import { probeDefaults, simplifyCheck } from '../../app/probe.ts'
import type { App, Dependency, Port, Probe, Service } from '../../app/types.ts'
import { type ComposeProject, printedProject } from '../project.ts'
import { keyPlace, type Report } from '../report.ts'
import { parseNanoseconds } from '../units.ts'
import { containerOf } from './container.ts'
import { imageSource } from './image.ts'
import { type Making, type MakingService, milliseconds, placeAt, present } from './making.ts'
import { type HealthcheckModel, modelOf, type ServiceModel } from './model.ts'
import { mountsOf } from './mounts.ts'
import { attachmentsOf, partsOf } from './parts.ts'
import { portsOf } from './ports.ts'
import { resourcesOf, restartOf, updateOf } from './resources.ts'

export interface MakeAppOptions {
  readonly report: Report
  /** The project's paths are in a repository: what leads out of it is refused. */
  readonly inRepository: boolean
}

/** The app of a project. What can't be is in the report, and the app without it. */
export function makeApp(project: ComposeProject, { report, inRepository }: MakeAppOptions): App {
  const model = modelOf(printedProject(project, 'json'))
  const making: Making = { report, inRepository, tree: project.tree, env: project.env }
  // In the order of the file: the printed one is sorted.
  const names = Object.keys(model.services).toSorted((a, b) => lineOf(making, a) - lineOf(making, b))
  const services = names.flatMap((name) => serviceOf(model.services[name] as ServiceModel, { ...making, name }) ?? [])
  checkPublished(services, making)
  return { name: project.name, services, ...partsOf(model, making) }
}

/** Services of the first file come first; those of others keep the order of their names. */
function lineOf(making: Making, name: string): number {
  const node = placeAt(making, ['services', name])
  return node.at.file === making.tree.at.file ? keyPlace(node).line : Number.MAX_SAFE_INTEGER
}

/** Docker's own default (docs.docker.com/reference/compose-file/services/#stop_grace_period). */
const defaultGraceMs = 10_000

function serviceOf(service: ServiceModel, making: MakingService): Service | undefined {
  const image = imageSource(service, making)
  if (!image) return undefined
  const ports = portsOf(service, making)
  const mounts = mountsOf(service, making)
  const environment = Object.entries(service.environment ?? {}).filter((entry): entry is [string, string] => entry[1] !== null)
  return {
    name: making.name,
    image,
    ...present({ command: nonEmptyWords(service.command), entrypoint: nonEmptyWords(service.entrypoint) }),
    environment: Object.fromEntries(environment),
    ports,
    ...present({ ready: service.healthcheck && probeOf(service.healthcheck, ports, making) }),
    dependsOn: Object.entries(service.depends_on ?? {}).map(dependencyOf),
    replicas: replicasOf(service, making),
    stopGraceMs: milliseconds(service.stop_grace_period) ?? defaultGraceMs,
    ...present({
      mounts: mounts.length === 0 ? undefined : mounts,
      networks: attachmentsOf(service),
      restart: restartOf(service, making),
      resources: resourcesOf(service),
      update: updateOf('update_config', service, making),
      rollback: updateOf('rollback_config', service, making),
      container: containerOf(service),
      ...pullOf(service),
      profiles: service.profiles,
      mode: modeOf(service, making),
    }),
  }
}

/** An empty list clears the image's own, as compose says. */
function nonEmptyWords(words: readonly string[] | null): readonly string[] | undefined {
  return words ?? undefined
}

const conditions = { service_started: 'started', service_healthy: 'healthy', service_completed_successfully: 'completed' } as const

function dependencyOf([service, said]: readonly [string, NonNullable<ServiceModel['depends_on']>[string]]): Dependency {
  return {
    service,
    condition: conditions[said.condition as keyof typeof conditions],
    ...(said.restart ? { restart: true } : {}),
    ...(said.required ? {} : { required: false }),
  }
}

/** A check that is switched off stands for a plain connection, so that the image's own is not used either. */
function probeOf(said: HealthcheckModel, ports: readonly Port[], making: MakingService): Probe | undefined {
  const times = {
    intervalMs: milliseconds(said.interval) ?? probeDefaults.intervalMs,
    timeoutMs: milliseconds(said.timeout) ?? probeDefaults.timeoutMs,
    retries: said.retries ?? probeDefaults.retries,
    startPeriodMs: milliseconds(said.start_period) ?? probeDefaults.startPeriodMs,
    ...present({ startIntervalMs: milliseconds(said.start_interval) }),
  }
  const [kind, ...words] = said.test ?? []
  const port = ports[0]?.target
  if (said.disable === true || kind === 'NONE') return port === undefined ? undefined : { check: { kind: 'tcp', port }, ...times, intervalMs: 1000 }
  if (kind === undefined) return undefined
  if (words.length === 0) {
    const place = placeAt(making, ['services', making.name, 'healthcheck', 'test'])
    return making.report.error(
      place,
      'compose-value',
      `services.${making.name}.healthcheck.test must be text, or a list that begins with CMD, CMD-SHELL or NONE and has a command.`,
    )
  }
  const check = simplifyCheck(kind === 'CMD' ? { kind: 'command', argv: words } : { kind: 'shell', line: words.join(' ') })
  return { check, ...times }
}

function replicasOf(service: ServiceModel, making: MakingService): number {
  const replicas = service.scale ?? service.deploy?.replicas ?? 1
  if (replicas >= 0 && replicas <= 1000) return replicas
  const place = placeAt(making, ['services', making.name, ...(service.scale === undefined ? ['deploy', 'replicas'] : ['scale'])])
  making.report.error(place, 'compose-value', `services.${making.name} must have from 0 to 1000 instances, not ${replicas}.`)
  return 1
}

function pullOf({ pull_policy: policy }: ServiceModel): Pick<Service, 'pull' | 'pullEveryMs'> {
  switch (policy) {
    case undefined:
      return {}
    case 'always':
    case 'never':
    case 'missing':
    case 'build':
      return { pull: policy }
    case 'daily':
      return { pull: 'every', pullEveryMs: 86_400_000 }
    case 'weekly':
      return { pull: 'every', pullEveryMs: 604_800_000 }
    default: {
      const every = policy.startsWith('every_') ? parseNanoseconds(policy.slice('every_'.length)) : undefined
      return every === undefined ? { pull: 'missing' } : { pull: 'every', pullEveryMs: Number(every / 1_000_000n) }
    }
  }
}

function modeOf(service: ServiceModel, making: MakingService): Service['mode'] | undefined {
  const mode = service.deploy?.mode
  if (mode === undefined || mode === 'replicated') return undefined
  if (mode === 'global' || mode === 'replicated-job' || mode === 'global-job') return mode
  const place = placeAt(making, ['services', making.name, 'deploy', 'mode'])
  return making.report.error(
    place,
    'compose-value',
    `services.${making.name}.deploy.mode must be replicated, global, replicated-job or global-job, not "${mode}".`,
  )
}

/** One address and port can lead to one service only. A port on every address takes it on each of them. */
function checkPublished(services: readonly Service[], making: Making): void {
  const seen: { readonly service: string; readonly port: Port }[] = []
  for (const service of services) {
    for (const [index, port] of service.ports.entries()) {
      if (port.published === undefined || port.publishedTo !== undefined) continue
      const other = seen.find(({ port: one }) => one.published === port.published && sameKind(one, port) && (one.host === port.host || !one.host || !port.host))
      if (other) {
        const place = placeAt(making, ['services', service.name, 'ports', String(index)])
        making.report.error(place, 'compose-port-twice', `Port ${port.published} is published twice: by ${other.service} and by ${service.name}.`)
      }
      seen.push({ service: service.name, port })
    }
  }
}

function sameKind(a: Port, b: Port): boolean {
  return (a.protocol === 'udp') === (b.protocol === 'udp')
}
