// The table of all routes of the GitHub-shaped API.

import type { Services } from '../services.ts'
import { actionRoutes } from './actions.ts'
import { contentRoutes } from './contents.ts'
import { deploymentRoutes } from './deployments.ts'
import { issueRoutes, pullRoutes } from './pulls.ts'
import { releaseRoutes } from './releases.ts'
import { repositoryRoutes } from './repositories.ts'
import type { RestRoute } from './route.ts'
import { checkRoutes, statusRoutes } from './statuses.ts'

export function restRoutes(services: Services): readonly RestRoute[] {
  return [
    ...repositoryRoutes(services),
    ...contentRoutes(services),
    ...pullRoutes(services),
    ...issueRoutes(services),
    ...statusRoutes(services),
    ...checkRoutes(services),
    ...deploymentRoutes(services),
    ...releaseRoutes(services),
    ...actionRoutes(services),
  ]
}
