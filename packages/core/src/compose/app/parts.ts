// Networks, volumes, configs and secrets of a project, and how services hold networks.

import type { AppFile, AppNetwork, AppVolume, NetworkAttachment } from '../../app/parts.ts'
import type { App } from '../../app/types.ts'
import { type Making, placeAt, placeOfPath, present, presentOrNothing } from './making.ts'
import type { FileModel, NetworkModel, ProjectModel, ServiceModel, VolumeModel } from './model.ts'

/** The parts that the project's services share. */
export function partsOf(model: ProjectModel, making: Making): Omit<App, 'services'> {
  const files = (kind: 'configs' | 'secrets') => mapValues(model[kind], (file, key) => fileOf(file, { kind, key }, making))
  return present({
    networks: mapValues(model.networks, networkOf),
    volumes: mapValues(model.volumes, volumeOf),
    configs: files('configs'),
    secrets: files('secrets'),
  })
}

function mapValues<T, U>(
  all: Readonly<Record<string, T>> | undefined,
  change: (value: T, key: string) => U | undefined,
): Readonly<Record<string, U>> | undefined {
  if (!all) return undefined
  return Object.fromEntries(
    Object.entries(all).flatMap(([key, value]) => {
      const changed = change(value, key)
      return changed === undefined ? [] : [[key, changed]]
    }),
  )
}

function networkOf(network: NetworkModel): AppNetwork {
  const config = network.ipam?.config?.map((pool) =>
    present({ subnet: pool.subnet, ipRange: pool.ip_range, gateway: pool.gateway, auxiliary: pool.aux_addresses }),
  )
  return {
    name: network.name,
    ...present({
      external: network.external,
      driver: network.driver,
      driverOptions: network.driver_opts,
      internal: network.internal,
      attachable: network.attachable,
      enableIpv4: network.enable_ipv4,
      enableIpv6: network.enable_ipv6,
      ipam: presentOrNothing({ driver: network.ipam?.driver, config }),
      labels: network.labels,
    }),
  }
}

function volumeOf(volume: VolumeModel): AppVolume {
  return { name: volume.name, ...present({ external: volume.external, driver: volume.driver, driverOptions: volume.driver_opts, labels: volume.labels }) }
}

function fileOf(file: FileModel, { kind, key }: { readonly kind: 'configs' | 'secrets'; readonly key: string }, making: Making): AppFile | undefined {
  const source = sourceOf(file, placeAt(making, [kind, key, 'file']), making)
  return source && { name: file.name, source, ...present({ labels: file.labels }) }
}

function sourceOf(file: FileModel, place: Parameters<typeof placeOfPath>[1], making: Making): AppFile['source'] | undefined {
  if (file.external) return { kind: 'external' }
  if (file.content !== undefined) return { kind: 'content', content: file.content }
  if (file.environment !== undefined) {
    const value = Object.hasOwn(making.env, file.environment) ? making.env[file.environment] : undefined
    return { kind: 'environment', variable: file.environment, ...present({ value }) }
  }
  const from = placeOfPath(file.file ?? '', place, making)
  return from && { kind: from.from, path: from.path }
}

/** The networks of a service, the one to connect first before the others. */
export function attachmentsOf(service: ServiceModel): readonly NetworkAttachment[] | undefined {
  const attached = Object.entries(service.networks ?? {}).map(([network, said]): NetworkAttachment => {
    const one = said ?? {}
    return {
      network,
      ...present({
        aliases: one.aliases,
        ipv4: one.ipv4_address,
        ipv6: one.ipv6_address,
        linkLocal: one.link_local_ips,
        mac: one.mac_address,
        interfaceName: one.interface_name,
        driverOptions: one.driver_opts,
        priority: one.priority,
        gatewayPriority: one.gw_priority,
      }),
    }
  })
  const alone = attached.length === 1 && attached[0]?.network === 'default' && Object.keys(attached[0]).length === 1
  if (attached.length === 0 || alone) return undefined
  return attached.toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0) || (a.network < b.network ? -1 : 1))
}
