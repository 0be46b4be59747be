// Volumes: made when they are missing, never removed.

import { mkdir } from 'node:fs/promises'
import { fail } from '@pushway/core/reason/errors.ts'
import type { GroupSpec } from '../../../ports/runtime.ts'
import { volumeDetails } from '../../../util/engine-api/index.ts'
import type { DockerContext } from './context.ts'
import { compact } from './host-config.ts'
import { sharedLabels } from './labels.ts'
import { checkOwner } from './networks.ts'

/** Makes what the mounts of `spec` need. @throws PushwayError `external-missing`, `resource-taken` */
export async function ensureVolumes(context: DockerContext, spec: GroupSpec, signal: AbortSignal): Promise<void> {
  for (const mount of spec.mounts ?? []) {
    if (mount.kind === 'bind' && mount.createPath) await mkdir(mount.path, { recursive: true }).catch(() => undefined)
    if (mount.kind === 'volume' && mount.volume) await ensureVolume(context, { spec, volume: mount.volume }, signal)
  }
}

type Volume = NonNullable<Extract<NonNullable<GroupSpec['mounts']>[number], { kind: 'volume' }>['volume']>

async function ensureVolume(context: DockerContext, { spec, volume }: { spec: GroupSpec; volume: Volume }, signal: AbortSignal): Promise<void> {
  const { engine, store } = context
  const found = await engine.find(volumeDetails, { method: 'GET', path: `/volumes/${encodeURIComponent(volume.name)}`, signal })
  if (volume.external) {
    if (!found) throw fail('external-missing', { kind: 'volume', name: volume.name, service: spec.service })
    return
  }
  if (found) return checkOwner({ kind: 'volume', name: volume.name, labels: found.Labels }, spec)
  const body = compact({
    Name: volume.name,
    Driver: volume.driver ?? 'local',
    DriverOpts: volume.driverOptions,
    Labels: sharedLabels(spec, store.installation, { kind: 'volume', name: volume.name, ...(volume.labels ? { labels: volume.labels } : {}) }),
  })
  await engine.tell({ method: 'POST', path: '/volumes/create', body, signal })
}
