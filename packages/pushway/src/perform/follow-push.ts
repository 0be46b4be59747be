// FollowPush: what a push means for open pull requests.

import { type FollowedPush, followPush } from '../model/pulls.ts'
import type { Performer } from '../model/workshop.ts'

export const performFollowPush: Performer = {
  async perform(action, shop) {
    await followPush(shop, action.body as FollowedPush)
    return []
  },
  refused: () => [],
}
