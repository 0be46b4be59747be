// An environment's services as its files configure them: overlays applied, variables filled in, secrets named by version.

import type { App } from '@pushway/core/app/types.ts'
import type { EnvironmentConfig } from '@pushway/core/project/types.ts'
import type { Parsed } from '@pushway/core/text/diagnostic.ts'
import type { CommitId, ProjectName } from '@pushway/core/text/ids.ts'
import { secretReference } from './group-spec.ts'
import type { Workshop } from './workshop.ts'

/** The services of `environment` at a commit, with every finding; values of secrets are not in it. */
export function configuredApp(shop: Workshop, at: { project: ProjectName; commit: CommitId; environment: EnvironmentConfig }): Promise<Parsed<App>> {
  const { settings } = shop.world
  const scope = { project: at.project, environment: at.environment.name }
  const secrets = Object.entries(settings.secrets(scope)).map(([name, { version }]) => [name, secretReference(name, version)] as const)
  return shop.sources.app(at, { ...settings.variables(scope), ...Object.fromEntries(secrets) })
}
