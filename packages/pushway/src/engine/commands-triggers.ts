// Commands that start workflows besides pushes and pull requests: repository_dispatch, releases of tags, deployments of others; approval of a fork's runs.

import { streams } from '@pushway/core/event/types.ts'
import { repositoryDispatchPayload } from '@pushway/core/github/dispatch.ts'
import { releaseActivities, releasePayload, type TagRelease } from '@pushway/core/github/release.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { needsApproval } from '@pushway/core/run/decide-turn.ts'
import type { RunCause } from '@pushway/core/run/types.ts'
import type { ProjectName } from '@pushway/core/text/ids.ts'
import { startDeploymentRuns } from '../model/deployment-runs.ts'
import { runsForEvent } from '../model/event-runs.ts'
import { defaultHead, repositoryFacts } from '../model/repository-facts.ts'
import { type RunRequest, startAll } from '../model/start-runs.ts'
import type { Workshop } from '../model/workshop.ts'
import type { Asking, Commands, TriggerCommands } from '../ports/service.ts'

/** The commands; a release that is published makes its tag through `receivePush`. */
export function createTriggerCommands(shop: Workshop, { receivePush }: Pick<Commands, 'receivePush'>): TriggerCommands {
  const { world } = shop
  return {
    async dispatchRepository(project, { type, payload }, by) {
      const tip = await defaultHead(shop, project)
      if (!tip) throw fail('not-found', { what: 'commit', name: 'on the default branch' })
      const facts = { ...(await repositoryFacts(shop, project)), type, clientPayload: payload, actor: by }
      const cause: RunCause = { event: 'repository_dispatch', ...tip, actor: by, payload: repositoryDispatchPayload(facts) }
      const { requests } = await runsForEvent(shop, { project, cause, trigger: { action: type }, title: type })
      const { runs, appends } = await startAll(shop, requests)
      if (appends.length > 0) world.store.append(appends)
      return runs
    },
    approveRun(run, by) {
      const { state } = shop.states.run(run)
      if (state.finished || !needsApproval(state)) throw fail('run-not-active', { run, state: 'not waiting for approval' })
      world.store.append([{ stream: streams.run(run), expected: 'any', events: [{ type: 'RunApproved', by }] }])
    },
    async releaseChanged(project, change, who) {
      const { after } = change
      if (after && !after.draft) await makeTag(shop, project, { release: after, who, receivePush })
      const activities = releaseActivities(change.before, after)
      const release = after ?? change.before
      if (!release || activities.length === 0) return
      const event = { type: 'TagReleaseChanged' as const, activities, tag: release.tag, by: who.by }
      const requests = who.byRun ? [] : await releaseRuns(shop, project, { release, activities, by: who.by })
      const { appends } = await startAll(shop, requests)
      world.store.append([{ stream: streams.project(project), expected: 'any', events: [event] }, ...appends])
    },
    async deploymentTold(project, { deployment, status }, who) {
      if (who.byRun) return
      const appends = await startDeploymentRuns(shop, { project, deployment, actor: who.by, ...(status ? { status } : {}) })
      if (appends.length > 0) world.store.append(appends)
    },
  }
}

interface Tagging {
  readonly release: TagRelease
  readonly who: Asking
  readonly receivePush: Commands['receivePush']
}

/** Makes the tag of a published release at its target, when it is not there yet; that is a push, as on GitHub. */
async function makeTag(shop: Workshop, project: ProjectName, { release, who, receivePush }: Tagging): Promise<void> {
  const { git } = shop.world
  const ref = `refs/tags/${release.tag}`
  if ((await git.resolve(project, ref)) !== undefined) return
  const after = await git.resolve(project, release.target)
  if (after === undefined) throw fail('not-found', { what: 'commit or branch', name: release.target })
  if (!(await git.moveRef(project, { ref, before: null, after })))
    throw fail('name-invalid', { what: 'tag', name: release.tag, rule: 'Use a name that git takes.' })
  await receivePush({ project, updates: [{ ref, before: null, after }], source: 'git', ...(who.byRun ? { byRun: true } : {}) }, who.by)
}

async function releaseRuns(
  shop: Workshop,
  project: ProjectName,
  { release, activities, by }: { release: TagRelease; activities: readonly string[]; by: string },
): Promise<readonly RunRequest[]> {
  const ref = `refs/tags/${release.tag}`
  const sha = (await shop.world.git.resolve(project, ref)) ?? (await defaultHead(shop, project))?.sha
  if (sha === undefined) return []
  const repository = await repositoryFacts(shop, project)
  const requests = await Promise.all(
    activities.map(async (action) => {
      const payload = releasePayload(repository, release, { action, actor: by })
      const cause: RunCause = { event: 'release', ref, sha, actor: by, payload }
      return (await runsForEvent(shop, { project, cause, trigger: { action }, title: release.name || release.tag })).requests
    }),
  )
  return requests.flat()
}
