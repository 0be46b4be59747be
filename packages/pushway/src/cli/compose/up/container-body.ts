// From a service of the normalised project to the body of POST /containers/create, as Docker Compose makes it. Pure.

import type { AppFile, Mount } from '@pushway/core/app/parts.ts'
import type { Service } from '@pushway/core/app/types.ts'
import type { ServiceModel } from '@pushway/core/compose/app/model.ts'
import { parseNanoseconds } from '@pushway/core/compose/units.ts'
import { compact, optionConfig, resourceConfig, restartConfig, type SharedWith } from '../../../drivers/runtime/docker/host-config.ts'

export type Json = Readonly<Record<string, unknown>>

/** A network that the container joins. */
export interface JoinedNetwork {
  /** Its key in the files. */
  readonly key: string
  /** As the engine calls it. */
  readonly name: string
}

export interface BodyInput {
  readonly name: string
  readonly model: ServiceModel
  readonly service: Service
  readonly image: string
  readonly labels: Readonly<Record<string, string>>
  /** The one for the default route first. */
  readonly networks: readonly JoinedNetwork[]
  readonly shared: SharedWith
  /** Key → the engine's name. */
  readonly volumes: Readonly<Record<string, string>>
  readonly files: { readonly config: Readonly<Record<string, AppFile>>; readonly secret: Readonly<Record<string, AppFile>> }
  /** The service's name is one of the container's in its networks; a one-off container has only its own. */
  readonly aliases: boolean
  /** `container:alias` of `links`. */
  readonly links: readonly string[]
  /** Volumes without a name that the container before had: target → name. */
  readonly inherited: Readonly<Record<string, string>>
}

/** The body. The container joins its first network with it, the others before its start. */
export function containerBody(input: BodyInput): Json {
  const { model, service, networks } = input
  const [first] = networks
  return compact({
    Image: input.image,
    Labels: input.labels,
    Env: environment(model),
    Cmd: model.command ?? undefined,
    Entrypoint: model.entrypoint?.length === 0 ? [''] : (model.entrypoint ?? undefined),
    Hostname: model.hostname,
    Domainname: model.domainname,
    User: model.user,
    WorkingDir: model.working_dir,
    Tty: model.tty,
    OpenStdin: model.stdin_open,
    AttachStdout: true,
    AttachStderr: true,
    StopSignal: model.stop_signal,
    StopTimeout: model.stop_grace_period === undefined ? undefined : Math.ceil(service.stopGraceMs / 1000),
    Healthcheck: healthcheck(model.healthcheck),
    ExposedPorts: exposed(model),
    HostConfig: hostConfig(input),
    NetworkingConfig: first ? { EndpointsConfig: { [first.name]: endpoint(first, input) } } : undefined,
  })
}

function environment({ environment: all = {} }: ServiceModel): readonly string[] {
  return Object.entries(all).map(([name, value]) => (value === null ? name : `${name}=${value}`))
}

function healthcheck(said: ServiceModel['healthcheck']): Json | undefined {
  if (!said) return undefined
  if (said.disable) return { Test: ['NONE'] }
  const nano = (text: string | undefined) => (text === undefined ? undefined : Number(parseNanoseconds(text) ?? 0n))
  return compact({
    Test: said.test,
    Interval: nano(said.interval),
    Timeout: nano(said.timeout),
    Retries: said.retries,
    StartPeriod: nano(said.start_period),
    StartInterval: nano(said.start_interval),
  })
}

function exposed({ ports = [], expose = [] }: ServiceModel): Json {
  const keys = [...ports.map(({ target, protocol = 'tcp' }) => `${target}/${protocol}`), ...expose.map((text) => (text.includes('/') ? text : `${text}/tcp`))]
  return Object.fromEntries(keys.map((key) => [key, {}]))
}

