// The engine's commands as one, over a workshop.

import type { Workshop } from '../model/workshop.ts'
import type { Commands, Queries } from '../ports/service.ts'
import { createDeploymentCommands } from './commands-deployments.ts'
import { createPullCommands } from './commands-pulls.ts'
import { createRunCommands } from './commands-runs.ts'
import { createTriggerCommands } from './commands-triggers.ts'
import { promote } from './promote.ts'

/** All commands. */
export function createCommands(shop: Workshop, queries: Queries): Commands {
  const runs = createRunCommands(shop, queries)
  return {
    ...runs,
    ...createPullCommands(shop, runs),
    ...createTriggerCommands(shop, runs),
    ...createDeploymentCommands(shop),
    promote: (project, { from, to }, by) => promote(shop, { project, from, to }, by),
  }
}
