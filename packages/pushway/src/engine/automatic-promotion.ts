// `promote: { from: staging, automatic: true }`: what one environment has proven goes on to the next by itself.

import type { EnvironmentName, ProjectName } from '@pushway/core/text/ids.ts'
import type { Workshop } from '../model/workshop.ts'
import { promote } from './promote.ts'

interface Way {
  readonly project: ProjectName
  readonly from: EnvironmentName
  readonly to: EnvironmentName
}

/**
 * Opens the promotions that are due: a release went live (and was verified) in `from`, and nothing has been deployed to the
 * environment that takes it automatically since then. Asked after each verification and at the start, so a crash loses none.
 */
export async function promoteAutomatically(shop: Workshop): Promise<void> {
  for (const { project, environment } of shop.world.lists.environments()) {
    for (const way of await waysFrom(shop, project, environment)) {
      if (!isDue(shop, way)) continue
      await promote(shop, way, 'pushway').catch((error: unknown) =>
        shop.world.log.warn('a release could not be promoted by itself', { ...way, problem: error instanceof Error ? error.message : String(error) }),
      )
    }
  }
}

async function waysFrom(shop: Workshop, project: ProjectName, from: EnvironmentName): Promise<readonly Way[]> {
  const live = shop.states.environment(project, from).state.live
  const release = live && shop.states.release(live.release)
  if (!release) return []
  const config = (await shop.sources.config(project, release.commit)).value
  const takers = config?.environments.filter(({ promote: rule }) => rule?.automatic === true && rule.from === from) ?? []
  return takers.map(({ name }) => ({ project, from, to: name }))
}

function isDue(shop: Workshop, { project, from, to }: Way): boolean {
  const live = shop.states.environment(project, from).state.live
  const [newest] = shop.world.lists.deployments(project, to, 1)
  const since = newest === undefined ? 0 : (shop.states.deployment(newest).state.created?.at ?? 0)
  // A way back in `from` is no news for the next environment.
  return live !== undefined && live.kind !== 'rollback' && live.at > since
}
