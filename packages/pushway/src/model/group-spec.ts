// From a released service to the spec that a runtime is given: secret values filled in, names resolved.

import { fail } from '@pushway/core/reason/errors.ts'
import type { Release, ReleasedService } from '@pushway/core/release/types.ts'
import type { GroupId } from '@pushway/core/text/ids.ts'
import { environmentId } from '@pushway/core/text/ids.ts'
import type { GroupSpec } from '../ports/runtime.ts'
import type { Settings } from '../ports/settings.ts'

/** How a release's rendered configuration names a secret: the version is pinned, the value is not in it. */
export function secretReference(name: string, version: number): string {
  return `{{secrets.${name}@${version}}}`
}

const reference = /\{\{secrets\.([A-Za-z_]\w*)@(\d+)\}\}/g

/** The secrets (name → version) that a text names. */
export function secretsIn(text: string): Readonly<Record<string, number>> {
  return Object.fromEntries([...text.matchAll(reference)].map(([, name, version]) => [name ?? '', Number(version)]))
}

/** Fills the secrets of a release into a text. What it gives throws PushwayError `not-found` when a pinned version is gone. */
export function secretFiller(release: Release, settings: Settings): (text: string) => string {
  const scope = { project: release.project, environment: release.environment }
  return (text) =>
    text.replace(reference, (_, name: string, version: string) => {
      const value = settings.secretAt(scope, name, Number(version))
      if (!value) throw fail('not-found', { what: 'secret', name: `${name} (version ${version})` })
      return value.reveal()
    })
}

/**
 * The spec of a group.
 * @param services `service:port` → `host:port`, as the router listens
 * @throws PushwayError `not-found` when a pinned version of a secret is gone
 */
export function groupSpec(input: {
  id: GroupId
  release: Release
  service: ReleasedService
  settings: Settings
  services: Readonly<Record<string, string>>
}): GroupSpec {
  const { id, release, service, settings, services } = input
  const fill = secretFiller(release, settings)
  return {
    id,
    environment: environmentId(release.project, release.environment),
    service: service.name,
    release: release.id,
    image: service.image,
    ...(service.entrypoint ? { entrypoint: service.entrypoint.map(fill) } : {}),
    ...(service.command ? { command: service.command.map(fill) } : {}),
    env: Object.fromEntries(Object.entries(service.environment).map(([name, value]) => [name, fill(value)])),
    ports: service.ports,
    ...(service.ready ? { ready: service.ready } : {}),
    ...(service.live ? { live: service.live } : {}),
    stopGraceMs: service.stopGraceMs,
    services,
  }
}
