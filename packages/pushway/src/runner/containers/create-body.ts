// What the engine is asked to create for a container of a job. Pure.

import type { CreateBody } from '../../util/engine-jobs.ts'
import { readOptions } from './options.ts'
import type { ContainerSpec } from './spec.ts'

export interface BodyOptions {
  readonly spec: ContainerSpec
  readonly image: string
  readonly network: string
  /** Its host names in the job's network. */
  readonly aliases: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly binds: readonly string[]
  /** Instead of the image's own. */
  readonly argv?: readonly string[]
  readonly workdir?: string
  /** Whether it may reach beyond its own files: folders of the machine, privileges. */
  readonly trusted: boolean
}

/** @throws Error with a sentence: what is refused, or not understood */
export function createBody(options: BodyOptions): CreateBody {
  const { spec, trusted } = options
  const flags = readOptions(spec.options)
  if (!trusted && flags.reaching.length > 0)
    throw new Error(`the option ${flags.reaching[0]} would let the job out of its container, which this server does not allow`)
  const volumes = [...spec.volumes, ...flags.volumes]
  const outside = volumes.find((volume) => /^[/~.]/.test(volume) && volume.includes(':'))
  if (!trusted && outside !== undefined) throw new Error(`the volume ${outside} is a folder of the machine, which this server does not allow; name a volume`)
  const ports = [...spec.ports, ...flags.ports].map(readPort)
  const command = commandOf(options)
  const body = {
    ...flags.config,
    ...command,
    Image: options.image,
    Env: Object.entries({ ...spec.env, ...flags.env }).map(([name, value]) => `${name}=${value}`),
    Labels: { ...(flags.config.Labels as object | undefined), ...options.labels },
    ExposedPorts: { ...(flags.config.ExposedPorts as object | undefined), ...Object.fromEntries(ports.map(({ inside }) => [inside, {}])) },
    ...(options.workdir ? { WorkingDir: options.workdir } : {}),
    ...(Object.keys(flags.health).length > 0 ? { Healthcheck: flags.health } : {}),
    ...(volumes.some((volume) => !volume.includes(':'))
      ? { Volumes: Object.fromEntries(volumes.filter((volume) => !volume.includes(':')).map((path) => [path, {}])) }
      : {}),
    HostConfig: {
      ...flags.host,
      NetworkMode: options.network,
      Binds: [...options.binds, ...volumes.filter((volume) => volume.includes(':'))],
      PortBindings: groupPorts(ports),
    },
    NetworkingConfig: { EndpointsConfig: { [options.network]: { Aliases: [...options.aliases, ...flags.aliases] } } },
  }
  const { name, platform } = flags.own as { readonly name?: string; readonly platform?: string }
  return { name, platform, body }
}

function commandOf({ argv, spec }: BodyOptions): Readonly<Record<string, readonly string[]>> {
  if (argv) return { Entrypoint: argv.slice(0, 1), Cmd: argv.slice(1) }
  return { ...(spec.entrypoint ? { Entrypoint: spec.entrypoint.split(/\s+/) } : {}), ...(spec.command ? { Cmd: spec.command.split(/\s+/) } : {}) }
}

interface Port {
  /** `80/tcp`. */
  readonly inside: string
  readonly address: string
  /** '' is any. */
  readonly outside: string
}

/** `80`, `8080:80`, `127.0.0.1:8080:80/udp`. */
function readPort(text: string): Port {
  const match = /^(?:(?:(\[[0-9a-fA-F:]+\]|[0-9.]+):)?(\d*):)?(\d+)(?:\/(tcp|udp|sctp))?$/.exec(text.trim())
  if (!match) throw new Error(`"${text}" is no port such as 80, 8080:80 or 53:53/udp`)
  const [, address = '', outside = '', inside, protocol = 'tcp'] = match
  return { inside: `${inside}/${protocol}`, address: address.replace(/^\[|\]$/g, ''), outside }
}

function groupPorts(ports: readonly Port[]): Readonly<Record<string, readonly object[]>> {
  const groups: Record<string, object[]> = {}
  for (const { inside, address, outside } of ports) {
    groups[inside] = [...(groups[inside] ?? []), { HostIp: address, HostPort: outside }]
  }
  return groups
}
