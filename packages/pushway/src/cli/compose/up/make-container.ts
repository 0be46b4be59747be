// Makes a container of a service, and puts a new one in the place of an old one.

import { Readable } from 'node:stream'
import type { Service } from '@pushway/core/app/types.ts'
import type { ServiceModel } from '@pushway/core/compose/app/model.ts'
import { hashedService } from '@pushway/core/compose/questions.ts'
import { composeLabel, containerName } from '@pushway/core/compose/run/labels.ts'
import { dependsOnLabel } from '@pushway/core/compose/run/plan.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { SharedWith } from '../../../drivers/runtime/docker/host-config.ts'
import { type TarEntry, writeTar } from '../../../oci/tar-write.ts'
import { createdAnswer, EngineRefusal } from '../../../util/engine-api/index.ts'
import { findContainers, inspectContainer, type ProjectContainer } from '../observe.ts'
import { hashOf, type ProjectSituation } from '../situation.ts'
import { containerBody, endpoint, type JoinedNetwork } from './container-body.ts'

export interface NewContainer {
  readonly key: string
  readonly name: string
  /** Its name until the one that it replaces is gone. */
  readonly firstName?: string
  readonly number: number
  /** The image's name, and its id for the label. */
  readonly image: string
  readonly imageId: string
  /** Instead of the service's own: what `run` changes. */
  readonly model?: ServiceModel
  readonly service?: Service
  readonly labels?: Readonly<Record<string, string>>
  readonly aliases?: boolean
  /** Its input ends with the first who gives one. */
  readonly once?: boolean
  readonly inherited?: Readonly<Record<string, string>>
}

/** Makes it; it does not run yet. @returns its id. @throws PushwayError `engine-refused`, `external-missing` */
export async function makeContainer(situation: ProjectSituation, wanted: NewContainer): Promise<string> {
  const { engine, app } = situation
  const model = wanted.model ?? (situation.model.services[wanted.key] as ServiceModel)
  const service = wanted.service ?? (app.services.find(({ name }) => name === wanted.key) as Service)
  const networks = networksOf(situation, model)
  const input = {
    ...{ name: wanted.name, model, service, networks, image: wanted.image, aliases: wanted.aliases ?? true, inherited: wanted.inherited ?? {} },
    labels: { ...service.container?.labels, ...labelsOf(situation, wanted), ...wanted.labels },
    shared: await sharedOf(situation, service),
    volumes: Object.fromEntries(Object.entries(situation.model.volumes ?? {}).map(([key, { name }]) => [key, name])),
    files: { config: app.configs ?? {}, secret: app.secrets ?? {} },
    links: linksOf(situation, model),
  }
  const id = await create(situation, wanted, { ...containerBody(input), ...(wanted.once ? { StdinOnce: true, AttachStdin: true } : {}) })
  try {
    for (const network of networks.slice(1)) {
      const body = { Container: id, EndpointConfig: endpoint(network, input) }
      await engine.tell({ method: 'POST', path: `/networks/${encodeURIComponent(network.name)}/connect`, body })
    }
    await copyFiles(situation, service, id)
    return id
  } catch (error) {
    await engine.tell({ method: 'DELETE', path: `/containers/${id}`, query: { force: true, v: true } }).catch(() => undefined)
    throw refusalOf(error, `container ${wanted.name}`)
  }
}

async function create({ engine, model }: ProjectSituation, wanted: NewContainer, body: Readonly<Record<string, unknown>>): Promise<string> {
  const query = { name: wanted.firstName ?? wanted.name, platform: model.services[wanted.key]?.platform }
  try {
    return (await engine.call(createdAnswer, { method: 'POST', path: '/containers/create', query, body })).Id
  } catch (error) {
    throw refusalOf(error, `container ${wanted.name}`)
  }
}

/** The engine's own words, as an error that people see. */
export function refusalOf(error: unknown, what: string): unknown {
  return error instanceof EngineRefusal ? fail('engine-refused', { what, problem: error.message }) : error
}

/** The labels by which it is found again; Docker Compose's own. */
function labelsOf(situation: ProjectSituation, { key, number, imageId }: Pick<NewContainer, 'key' | 'number' | 'imageId'>): Readonly<Record<string, string>> {
  const { project, name, folder, files, global, model } = situation
  return {
    [composeLabel.project]: name,
    [composeLabel.service]: key,
    [composeLabel.number]: String(number),
    [composeLabel.oneOff]: 'False',
    [composeLabel.hash]: serviceHash({ project }, key),
    [composeLabel.image]: imageId,
    [composeLabel.dependsOn]: dependsOnLabel(model.services[key] ?? {}),
    [composeLabel.configFiles]: files.join(','),
    [composeLabel.workingDir]: folder,
    [composeLabel.version]: '',
    ...(global.envFiles.length > 0 ? { [composeLabel.environmentFile]: global.envFiles.join(',') } : {}),
  }
}

export function serviceHash({ project }: Pick<ProjectSituation, 'project'>, key: string): string {
  return hashOf(hashedService(project, key))
}

/** The networks of a service, the one for the default route first; none with a mode of its own. */
export function networksOf(situation: ProjectSituation, model: ServiceModel): readonly JoinedNetwork[] {
  if (model.network_mode !== undefined) return []
  return Object.entries(model.networks ?? {})
    .toSorted(([a, one], [b, other]) => (other?.priority ?? 0) - (one?.priority ?? 0) || (a < b ? -1 : 1))
    .map(([key]) => ({ key, name: situation.model.networks?.[key]?.name ?? key }))
}

