// SetWeights: gives the new side of a rollout its share of the traffic.

import { type RolloutAction, takesShare } from '@pushway/core/rollout/types.ts'
import { applyRoutes } from '../model/apply-routes.ts'
import type { Performer } from '../model/workshop.ts'
import { abortBecause, sceneOf } from './rollout-action.ts'

export const setWeights: Performer = {
  async perform(action, shop, signal) {
    const { percent, service } = action.body as Extract<RolloutAction, { kind: 'SetWeights' }>
    const scene = sceneOf(action, shop)
    const { rollout } = scene.state
    const routed = (rollout?.plan.services ?? []).filter((one) => one.routed && (service === undefined ? takesShare(one, percent) : one.service === service))
    const weights = { ...rollout?.weights, ...Object.fromEntries(routed.map((one) => [one.service, percent])) }
    const at = await shop.exclusive(scene.id, async () => {
      const statuses = await scene.runtime.observe(scene.id, signal)
      await applyRoutes(shop, { ...scene, statuses, weights }, signal)
      return shop.world.clock.now()
    })
    return [{ stream: action.stream, expected: 'any', events: [{ type: 'WeightsSet', percent, at, ...(service ? { service } : {}) }] }]
  },
  refused: abortBecause,
}
