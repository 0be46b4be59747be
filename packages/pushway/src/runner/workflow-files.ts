// Workflow files of other repositories, from the sources that actions come from.

import { parseReference } from '@pushway/core/action/reference.ts'
import type { WorkflowFiles } from '../ports/world.ts'
import type { ActionSources } from '../util/job-spool.ts'
import { describeSources, fetchAction } from './action-store.ts'
import { ActionFailure } from './actions/types.ts'
import { readFileInside } from './read-inside.ts'

/** Finds files by the sources, in their order; the first source that has the repository decides. */
export function createWorkflowFiles(sources: ActionSources): WorkflowFiles {
  return {
    async find({ repository, path, ref }, own) {
      const reference = parseReference(`${repository}@${ref}`)
      if ('problem' in reference || reference.kind !== 'repository') return { problem: `"${repository}@${ref}" names no repository at a branch, tag or commit` }
      try {
        const files = await fetchAction(reference, sources, own)
        if (!files) return { problem: `no source has ${repository}@${ref} (${describeSources(sources)})` }
        const text = readFileInside(files.dir, path)
        return text === undefined ? { problem: `${repository} has no ${path} at ${ref}` } : { text, ...(files.commit ? { sha: files.commit } : {}) }
      } catch (error) {
        if (error instanceof ActionFailure) return { problem: error.message.replace(/\.$/, '') }
        throw error
      }
    },
  }
}
