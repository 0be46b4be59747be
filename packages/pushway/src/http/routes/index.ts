// The table of all routes.

import { describeApi } from '../openapi.ts'
import { type Route, route } from '../route.ts'
import type { Services } from '../services.ts'
import { artifactRoutes } from './artifacts.ts'
import { deploymentRoutes } from './deployments.ts'
import { environmentRoutes } from './environments.ts'
import { eventRoutes } from './events.ts'
import { imageRoutes } from './images.ts'
import { projectRoutes } from './projects.ts'
import { pullRoutes } from './pulls.ts'
import { runRoutes } from './runs.ts'
import { sessionRoutes } from './session.ts'
import { settingRoutes } from './settings.ts'
import { userRoutes } from './users.ts'

/** Every route of the API, in the order of the OpenAPI page. */
export function allRoutes(services: Services): readonly Route[] {
  const routes: readonly Route[] = [
    ...sessionRoutes(services),
    ...projectRoutes(services),
    ...runRoutes(services),
    ...pullRoutes(services),
    ...artifactRoutes(services),
    ...environmentRoutes(services),
    ...deploymentRoutes(services),
    ...settingRoutes(services),
    ...imageRoutes(services),
    ...userRoutes(services),
    ...eventRoutes(services),
    route({
      method: 'GET',
      path: '/openapi.json',
      action: 'api.describe',
      summary: 'This document.',
      handle: () => describeApi(routes, services.version),
    }),
  ]
  return routes
}
