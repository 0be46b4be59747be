// Records a new project and its first member.

import type { ProjectName } from '@pushway/core/text/ids.ts'
import type { ProjectView } from '@pushway/core/views/types.ts'
import type { Services } from './services.ts'

/** Image names and some file systems know no capital letters: two names that differ only in them can't both be. */
export function isSameName(a: ProjectName, b: ProjectName): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

/** The project, made if it is not there yet; who made it administers it. */
export function registerProject(
  { queries, commands, accounts }: Pick<Services, 'queries' | 'commands' | 'accounts'>,
  name: ProjectName,
  by: string,
): ProjectView {
  if (queries.projectNames().includes(name)) return queries.project(name)
  const view = commands.createProject(name, by)
  if (accounts.user(by)) accounts.setMember(name, by, 'admin')
  return view
}
