// A little world that workflows are started in: a real repository, jobs that succeed at once, a clock that is moved.

import { join } from 'node:path'
import type { JobSpec } from '@pushway/core/run/types.ts'
import { createOutside, type LittleWorld, startLittleWorld } from './little-world.ts'
import { openRealGit, type RealGit } from './real-git.ts'
import { tempDir } from './temp.ts'

export const project = 'acme/hello'

/** A little world over a real repository with one project; pushes are told as git's server tells them. */
export interface EventScene {
  readonly world: LittleWorld
  readonly git: RealGit
  readonly clock: { time: number }
  readonly specs: JobSpec[]
  push(ref: string, before: string | null, after: string | null, byRun?: boolean): Promise<void>
  /** Passes of the loop until nothing is left to do. */
  settle(): Promise<void>
  /** `event: workflow` of all runs, oldest first. */
  started(): readonly string[]
  restart(): void
}

const open: LittleWorld[] = []
/** For `afterEach`. */
export function closeEventScenes(): void {
  for (const world of open.splice(0)) world.close()
}

/** A new scene in a folder of its own. */
export async function makeEventScene(): Promise<EventScene> {
  const dir = tempDir('events')
  const git = await openRealGit(join(dir, 'git'), project)
  const specs: JobSpec[] = []
  const outside = createOutside(join(dir, 'test.db'), (spec) => void specs.push(spec))
  outside.git = git.repositories
  let world = startLittleWorld(outside)
  open.push(world)
  world.commands.createProject(project, 'ada')
  const scene: EventScene = {
    get world() {
      return world
    },
    git,
    clock: outside.clock,
    specs,
    async push(ref, before, after, byRun = false) {
      await world.commands.receivePush({ project, updates: [{ ref, before, after }], source: 'git', byRun }, 'ada')
      await scene.settle()
    },
    async settle() {
      for (let i = 0; i < 8; i += 1) await world.pass(10)
    },
    started: () =>
      world.queries
        .runs(project, 100)
        .map((run) => `${run.event}: ${run.workflowName}`)
        .toReversed(),
    restart() {
      open.splice(open.indexOf(world), 1)
      world.close()
      world = startLittleWorld(outside)
      open.push(world)
    },
  }
  return scene
}
