// CancelJob: asks the runner to stop a job. What becomes of it, the job's own report says.

import { fail } from '@pushway/core/reason/errors.ts'
import type { RunAction } from '@pushway/core/run/types.ts'
import type { Performer } from '../model/workshop.ts'

type CancelJob = Extract<RunAction, { kind: 'CancelJob' }>

export const cancelJob: Performer = {
  async perform(action, shop, signal) {
    const { run, job, attempt, force } = action.body as CancelJob
    const { project } = shop.states.run(run).state
    if (project === undefined) throw fail('not-found', { what: 'run', name: run })
    await shop.world.jobs.cancel({ project, run, job, attempt }, force, signal)
    return []
  },
  refused: () => [],
}
