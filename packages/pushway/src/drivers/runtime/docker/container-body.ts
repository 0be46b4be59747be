// From a group's spec to the body of POST /containers/create. Pure.

import type { Probe } from '@pushway/core/app/types.ts'
import type { GroupSpec, ResolvedMount, ResolvedNetwork } from '../../../ports/runtime.ts'
import { compact, optionConfig, resourceConfig, restartConfig, type SharedWith } from './host-config.ts'

type Json = Readonly<Record<string, unknown>>

/** How this machine reaches containers: by their own addresses on the engine's bridges, or by ports published on the loopback address. */
export type Reach = 'bridge' | 'published'

export interface BodyInput {
  readonly spec: GroupSpec
  /** What the engine calls the image. */
  readonly image: string
  readonly labels: Readonly<Record<string, string>>
  readonly networks: readonly ResolvedNetwork[]
  /** `name:address` of services that are reached through the router. */
  readonly serviceHosts: readonly string[]
  readonly shared: SharedWith
  readonly reach: Reach
  /** The API spoken, such as 1.41: a few members moved. */
  readonly api: string
  /** Target → file of this machine, for files that are bound instead of copied in. */
  readonly boundFiles: Readonly<Record<string, string>>
}

/** The body; the container joins the first network with it, the others before its start. */
export function containerBody(input: BodyInput): Json {
  const { spec, labels, image } = input
  const options = spec.container ?? {}
  const [first] = input.networks
  return compact({
    Image: image,
    Labels: labels,
    Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
    Cmd: spec.command,
    // An empty list means "the image's own" to the engine; one empty word means none.
    Entrypoint: spec.entrypoint?.length === 0 ? [''] : spec.entrypoint,
    Hostname: options.hostname,
    Domainname: options.domainname,
    User: options.user,
    WorkingDir: options.workingDir,
    Tty: options.tty,
    OpenStdin: options.stdinOpen,
    StopSignal: options.stopSignal,
    StopTimeout: Math.ceil(spec.stopGraceMs / 1000),
    MacAddress: moved(input.api) ? undefined : options.macAddress,
    Healthcheck: healthcheck(spec.ready),
    ExposedPorts: Object.fromEntries(spec.ports.map((port) => [portKey(port), {}])),
    HostConfig: hostConfig(input),
    NetworkingConfig: first ? { EndpointsConfig: { [first.network.name]: endpoint(first, input) } } : undefined,
  })
}

function hostConfig(input: BodyInput): Json {
  const { spec, shared, networks } = input
  const options = spec.container ?? {}
  const mounts = spec.mounts ?? []
  const { tmpfs, binds, rest } = sortMounts(mounts, input.boundFiles)
  return compact({
    ...resourceConfig(spec.resources ?? {}),
    ...optionConfig(options, shared),
    RestartPolicy: restartConfig(spec.restart),
    NetworkMode: shared.networkMode ?? networks[0]?.network.name,
    PortBindings: portBindings(input),
    // Docker's own way to reach the machine; a name that the user maps wins.
    ExtraHosts: sharesNetwork(shared) ? undefined : [...(options.extraHosts ?? []).map(({ host, address }) => `${host}:${address}`), ...input.serviceHosts],
    Mounts: rest.length > 0 ? rest : undefined,
    Binds: binds.length > 0 ? binds : undefined,
    Tmpfs: Object.keys(tmpfs).length > 0 ? tmpfs : undefined,
  })
}

function sharesNetwork({ networkMode }: SharedWith): boolean {
  return networkMode?.startsWith('container:') ?? false
}

function portKey({ target, protocol }: { readonly target: number; readonly protocol: string }): string {
  return `${target}/${protocol === 'udp' ? 'udp' : 'tcp'}`
}

/** The router listens for published ports. The engine publishes what no router carries, and what must be reached where containers have no address of their own. */
function portBindings({ spec, reach, shared }: BodyInput): Json | undefined {
  if (sharesNetwork(shared) || shared.networkMode === 'host') return undefined
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const port of spec.ports) {
    const key = portKey(port)
    const own = port.protocol === 'udp' || port.mode === 'host'
    const published = port.published ?? (port.ephemeral ? '' : undefined)
    if (own && published !== undefined) bindings[key] = [...(bindings[key] ?? []), { HostIp: port.host ?? '', HostPort: range(published, port.publishedTo) }]
    else if (!own && reach === 'published') bindings[key] = [{ HostIp: '127.0.0.1', HostPort: '' }]
  }
  return Object.keys(bindings).length > 0 ? bindings : undefined
}

