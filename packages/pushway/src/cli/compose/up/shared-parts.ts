// Networks and volumes of a project: made as Docker Compose makes them, found again by name, removed by `down`.

import type { NetworkModel } from '@pushway/core/compose/app/model.ts'
import { hashedPart } from '@pushway/core/compose/questions.ts'
import { composeLabel } from '@pushway/core/compose/run/labels.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { compact } from '../../../drivers/runtime/docker/host-config.ts'
import { EngineRefusal, networkDetails, volumeDetails, volumeList } from '../../../util/engine-api/index.ts'
import { hashOf, type ProjectSituation, type Situation } from '../situation.ts'
import type { Json } from './container-body.ts'

/** Makes what is missing. @throws PushwayError `external-missing`, `resource-taken` */
export async function ensureSharedParts(situation: ProjectSituation): Promise<void> {
  const { networks = {}, volumes = {} } = situation.model
  await Promise.all(Object.keys(networks).map((key) => ensureNetwork(situation, key)))
  await Promise.all(Object.keys(volumes).map((key) => ensureVolume(situation, key)))
}

async function ensureNetwork(situation: ProjectSituation, key: string): Promise<void> {
  const network = situation.model.networks?.[key] as NetworkModel
  const { engine, progress } = situation
  const found = await engine.find(networkDetails, { method: 'GET', path: `/networks/${encodeURIComponent(network.name)}` })
  if (network.external) {
    if (found || ['none', 'host', 'bridge'].includes(network.name)) return
    throw fail('external-missing', { kind: 'network', name: network.name, service: usersOf(situation, 'networks', key) })
  }
  const labels = { ...network.labels, ...partLabels(situation, 'networks', key) }
  if (found?.Name === network.name) return checkOwner(situation, { kind: 'network', name: network.name, labels: found.Labels })
  const id = `Network ${network.name}`
  progress.say(id, 'Creating')
  await engine.tell({ method: 'POST', path: '/networks/create', body: networkBody(network, labels) })
  progress.say(id, 'Created')
}

function networkBody(network: NetworkModel, labels: Readonly<Record<string, string>>): Json {
  const { ipam } = network
  const pools = ipam?.config?.map((pool) =>
    compact({ Subnet: pool.subnet, IPRange: pool.ip_range, Gateway: pool.gateway, AuxiliaryAddresses: pool.aux_addresses }),
  )
  return compact({
    Name: network.name,
    CheckDuplicate: true,
    Driver: network.driver ?? 'bridge',
    Options: network.driver_opts,
    Internal: network.internal,
    Attachable: network.attachable,
    EnableIPv4: network.enable_ipv4,
    EnableIPv6: network.enable_ipv6,
    Labels: labels,
    IPAM: ipam?.driver || pools ? compact({ Driver: ipam?.driver ?? 'default', Config: pools }) : undefined,
  })
}

async function ensureVolume(situation: ProjectSituation, key: string): Promise<void> {
  const { engine, progress, model } = situation
  const volume = model.volumes?.[key]
  if (!volume) return
  const found = await engine.find(volumeDetails, { method: 'GET', path: `/volumes/${encodeURIComponent(volume.name)}` })
  if (volume.external) {
    if (!found) throw fail('external-missing', { kind: 'volume', name: volume.name, service: usersOf(situation, 'volumes', key) })
    return
  }
  if (found) return checkOwner(situation, { kind: 'volume', name: volume.name, labels: found.Labels })
  const id = `Volume ${volume.name}`
  progress.say(id, 'Creating')
  const labels = { ...volume.labels, ...partLabels(situation, 'volumes', key) }
  const body = compact({ Name: volume.name, Driver: volume.driver ?? 'local', DriverOpts: volume.driver_opts, Labels: labels })
  await engine.tell({ method: 'POST', path: '/volumes/create', body })
  progress.say(id, 'Created')
}

function partLabels({ name, project }: ProjectSituation, section: 'networks' | 'volumes', key: string): Readonly<Record<string, string>> {
  const part = hashedPart(project, section, key)
  return {
    ...(part ? { [composeLabel.hash]: hashOf(part) } : {}),
    [section === 'networks' ? composeLabel.network : composeLabel.volume]: key,
    [composeLabel.project]: name,
    [composeLabel.version]: '',
  }
}

/** Another project's is used, and that is said, as Docker Compose does. */
function checkOwner({ name: project }: Situation, part: { kind: string; name: string; labels: Readonly<Record<string, string>> | undefined }): void {
  const owner = part.labels?.[composeLabel.project]
  if (owner === project) return
  const whose = owner === undefined ? 'was not made by compose' : `was made for the project ${owner}`
  process.stderr.write(`The ${part.kind} ${part.name} exists and ${whose}; it is used. Say \`external: true\` if that is meant.\n`)
}

function usersOf({ model }: ProjectSituation, section: 'networks' | 'volumes', key: string): string {
  const uses = Object.entries(model.services).filter(([, service]) =>
    section === 'networks' ? service.networks && key in service.networks : service.volumes?.some(({ source }) => source === key),
  )
  return uses.map(([name]) => name).join(', ')
}

/** Removes the project's networks; one that somebody else is connected to stays, and that is said. */
export async function removeNetworks({ engine, name, progress }: Situation): Promise<void> {
  const filters = { label: [`${composeLabel.project}=${name}`] }
  const list = await engine.call(networkDetails.array(), { method: 'GET', path: '/networks', query: { filters } })
  await Promise.all(
    list.map(async (network) => {
      const id = `Network ${network.Name}`
      progress.say(id, 'Removing')
      const problem = await engine.tell({ method: 'DELETE', path: `/networks/${network.Id}` }).catch(refusal)
      progress.say(id, problem === undefined ? 'Removed' : 'Resource is still in use')
    }),
  )
}

/** Removes the project's volumes, with what is in them. */
export async function removeVolumes({ engine, name, progress }: Situation): Promise<void> {
  const filters = { label: [`${composeLabel.project}=${name}`] }
  const { Volumes: list = [] } = await engine.call(volumeList, { method: 'GET', path: '/volumes', query: { filters } })
  await Promise.all(
    list.map(async (volume) => {
      const id = `Volume ${volume.Name}`
      progress.say(id, 'Removing')
      const problem = await engine.tell({ method: 'DELETE', path: `/volumes/${encodeURIComponent(volume.Name)}` }).catch(refusal)
      progress.say(id, problem === undefined ? 'Removed' : 'Resource is still in use')
    }),
  )
}

function refusal(error: unknown): string {
  if (error instanceof EngineRefusal) return error.message
  throw error
}