function hostConfig(input: BodyInput): Json {
  const { service, model, shared, networks } = input
  const options = service.container ?? {}
  const mounts = (service.mounts ?? []).flatMap((mount) => mountOf(mount, input))
  const inherited = Object.entries(input.inherited).map(([Target, Source]) => ({ Type: 'volume', Source, Target }))
  const tmpfs = (service.mounts ?? []).flatMap((mount) => (mount.kind === 'tmpfs' && mount.options ? [[mount.target, tmpfsOptions(mount)] as const] : []))
  const binds = mounts.filter((mount) => typeof mount === 'string')
  const rest = mounts.filter((mount) => typeof mount !== 'string').filter((mount) => input.inherited[String(mount.Target)] === undefined)
  return compact({
    ...resourceConfig(service.resources ?? {}),
    ...optionConfig(options, shared),
    RestartPolicy: service.restart === undefined ? { Name: 'no' } : restartConfig(service.restart),
    NetworkMode: shared.networkMode ?? networks[0]?.name ?? 'none',
    PortBindings: portBindings(model),
    ExtraHosts: options.extraHosts?.map(({ host, address }) => `${host}:${address}`),
    Binds: binds.length > 0 ? binds : undefined,
    Mounts: rest.length + inherited.length > 0 ? [...rest, ...inherited] : undefined,
    Tmpfs: tmpfs.length > 0 ? Object.fromEntries(tmpfs) : undefined,
  })
}

function portBindings({ ports = [] }: ServiceModel): Json | undefined {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const { target, protocol = 'tcp', host_ip: HostIp = '', published: HostPort = '' } of ports) {
    const key = `${target}/${protocol}`
    bindings[key] = [...(bindings[key] ?? []), { HostIp, HostPort }]
  }
  return ports.length > 0 ? bindings : undefined
}

/** How the container stands in a network: names, fixed addresses, links. */
export function endpoint(network: JoinedNetwork, input: Pick<BodyInput, 'model' | 'name' | 'service' | 'aliases' | 'links'>): Json {
  const said = input.model.networks?.[network.key] ?? {}
  const fixed = compact({ IPv4Address: said.ipv4_address, IPv6Address: said.ipv6_address, LinkLocalIPs: said.link_local_ips })
  return compact({
    Aliases: [...new Set([input.name, ...(input.aliases ? [input.service.name, ...(said.aliases ?? [])] : [])])],
    Links: input.links.length > 0 ? input.links : undefined,
    IPAMConfig: Object.keys(fixed).length > 0 ? fixed : undefined,
    DriverOpts: said.driver_opts,
    MacAddress: said.mac_address ?? input.model.mac_address,
    GwPriority: said.gw_priority,
  })
}

/** Text: a bind in the old form, which makes what is missing and relabels; else a mount. Files with a content are copied in later. */
function mountOf(mount: Mount, { volumes, files }: BodyInput): readonly (string | Json)[] {
  switch (mount.kind) {
    case 'volume': {
      const Source = mount.volume === undefined ? undefined : (volumes[mount.volume] ?? mount.volume)
      const VolumeOptions = compact({ NoCopy: mount.noCopy, Subpath: mount.subpath })
      return [compact({ Type: 'volume', Source, Target: mount.target, ReadOnly: mount.readOnly, VolumeOptions })]
    }
    case 'bind':
      return [bindOf(mount)]
    case 'tmpfs':
      return mount.options ? [] : [compact({ Type: 'tmpfs', Target: mount.target, TmpfsOptions: compact({ SizeBytes: mount.sizeBytes, Mode: mount.mode }) })]
    case 'image':
      return [compact({ Type: 'image', Source: mount.image, Target: mount.target, ImageOptions: compact({ Subpath: mount.subpath }) })]
    case 'file': {
      const source = files[mount.from][mount.source]?.source
      return source?.kind === 'machine' ? [{ Type: 'bind', Source: source.path, Target: mount.target, ReadOnly: true }] : []
    }
  }
}

function bindOf(mount: Extract<Mount, { kind: 'bind' }>): string | Json {
  const old = (mount.createPath || mount.selinux !== undefined) && !mount.path.includes(':') && mount.recursive === undefined
  if (!old) {
    const BindOptions = compact({ Propagation: mount.propagation, NonRecursive: mount.recursive === 'disabled' ? true : undefined })
    return compact({ Type: 'bind', Source: mount.path, Target: mount.target, ReadOnly: mount.readOnly, BindOptions })
  }
  const label = mount.selinux === undefined ? [] : [mount.selinux === 'shared' ? 'z' : 'Z']
  return `${mount.path}:${mount.target}:${[mount.readOnly ? 'ro' : 'rw', ...label, ...(mount.propagation ? [mount.propagation] : [])].join(',')}`
}

function tmpfsOptions({ options = [], sizeBytes, mode }: Extract<Mount, { kind: 'tmpfs' }>): string {
  return [...options, ...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`]), ...(mode === undefined ? [] : [`mode=${mode.toString(8)}`])].join(',')
}
