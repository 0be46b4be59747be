// Keeps the routes of every environment in line with what is ready there.

import { environmentId } from '@pushway/core/text/ids.ts'
import { applyRoutes } from '../model/apply-routes.ts'
import { runtimeOf } from '../model/runtime-of.ts'
import type { Workshop } from '../model/workshop.ts'

/** One look at all environments that run something; problems are logged once each and looked at again next time. */
export function createRouteWatch(shop: Workshop, signal: AbortSignal): () => Promise<void> {
  const told = new Map<string, string>()

  async function look(project: string, name: string): Promise<void> {
    const id = environmentId(project, name)
    const { state } = shop.states.environment(project, name)
    const target = state.holder === undefined ? undefined : shop.states.deployment(state.holder).state.rollout?.target
    const release = shop.states.release(target ?? state.live?.release ?? '')
    if (!release) return
    try {
      await shop.exclusive(id, async () => {
        const statuses = await runtimeOf(shop, release).observe(id, signal)
        await applyRoutes(shop, { project, environment: name, statuses }, signal)
      })
      told.delete(id)
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      if (signal.aborted || told.get(id) === problem) return
      told.set(id, problem)
      shop.world.log.warn('the routes of an environment could not be set', { environment: id, problem })
    }
  }

  return async () => {
    const places = shop.world.lists.environments()
    await Promise.all(places.map(({ project, environment }) => look(project, environment)))
  }
}
