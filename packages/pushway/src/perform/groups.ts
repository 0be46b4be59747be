// EnsureGroup, ScaleGroup, RetireGroup: instances appear, change in number, and go after they have finished their requests.

import { fail } from '@pushway/core/reason/errors.ts'
import type { Release } from '@pushway/core/release/types.ts'
import type { RolloutAction } from '@pushway/core/rollout/types.ts'
import type { GroupId } from '@pushway/core/text/ids.ts'
import { applyRoutes } from '../model/apply-routes.ts'
import { groupSpec, secretFiller } from '../model/group-spec.ts'
import { namesOfHosts, namesWithin } from '../model/networks.ts'
import { resolveParts } from '../model/resolve-parts.ts'
import { serviceAddresses } from '../model/routes.ts'
import { groupParts } from '../model/serving.ts'
import type { Performer, Workshop } from '../model/workshop.ts'
import { abortBecause, type RolloutScene, sceneOf } from './rollout-action.ts'

type Action<K extends RolloutAction['kind']> = Extract<RolloutAction, { kind: K }>

/** Longest wait for a leaving group's requests; what is not answered then is ended by its own stop. */
const drainMs = 15_000

export const ensureGroup: Performer = {
  async perform(action, shop, signal) {
    const { group, replicas } = action.body as Action<'EnsureGroup'>
    const scene = sceneOf(action, shop)
    await shop.exclusive(scene.id, async () => {
      const statuses = await scene.runtime.observe(scene.id, signal)
      // The addresses come first: a program is told at its start where the other services are.
      const routes = await applyRoutes(shop, { ...scene, statuses }, signal)
      const release = releaseOf(group, scene)
      const service = release.services.find(({ name }) => name === groupParts(group).service)
      if (!service) throw fail('not-found', { what: 'service', name: groupParts(group).service })
      const spec = groupSpec({ id: group, release, service, settings: shop.world.settings, services: namesWithin(release, service, serviceAddresses(routes)) })
      const parts = await resolveParts({ shop, release, service, fill: secretFiller(release, shop.world.settings) })
      const hosts = namesOfHosts(release, service, await addressesOf(scene, release, signal))
      await scene.runtime.ensureGroup({ ...spec, ...parts, hosts }, replicas, signal)
    })
    return []
  },
  refused: abortBecause,
}

/** Service → its address on this machine, where the runtime has such addresses. */
async function addressesOf({ runtime, id }: RolloutScene, release: Release, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
  const found = await Promise.all(
    release.services.map(async ({ name }): Promise<readonly (readonly [string, string])[]> => {
      const address = await runtime.serviceAddress?.(id, name, signal)
      return address ? [[name, address.host]] : []
    }),
  )
  return Object.fromEntries(found.flat())
}

/** A group carries the release that first made it: the target's, the previous one's, or (unchanged since) an older one's. */
function releaseOf(group: GroupId, { target, previous }: RolloutScene): Release {
  const { release } = groupParts(group)
  return previous && (release === previous.id || release !== target.id) ? previous : target
}

export const scaleGroup: Performer = {
  async perform(action, shop, signal) {
    const { group, replicas } = action.body as Action<'ScaleGroup'>
    const scene = sceneOf(action, shop)
    await shop.exclusive(scene.id, () => scene.runtime.scaleGroup(group, replicas, signal))
    return []
  },
  refused: abortBecause,
}

export const retireGroup: Performer = {
  async perform(action, shop, signal) {
    const { group } = action.body as Action<'RetireGroup'>
    const scene = sceneOf(action, shop)
    const statuses = await scene.runtime.observe(scene.id, signal)
    const status = statuses.find(({ id }) => id === group)
    if (!status) return []
    await shop.exclusive(scene.id, () => applyRoutes(shop, { ...scene, statuses, without: [group] }, signal))
    const targets = new Set(status.instances.flatMap((instance) => Object.values(instance.addresses)))
    await drained(shop, { scene, targets }, signal)
    await shop.exclusive(scene.id, () => scene.runtime.removeGroup(group, signal))
    return []
  },
  refused: () => [],
}

/** Waits until no request is being answered by `targets`. */
async function drained(shop: Workshop, { scene, targets }: { scene: RolloutScene; targets: ReadonlySet<string> }, signal: AbortSignal): Promise<void> {
  const { clock, router } = shop.world
  const deadline = clock.now() + drainMs
  while (clock.now() < deadline && !signal.aborted) {
    const routes = await router.read(scene.id, signal)
    const busy = routes.some((route) => Object.entries(route.inFlight).some(([target, count]) => targets.has(target) && count > 0))
    if (!busy) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
