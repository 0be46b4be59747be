// The containers of groups: listed, looked at, made and started.

import { chown, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import type { EnvironmentId } from '@pushway/core/text/ids.ts'
import { type TarEntry, writeTar } from '../../../oci/tar-write.ts'
import type { GroupSpec, ResolvedMount } from '../../../ports/runtime.ts'
import {
  type ContainerDetails,
  type ContainerSummary,
  containerDetails,
  containerSummary,
  createdAnswer,
  EngineRefusal,
  runExec,
} from '../../../util/engine-api/index.ts'
import { containerBody, endpoint } from './container-body.ts'
import type { DockerContext } from './context.ts'
import type { SharedWith } from './host-config.ts'
import { containerLabels, label, ownerOf, projectOf } from './labels.ts'
import { networksOf } from './networks.ts'

/** A container of one of our groups. */
export interface Member extends NonNullable<ReturnType<typeof ownerOf>> {
  readonly container: string
  readonly state: string
  /** Of its name: `shop-web-3` → 3. */
  readonly summary: ContainerSummary
}

/** Podman refuses a list during which a container of it goes. */
async function listAgain<T>(list: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await list()
    } catch (error) {
      if (!(error instanceof EngineRefusal) || !/no such container/i.test(error.message) || tries >= 5) throw error
    }
  }
}

/** All containers of this installation, or of one environment; oldest of each group first. */
export async function listMembers(context: DockerContext, environment: EnvironmentId | undefined, signal?: AbortSignal): Promise<readonly Member[]> {
  const filters = {
    label: [`${label.installation}=${context.store.installation}`, ...(environment === undefined ? [] : [`${label.environment}=${environment}`])],
  }
  const list = await listAgain(() =>
    context.engine.call(containerSummary.array(), { method: 'GET', path: '/containers/json', query: { all: true, filters }, ...(signal ? { signal } : {}) }),
  )
  return list
    .flatMap((summary) => {
      const owner = ownerOf(summary.Labels)
      return owner ? [{ ...owner, container: summary.Id, state: summary.State, summary }] : []
    })
    .toSorted((a, b) => a.number - b.number)
}

export function inspect(context: DockerContext, id: string, signal?: AbortSignal): Promise<ContainerDetails | undefined> {
  return context.engine.find(containerDetails, { method: 'GET', path: `/containers/${id}/json`, ...(signal ? { signal } : {}) })
}

export interface NewMember {
  readonly spec: GroupSpec
  readonly image: string
  /** Counts up in the group. */
  readonly number: number
}

/** Makes and starts one container. What it could not start is removed again. @returns its id */
export async function startMember(context: DockerContext, wanted: NewMember, signal: AbortSignal): Promise<string> {
  const { engine } = context
  const { spec } = wanted
  const shared = await resolveShared(context, spec, signal)
  const networks = networksOf(spec)
  const id = await createNamed(context, { ...wanted, shared }, signal)
  try {
    const { api } = await engine.version()
    for (const network of networks.slice(1)) {
      const body = { Container: id, EndpointConfig: endpoint(network, { spec, api }) }
      await engine.tell({ method: 'POST', path: `/networks/${encodeURIComponent(network.network.name)}/connect`, body, signal })
    }
    await copyFiles(context, { spec, id }, signal)
    await engine.tell({ method: 'POST', path: `/containers/${id}/start`, signal })
    await runHooks(context, id, { hooks: spec.container?.postStart ?? [], service: spec.service })
    return id
  } catch (error) {
    await engine.tell({ method: 'DELETE', path: `/containers/${id}`, query: { force: true, v: true } }).catch(() => undefined)
    throw error
  }
}

/** A name that is free, counted up as compose does; one that the user gave, while nobody has it. */
async function createNamed(context: DockerContext, wanted: NewMember & { shared: SharedWith }, signal: AbortSignal): Promise<string> {
  const { spec, image, shared, number } = wanted
  const { engine, store } = context
  const { api } = await engine.version()
  const base = `${projectOf(spec)}-${spec.service}`
  const input = {
    ...{ spec, image, shared, api },
    networks: networksOf(spec),
    serviceHosts: serviceHosts(spec),
    reach: await context.reach(),
    boundFiles: await bindFiles(context, spec),
  }
  for (let at = 1; at <= 10_000; at++) {
    const own = spec.container?.name
    const name = own === undefined ? `${base}-${at}` : at === 1 ? own : `${own}-${at}`
    const body = containerBody({ ...input, labels: containerLabels(spec, store.installation, { number, name: at }) })
    try {
      const query = { name, platform: spec.container?.platform }
      return (await engine.call(createdAnswer, { method: 'POST', path: '/containers/create', query, body, signal })).Id
    } catch (error) {
      const taken = error instanceof EngineRefusal && (error.status === 409 || /name .*in use/i.test(error.message)) && /name/i.test(error.message)
      if (!taken) throw error
    }
  }
  throw fail('engine-refused', { what: `a container for service ${spec.service}`, problem: 'no name is free' })
}

