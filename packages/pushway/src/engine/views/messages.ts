// What a commit says, as far as its push told; views never wait for git.

import type { CommitId, ProjectName } from '@pushway/core/text/ids.ts'
import type { Workshop } from '../../model/workshop.ts'

/** The first line of the commit's message; empty when no push of it was seen. */
export function messageOf(shop: Workshop, project: ProjectName, commit: CommitId): string {
  return shop.states.project(project).state.pushes.findLast((push) => push.after === commit)?.message ?? ''
}
