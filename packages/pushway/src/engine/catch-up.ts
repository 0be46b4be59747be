// Pushes that the program died on: git has moved a ref, and no fact says so. They are taken up at the next start.

import type { CommitId, ProjectName } from '@pushway/core/text/ids.ts'
import type { Workshop } from '../model/workshop.ts'
import type { Commands, RefUpdate } from '../ports/service.ts'

type Refs = Readonly<Record<string, CommitId>>

/** The moves that lead from what is recorded to what git has; branches and tags only. */
export function missedUpdates(recorded: Refs, present: ReadonlyMap<string, CommitId>): readonly RefUpdate[] {
  const moved = [...present].filter(([ref, after]) => /^refs\/(heads|tags)\//.test(ref) && recorded[ref] !== after)
  const deleted = Object.keys(recorded).filter((ref) => !present.has(ref))
  return [
    ...moved.map(([ref, after]) => ({ ref, before: recorded[ref] ?? null, after })),
    ...deleted.map((ref) => ({ ref, before: recorded[ref] ?? null, after: null })),
  ]
}

/** Takes up what was missed, project by project. `refsOf`: what git has. */
export async function catchUpPushes(
  shop: Workshop,
  commands: Pick<Commands, 'receivePush'>,
  refsOf: (project: ProjectName) => Promise<ReadonlyMap<string, CommitId>>,
): Promise<void> {
  const { lists, log } = shop.world
  for (const project of lists.projects()) {
    try {
      const updates = missedUpdates(shop.states.project(project).state.refs, await refsOf(project))
      if (updates.length === 0) continue
      log.warn('a push was cut off by the end of the program and is taken up now', { project, refs: updates.map(({ ref }) => ref) })
      await commands.receivePush({ project, updates, source: 'git' }, 'pushway')
    } catch (error) {
      log.error('the refs of a project could not be compared', { project, problem: String(error) })
    }
  }
}
