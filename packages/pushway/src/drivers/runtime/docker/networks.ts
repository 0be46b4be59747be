// Networks: made as compose makes them, found again by name, removed when no group of their environment needs them.

import { fail } from '@pushway/core/reason/errors.ts'
import type { GroupSpec, ResolvedNetwork } from '../../../ports/runtime.ts'
import { type Engine, EngineRefusal, type NetworkDetails, networkDetails } from '../../../util/engine-api/index.ts'
import type { DockerContext } from './context.ts'
import { compact } from './host-config.ts'
import { label, projectOf, sharedLabels } from './labels.ts'

/** The networks that instances of `spec` join, the one for the default route first. None with a network mode of its own. */
export function networksOf(spec: GroupSpec): readonly ResolvedNetwork[] {
  if (spec.container?.networkMode !== undefined) return []
  const wanted = spec.networks ?? [{ network: { name: `${projectOf(spec)}_default` } }]
  return wanted.toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0))
}

function findNetwork(engine: Engine, name: string, signal?: AbortSignal): Promise<NetworkDetails | undefined> {
  return engine.find(networkDetails, { method: 'GET', path: `/networks/${encodeURIComponent(name)}`, ...(signal ? { signal } : {}) })
}

/** Makes the networks of `spec` that are missing. @throws PushwayError `external-missing`, `resource-taken` */
export async function ensureNetworks(context: DockerContext, spec: GroupSpec, signal: AbortSignal): Promise<void> {
  for (const wanted of networksOf(spec)) await context.locks(`network ${wanted.network.name}`, () => ensureNetwork(context, { spec, wanted }, signal))
}

async function ensureNetwork(context: DockerContext, { spec, wanted }: { spec: GroupSpec; wanted: ResolvedNetwork }, signal: AbortSignal): Promise<void> {
  const { network } = wanted
  const found = await findNetwork(context.engine, network.name, signal)
  if (network.external) {
    if (!found) throw fail('external-missing', { kind: 'network', name: network.name, service: spec.service })
    return
  }
  if (found) return checkOwner({ kind: 'network', name: network.name, labels: found.Labels }, spec)
  const body = compact({
    Name: network.name,
    CheckDuplicate: true,
    Driver: network.driver ?? 'bridge',
    Options: network.driverOptions,
    Internal: network.internal,
    Attachable: network.attachable,
    EnableIPv4: network.enableIpv4,
    EnableIPv6: network.enableIpv6,
    Labels: sharedLabels(spec, context.store.installation, { kind: 'network', name: network.name, ...(network.labels ? { labels: network.labels } : {}) }),
    IPAM: network.ipam && {
      Driver: network.ipam.driver ?? 'default',
      Options: network.ipam.options ?? {},
      Config: (network.ipam.config ?? []).map((pool) =>
        compact({ Subnet: pool.subnet, IPRange: pool.ipRange, Gateway: pool.gateway, AuxiliaryAddresses: pool.auxiliary }),
      ),
    },
  })
  await context.engine.tell({ method: 'POST', path: '/networks/create', body, signal })
}

/** What another environment or another compose project made is not ours to use: names must differ. @throws PushwayError `resource-taken` */
export function checkOwner(part: { kind: 'network' | 'volume'; name: string; labels: Readonly<Record<string, string>> | undefined }, spec: GroupSpec): void {
  const { kind, name, labels } = part
  const environment = labels?.[label.environment]
  const project = labels?.[label.composeProject]
  if (environment !== undefined && environment !== spec.environment) throw fail('resource-taken', { kind, name, owner: `the environment ${environment}` })
  if (environment === undefined && project !== undefined && project !== projectOf(spec))
    throw fail('resource-taken', { kind, name, owner: `the compose project ${project}` })
}

/** Removes the networks of `spec` that no other group needs and nobody is connected to. Volumes stay: they are data. */
export async function removeUnusedNetworks(context: DockerContext, spec: GroupSpec): Promise<void> {
  const inUse = new Set(
    context.store
      .all()
      .filter((record) => record.spec.environment === spec.environment && record.spec.id !== spec.id)
      .flatMap((record) => networksOf(record.spec).map(({ network }) => network.name)),
  )
  for (const { network } of networksOf(spec)) {
    if (network.external || inUse.has(network.name)) continue
    await context.locks(`network ${network.name}`, async () => {
      const found = await findNetwork(context.engine, network.name)
      if (found?.Labels?.[label.installation] !== context.store.installation) return
      await context.engine.tell({ method: 'DELETE', path: `/networks/${encodeURIComponent(network.name)}` }).catch((error: unknown) => {
        // Somebody is connected to it: it goes with them.
        if (!(error instanceof EngineRefusal)) throw error
      })
    })
  }
}

/** The address ranges of an environment's networks. */
export async function subnetsOf(context: DockerContext, environment: string, signal: AbortSignal): Promise<readonly string[]> {
  const filters = { label: [`${label.environment}=${environment}`] }
  const list = await context.engine.call(networkDetails.array(), { method: 'GET', path: '/networks', query: { filters }, signal })
  return list.flatMap(({ IPAM }) => (IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? [])).toSorted()
}
