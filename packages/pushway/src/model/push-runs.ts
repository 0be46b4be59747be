// From a moved ref to runs: push, create and delete.

import type { RepositoryFacts } from '@pushway/core/github/base.ts'
import { type PushedCommit, pushPayload, refPayload } from '@pushway/core/github/push.ts'
import { skipWord } from '@pushway/core/run/skip.ts'
import type { RunCause } from '@pushway/core/run/types.ts'
import { type Diagnostic, formatDiagnostic } from '@pushway/core/text/diagnostic.ts'
import type { CommitId, ProjectName } from '@pushway/core/text/ids.ts'
import type { CommitRecord } from '../ports/history.ts'
import type { RefUpdate } from '../ports/service.ts'
import { configuredApp } from './configured-app.ts'
import { runsForEvent } from './event-runs.ts'
import { defaultHead, repositoryFacts } from './repository-facts.ts'
import { type RunRequest, type StartedRuns, startAll } from './start-runs.ts'
import type { Workshop } from './workshop.ts'

export interface MovedRef {
  readonly project: ProjectName
  readonly update: RefUpdate
  readonly by: string
}

/** As GitHub does, a payload has at most these of the newest commits. */
const mostCommits = 2048

/** The runs that a push asks for, not written yet. Every workflow file is looked at, also when another one is refused. */
export async function startRunsForPush(shop: Workshop, push: MovedRef): Promise<StartedRuns> {
  const { project, update, by } = push
  const { ref, before, after } = update
  if (after === null) return startAll(shop, await runsForDelete(shop, push))
  const { world, sources } = shop
  const created = before === null ? await runsForCreate(shop, push, after) : []
  const files = await sources.workflowFiles(project, after)
  if (files.length === 0) return startAll(shop, created, ['No workflow: the repository has no file in .github/workflows/.'])
  const skip = skipWord((await world.git.commitInfo(project, after))?.message ?? '')
  if (skip !== undefined) return startAll(shop, created, [`The commit message says ${skip}: no workflow was started.`])
  const [payload, changedPaths] = await Promise.all([payloadOf(shop, push), world.git.changedPaths(project, before, after)])
  const cause: RunCause = { event: 'push', ref, sha: after, actor: by, payload }
  const { requests, refused } = await runsForEvent(shop, { project, cause, trigger: { changedPaths } })
  const problems = [...(await configProblems(shop, project, after)), ...refused]
  const all = [...requests, ...created]
  if (all.length === 0 && problems.length === 0) problems.push(`No workflow applies to a push to ${ref}.`)
  return startAll(shop, all, problems)
}

/** The payload of a push, with each commit that it brought. */
async function payloadOf(shop: Workshop, { project, update, by }: MovedRef) {
  const { git } = shop.world
  const { ref, before, after } = update
  const repository = await repositoryFacts(shop, project)
  if (after === null) return pushPayload({ ...repository, ref, before, after, commits: [], actor: by })
  const known = before !== null && (await git.commit(project, before)) !== undefined
  const others = [...(await git.refs(project))].filter(([name]) => name.startsWith('refs/heads/') && name !== ref).map(([, id]) => id)
  // Of a new branch only what no other branch has; as on GitHub.
  const without = known ? [before] : before === null ? others : []
  const limit = before === null || known ? mostCommits : 1
  const brought = await git.commits(project, { to: after, without, limit })
  const distinct = new Set((await git.commits(project, { to: after, without: [...without, ...others], limit })).map(({ id }) => id))
  const head = brought[0]?.id === after ? brought[0] : await git.commit(project, after)
  const described = await describeCommits(shop, project, [...new Map([...brought, ...(head ? [head] : [])].map((commit) => [commit.id, commit])).values()])
  const of = (commit: CommitRecord): readonly PushedCommit[] => {
    const found = described.get(commit.id)
    return found ? [{ ...found, distinct: distinct.has(commit.id) }] : []
  }
  const forced = known && (await git.mergeBase(project, before, after)) !== before
  return pushPayload({
    ...repository,
    ref,
    before,
    after,
    commits: brought.toReversed().flatMap(of),
    ...(head ? { head: of(head)[0] } : {}),
    actor: by,
    forced,
  })
}

async function describeCommits(shop: Workshop, project: ProjectName, commits: readonly CommitRecord[]): Promise<ReadonlyMap<CommitId, PushedCommit>> {
  const paths = await shop.world.git.commitPaths(
    project,
    commits.map(({ id }) => id),
  )
  const none = { added: [], removed: [], modified: [] }
  return new Map(
    commits.map(({ id, tree, message, author, committer }) => [
      id,
      { id, tree, message, author, committer, at: committer.at, distinct: true, ...(paths.get(id) ?? none) },
    ]),
  )
}

async function runsForCreate(shop: Workshop, { project, update, by }: MovedRef, after: CommitId): Promise<readonly RunRequest[]> {
  const payload = refPayload({ ...(await repositoryFacts(shop, project)), ref: update.ref, actor: by, deleted: false })
  const cause: RunCause = { event: 'create', ref: update.ref, sha: after, actor: by, payload }
  return (await runsForEvent(shop, { project, cause })).requests
}

async function runsForDelete(shop: Workshop, { project, update, by }: MovedRef): Promise<readonly RunRequest[]> {
  const head = await defaultHead(shop, project)
  if (!head) return []
  const repository: RepositoryFacts = await repositoryFacts(shop, project)
  const payload = refPayload({ ...repository, ref: update.ref, actor: by, deleted: true })
  const cause: RunCause = { event: 'delete', ref: head.ref, sha: head.sha, actor: by, payload }
  return (await runsForEvent(shop, { project, cause })).requests
}

/** What is wrong with pushway.yml and the files it names, if anything: said at the push, not when they are needed. */
async function configProblems(shop: Workshop, project: ProjectName, commit: CommitId): Promise<string[]> {
  const { value, diagnostics } = await shop.sources.config(project, commit)
  const deploying = value?.environments.filter(({ files }) => files.length > 0) ?? []
  const apps = await Promise.all(deploying.map((environment) => configuredApp(shop, { project, commit, environment })))
  return [...new Set([...diagnostics.map(formatDiagnostic), ...apps.flatMap((app) => errorsOf(app.diagnostics))])]
}

function errorsOf(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.filter((d) => d.severity === 'error').map(formatDiagnostic)
}