function linksOf({ name: project, model: { services } }: ProjectSituation, model: ServiceModel): readonly string[] {
  const own = (model.links ?? []).flatMap((link) => {
    const [service = '', alias = service] = link.split(':')
    return [`${containerName({ project, service, number: 1, own: services[service]?.container_name })}:${alias}`]
  })
  return [...own, ...(model.external_links ?? []).map((link) => (link.includes(':') ? link : `${link}:${link}`))]
}

/** `service:NAME` becomes a container of that service. */
async function sharedOf(situation: ProjectSituation, service: Service): Promise<SharedWith> {
  const { networkMode, ipc, pid, volumesFrom = [] } = service.container ?? {}
  const named = [networkMode, ipc, pid].some((mode) => mode?.startsWith('service:')) || volumesFrom.some(({ from }) => from === 'service')
  const found = named ? await findContainers(situation) : []
  const containerOf = (name: string) => {
    const one = found.find((container) => container.service === name)
    if (!one) throw fail('engine-refused', { what: `service ${service.name}`, problem: `it shares with service ${name}, which has no container` })
    return one.id
  }
  const resolve = (mode: string | undefined) => (mode?.startsWith('service:') ? `container:${containerOf(mode.slice('service:'.length))}` : mode)
  const [network, ipcMode, pidMode] = [resolve(networkMode), resolve(ipc), resolve(pid)]
  return {
    ...(network === undefined ? {} : { networkMode: network }),
    ...(ipcMode === undefined ? {} : { ipc: ipcMode }),
    ...(pidMode === undefined ? {} : { pid: pidMode }),
    volumesFrom: volumesFrom.map(({ from, name, readOnly }) => `${from === 'service' ? containerOf(name) : name}${readOnly ? ':ro' : ''}`),
  }
}

/** Configs and secrets whose content is in the compose file or a variable; those that are files are mounted. */
async function copyFiles({ engine, app }: ProjectSituation, service: Service, id: string): Promise<void> {
  const entries = (service.mounts ?? []).flatMap((mount): readonly TarEntry[] => {
    if (mount.kind !== 'file') return []
    const file = (mount.from === 'config' ? app.configs : app.secrets)?.[mount.source]
    if (!file || file.source.kind === 'external') throw fail('external-missing', { kind: mount.from, name: mount.source, service: service.name })
    const text = file.source.kind === 'content' ? file.source.content : file.source.kind === 'environment' ? file.source.value : undefined
    if (text === undefined) {
      if (file.source.kind !== 'environment') return []
      throw fail('engine-refused', { what: `the ${mount.from} ${mount.source}`, problem: `the variable ${file.source.variable} is not set` })
    }
    const owner = { uid: Number(mount.uid ?? 0), gid: Number(mount.gid ?? 0) }
    return [{ path: mount.target.replace(/^\/+/, ''), type: 'file', mode: mount.mode ?? 0o444, ...owner, content: Buffer.from(text) }]
  })
  if (entries.length === 0) return
  const headers = { 'content-type': 'application/x-tar' }
  await engine.tell({ method: 'PUT', path: `/containers/${id}/archive`, query: { path: '/' }, headers, stream: Readable.from(writeTar(entries)) })
}

/** A new container in the place of `old`: it is made first, so that nothing is stopped for one that can't be made. */
export async function replaceContainer(
  situation: ProjectSituation,
  old: ProjectContainer,
  wanted: NewContainer & { readonly renewVolumes: boolean; readonly timeout?: number },
): Promise<void> {
  const { engine } = situation
  const inherited = wanted.renewVolumes ? {} : await anonymousVolumes(situation, old)
  const id = await makeContainer(situation, {
    ...wanted,
    firstName: `${old.id.slice(0, 12)}_${wanted.name}`,
    inherited,
    labels: { [composeLabel.replaces]: old.name },
  })
  await stopQuietly(situation, old, wanted.timeout)
  await engine.tell({ method: 'DELETE', path: `/containers/${old.id}`, query: { v: wanted.renewVolumes } })
  await engine.tell({ method: 'POST', path: `/containers/${id}/rename`, query: { name: wanted.name } })
}

async function stopQuietly({ engine }: ProjectSituation, { id, state }: ProjectContainer, timeout: number | undefined): Promise<void> {
  if (state === 'running' || state === 'paused' || state === 'restarting')
    await engine.tell({ method: 'POST', path: `/containers/${id}/stop`, query: { t: timeout }, idleMs: 3_600_000 })
}

/** Volumes without a name go over to the new container, as Docker Compose does. */
async function anonymousVolumes({ engine, model }: ProjectSituation, old: ProjectContainer): Promise<Readonly<Record<string, string>>> {
  const named = new Set(Object.values(model.volumes ?? {}).map(({ name }) => name))
  const details = await inspectContainer(engine, old.id)
  const mounted = new Set((model.services[old.service]?.volumes ?? []).flatMap(({ source, target }) => (source ? [target] : [])))
  const volumes = (details?.Mounts ?? []).filter(({ Type, Name, Destination }) => Type === 'volume' && Name && !named.has(Name) && !mounted.has(Destination))
  return Object.fromEntries(volumes.map(({ Destination, Name }) => [Destination, Name as string]))
}
