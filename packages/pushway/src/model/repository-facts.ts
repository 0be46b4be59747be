// What GitHub-shaped objects say of a project's repository.

import type { RepositoryFacts } from '@pushway/core/github/base.ts'
import type { ProjectName } from '@pushway/core/text/ids.ts'
import type { Workshop } from './workshop.ts'

/** The project's repository; addresses are those of this server. */
export async function repositoryFacts(shop: Workshop, project: ProjectName): Promise<RepositoryFacts> {
  const { git, server } = shop.world
  const { createdAt, pushes } = shop.states.project(project).state
  const branch = await git.defaultBranch(project)
  return { project, server: server.url, defaultBranch: branch.slice('refs/heads/'.length), createdAt, pushedAt: pushes.at(-1)?.at ?? createdAt }
}

/** The default branch and the commit it stands at; undefined while it has none. */
export async function defaultHead(shop: Workshop, project: ProjectName): Promise<{ readonly ref: string; readonly sha: string } | undefined> {
  const ref = await shop.world.git.defaultBranch(project)
  const sha = await shop.world.git.resolve(project, ref)
  return sha === undefined ? undefined : { ref, sha }
}
