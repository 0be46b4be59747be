// An environment's settings at a commit, and the address people and checks reach it at.

import type { EnvironmentConfig } from '@pushway/core/project/types.ts'
import { refuse } from '@pushway/core/reason/errors.ts'
import type { Release } from '@pushway/core/release/types.ts'
import { hasErrors } from '@pushway/core/text/diagnostic.ts'
import type { CommitId, EnvironmentName, ProjectName } from '@pushway/core/text/ids.ts'
import type { Workshop } from './workshop.ts'

/** What pushway.yml (or its defaults) says of an environment; undefined when it says nothing. @throws PushwayError `project-invalid` */
export async function environmentConfig(
  shop: Workshop,
  at: { project: ProjectName; commit: CommitId },
  name: EnvironmentName,
): Promise<EnvironmentConfig | undefined> {
  const parsed = await shop.sources.config(at.project, at.commit)
  if (!parsed.value || hasErrors(parsed.diagnostics)) throw refuse('project-invalid', 'pushway.yml', parsed.diagnostics)
  return parsed.value.environments.find((environment) => environment.name === name)
}

/** The configured address, else the first published port on this machine. */
export async function environmentUrl(shop: Workshop, release: Release): Promise<string> {
  const config = await environmentConfig(shop, release, release.environment)
  return config?.url ?? publishedUrl(release) ?? ''
}

/** `http://localhost:PORT` of the first published HTTP port. */
export function publishedUrl(release: Release): string | undefined {
  const port = release.services.flatMap((service) => service.ports).find(({ published, protocol }) => published !== undefined && protocol === 'http')
  return port?.published === undefined ? undefined : `http://${port.host && port.host !== '0.0.0.0' ? port.host : 'localhost'}:${port.published}`
}
