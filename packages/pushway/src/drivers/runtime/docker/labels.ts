// The labels by which containers, networks and volumes are found again: ours, and compose's own so that its commands see them. Pure.

import type { EnvironmentId, GroupId, ReleaseId } from '@pushway/core/text/ids.ts'
import type { GroupSpec } from '../../../ports/runtime.ts'

export const label = {
  /** Which data folder made it: two servers on one engine don't see each other's. */
  installation: 'dev.pushway.installation',
  environment: 'dev.pushway.environment',
  group: 'dev.pushway.group',
  service: 'dev.pushway.service',
  release: 'dev.pushway.release',
  /** Counts up in a group. */
  instance: 'dev.pushway.instance',
  composeProject: 'com.docker.compose.project',
  composeService: 'com.docker.compose.service',
  composeNumber: 'com.docker.compose.container-number',
  composeOneOff: 'com.docker.compose.oneoff',
  composeNetwork: 'com.docker.compose.network',
  composeVolume: 'com.docker.compose.volume',
} as const

type Labels = Readonly<Record<string, string>>

/** The compose project that a group's things are labelled and named with. */
export function projectOf(spec: Pick<GroupSpec, 'project' | 'environment'>): string {
  return spec.project ?? spec.environment.toLowerCase().replace(/[^a-z0-9_-]+/g, '-')
}

/** What a container of `spec` is labelled with. */
export function containerLabels(spec: GroupSpec, installation: string, instance: { readonly number: number; readonly name: number }): Labels {
  return {
    ...spec.container?.labels,
    [label.installation]: installation,
    [label.environment]: spec.environment,
    [label.group]: spec.id,
    [label.service]: spec.service,
    [label.release]: spec.release,
    [label.instance]: String(instance.number),
    [label.composeProject]: projectOf(spec),
    [label.composeService]: spec.service,
    [label.composeNumber]: String(instance.name),
    [label.composeOneOff]: 'False',
  }
}

/** Whose a container is, from its labels; undefined when it is none of this installation's groups. */
export function ownerOf(
  labels: Labels | undefined,
): { readonly id: GroupId; readonly environment: EnvironmentId; readonly service: string; readonly release: ReleaseId; readonly number: number } | undefined {
  const id = labels?.[label.group]
  const environment = labels?.[label.environment]
  const service = labels?.[label.service]
  const release = labels?.[label.release]
  if (!id || !environment || !service || !release) return undefined
  return { id, environment, service, release, number: Number(labels?.[label.instance] ?? 0) }
}

/** The labels of a network or volume; `key` is compose's name for it, without the project. */
export function sharedLabels(
  spec: GroupSpec,
  installation: string,
  part: { readonly kind: 'network' | 'volume'; readonly name: string; readonly labels?: Labels },
): Labels {
  const project = projectOf(spec)
  const key = part.name.startsWith(`${project}_`) ? part.name.slice(project.length + 1) : part.name
  return {
    ...part.labels,
    [label.installation]: installation,
    [label.environment]: spec.environment,
    [label.composeProject]: project,
    [part.kind === 'network' ? label.composeNetwork : label.composeVolume]: key,
  }
}