function range(from: number | '', to: number | undefined): string {
  return to === undefined ? String(from) : `${from}-${to}`
}

/** Since API 1.44 a MAC address belongs to a network's endpoint. */
function moved(api: string): boolean {
  return Number(api.split('.')[1] ?? 0) >= 44
}

/** How a container stands in a network: names, fixed addresses. */
export function endpoint(network: ResolvedNetwork, { spec, api }: Pick<BodyInput, 'spec' | 'api'>): Json {
  const fixed = compact({ IPv4Address: network.ipv4, IPv6Address: network.ipv6, LinkLocalIPs: network.linkLocal })
  return compact({
    Aliases: [...new Set([spec.service, ...(network.aliases ?? [])])],
    IPAMConfig: Object.keys(fixed).length > 0 ? fixed : undefined,
    DriverOpts: network.driverOptions,
    MacAddress: moved(api) ? (network.mac ?? spec.container?.macAddress) : network.mac,
    GwPriority: network.gatewayPriority,
  })
}

/** Commands are the engine's own health check, so that its `ps` shows them; pages and ports are asked for from outside. */
function healthcheck(probe: Probe | undefined): Json | undefined {
  if (probe === undefined || probe.check.kind === 'http' || probe.check.kind === 'tcp') return undefined
  const test = probe.check.kind === 'shell' ? ['CMD-SHELL', probe.check.line] : ['CMD', ...probe.check.argv]
  const nano = (ms: number) => Math.max(1, Math.round(ms)) * 1_000_000
  return { Test: test, Interval: nano(probe.intervalMs), Timeout: nano(probe.timeoutMs), Retries: probe.retries, StartPeriod: probe.startPeriodMs * 1_000_000 }
}

interface SortedMounts {
  readonly tmpfs: Record<string, string>
  readonly binds: readonly string[]
  readonly rest: readonly Json[]
}

/** The three ways in which the engine takes mounts. */
function sortMounts(mounts: readonly ResolvedMount[], boundFiles: Readonly<Record<string, string>>): SortedMounts {
  const tmpfs: Record<string, string> = {}
  const binds: string[] = []
  const rest: Json[] = Object.entries(boundFiles).map(([Target, Source]) => ({ Type: 'bind', Source, Target, ReadOnly: true }))
  for (const mount of mounts) {
    if (mount.kind === 'tmpfs' && mount.options !== undefined) tmpfs[mount.target] = tmpfsOptions(mount)
    // Only the old form relabels for SELinux.
    else if (mount.kind === 'bind' && mount.selinux !== undefined)
      binds.push(`${mount.path}:${mount.target}:${mount.readOnly ? 'ro' : 'rw'},${mount.selinux === 'shared' ? 'z' : 'Z'}`)
    else if (mount.kind !== 'file') rest.push(mountJson(mount))
  }
  return { tmpfs, binds, rest }
}

function tmpfsOptions({ options = [], sizeBytes, mode }: Extract<ResolvedMount, { kind: 'tmpfs' }>): string {
  return [...options, ...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`]), ...(mode === undefined ? [] : [`mode=${mode.toString(8)}`])].join(',')
}

function mountJson(mount: Exclude<ResolvedMount, { kind: 'file' }>): Json {
  switch (mount.kind) {
    case 'volume':
      return compact({
        Type: 'volume',
        Source: mount.volume?.name,
        Target: mount.target,
        ReadOnly: mount.readOnly,
        VolumeOptions: compact({ NoCopy: mount.noCopy, Subpath: mount.subpath }),
      })
    case 'bind':
      return compact({
        Type: 'bind',
        Source: mount.path,
        Target: mount.target,
        ReadOnly: mount.readOnly,
        BindOptions: compact({ Propagation: mount.propagation, NonRecursive: mount.recursive === 'disabled' ? true : undefined }),
      })
    case 'tmpfs':
      return compact({ Type: 'tmpfs', Target: mount.target, TmpfsOptions: compact({ SizeBytes: mount.sizeBytes, Mode: mount.mode }) })
    case 'image':
      return compact({ Type: 'image', Source: mount.image, Target: mount.target, ReadOnly: mount.readOnly, ImageOptions: compact({ Subpath: mount.subpath }) })
  }
}