/** Names of services that the router answers for, on addresses that containers reach. */
function serviceHosts(spec: GroupSpec): readonly string[] {
  const hosts = Object.entries(spec.services).flatMap(([service, address]) => {
    const host = address.slice(0, address.lastIndexOf(':'))
    return host === '127.0.0.1' ? [] : [`${service.slice(0, service.lastIndexOf(':'))}:${host}`]
  })
  return [...new Set(hosts)]
}

/** `service:NAME` becomes the container of that service that runs longest. */
async function resolveShared(context: DockerContext, spec: GroupSpec, signal: AbortSignal): Promise<SharedWith> {
  const { networkMode, ipc, pid, volumesFrom = [] } = spec.container ?? {}
  const named = [networkMode, ipc, pid].some((mode) => mode?.startsWith('service:')) || volumesFrom.some(({ from }) => from === 'service')
  const members = named ? await listMembers(context, spec.environment, signal) : []
  const containerOf = (service: string) => {
    const found = members.find((member) => member.service === service && member.state === 'running')
    if (!found) throw fail('engine-refused', { what: `service ${spec.service}`, problem: `it shares with service ${service}, of which nothing runs` })
    return found.container
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

type FileMount = Extract<ResolvedMount, { kind: 'file' }>

function filesOf(spec: GroupSpec): readonly FileMount[] {
  return (spec.mounts ?? []).filter((mount): mount is FileMount => mount.kind === 'file')
}

const defaultMode = 0o444

/** Configs and secrets go into the container itself: the engine may be on another machine. */
async function copyFiles(context: DockerContext, { spec, id }: { spec: GroupSpec; id: string }, signal: AbortSignal): Promise<void> {
  const files = spec.container?.readOnly ? [] : filesOf(spec)
  if (files.length === 0) return
  const entries = files.map(
    (file): TarEntry => ({
      path: file.target.replace(/^\/+/, ''),
      type: 'file',
      mode: file.mode ?? defaultMode,
      uid: Number(file.uid ?? 0),
      gid: Number(file.gid ?? 0),
      mtime: Math.floor(Date.now() / 1000),
      content: Buffer.from(file.contentBase64, 'base64'),
    }),
  )
  await context.engine.tell({
    method: 'PUT',
    path: `/containers/${id}/archive`,
    query: { path: '/' },
    headers: { 'content-type': 'application/x-tar' },
    stream: Readable.from(writeTar(entries)),
    signal,
  })
}

/** A read-only root can't be written to: the files are bound from a private folder of ours. */
async function bindFiles(context: DockerContext, spec: GroupSpec): Promise<Readonly<Record<string, string>>> {
  const files = spec.container?.readOnly ? filesOf(spec) : []
  if (files.length === 0) return {}
  const dir = context.store.filesDir(spec.id)
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const bound: Record<string, string> = {}
  for (const [at, file] of files.entries()) {
    const place = join(dir, String(at))
    await writeFile(place, Buffer.from(file.contentBase64, 'base64'), { mode: file.mode ?? defaultMode })
    // Only root may give files away; others' containers run as they are mapped.
    if (process.getuid?.() === 0) await chown(place, Number(file.uid ?? 0), Number(file.gid ?? 0))
    bound[file.target] = place
  }
  return bound
}

type Hooks = NonNullable<NonNullable<GroupSpec['container']>['postStart']>

/** @throws PushwayError `engine-refused` when one fails, as compose stops there, too */
export async function runHooks(context: DockerContext, id: string, { hooks, service }: { hooks: Hooks; service: string }): Promise<void> {
  for (const hook of hooks) {
    const { command, user, privileged, workingDir, environment } = hook
    const request = {
      argv: command,
      ...(user ? { user } : {}),
      ...(privileged ? { privileged } : {}),
      ...(workingDir ? { workingDir } : {}),
      ...(environment ? { env: environment } : {}),
    }
    const { exit, output } = await runExec(context.engine, id, request)
    if (exit !== 0) throw fail('engine-refused', { what: `a hook of service ${service}`, problem: `it ended with ${exit}: ${output.trim().slice(-300)}` })
  }
}
