// Promotion: the images that one environment proved, with another environment's configuration of the same commit.

import { streams } from '@pushway/core/event/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { EnvironmentName, ProjectName } from '@pushway/core/text/ids.ts'
import type { DeploymentSummary } from '@pushway/core/views/types.ts'
import { environmentConfig } from '../model/environment-config.ts'
import { prepareRelease } from '../model/releases.ts'
import type { Workshop } from '../model/workshop.ts'
import { openDirect } from './commands-deployments.ts'
import { deploymentSummary } from './views/deployments.ts'

/** Opens the deployment of `from`'s live release in `to`. @throws PushwayError `not-found`, `compose-invalid`, `image-not-pinned` */
export async function promote(
  shop: Workshop,
  way: { project: ProjectName; from: EnvironmentName; to: EnvironmentName },
  by: string,
): Promise<DeploymentSummary> {
  const { project, from, to } = way
  const live = shop.states.environment(project, from).state.live
  const source = live && shop.states.release(live.release)
  if (!source) throw fail('not-found', { what: 'release', name: `live in ${from}` })
  const environment = await environmentConfig(shop, source, to)
  if (!environment) throw fail('not-found', { what: 'environment', name: to })
  const made = await prepareRelease(shop, { project, environment, commit: source.commit, ...(source.run ? { run: source.run } : {}), promoted: source })
  if (made.kind === 'refused') throw fail('release-refused', { environment: to, problems: made.problems.join('\n') })
  if (made.kind === 'needs-builds')
    throw fail('release-refused', { environment: to, problems: `${from} has no image for ${made.builds.map(({ service }) => service).join(', ')}.` })
  const { release } = made
  const created = { stream: streams.release(release.id), expected: 0, events: [{ type: 'ReleaseCreated' as const, release }] }
  const rule = environment.approval ? { rule: environment.approval } : {}
  const id = openDirect(shop, { project, environment: to, release: release.id, by, kind: 'promote', ...rule }, [created])
  return deploymentSummary(shop, id)
}
