// The program's queries: views of what the streams and the machine say.

import { sayDemands } from '@pushway/core/images/evidence.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { releaseChanges } from '@pushway/core/release/changes.ts'
import { mayApprove } from '@pushway/core/rollout/approval.ts'
import { describeStep } from '@pushway/core/rollout/describe.ts'
import { planRollout } from '@pushway/core/rollout/plan.ts'
import type { EnvironmentName, ProjectName, RunId } from '@pushway/core/text/ids.ts'
import { environmentId } from '@pushway/core/text/ids.ts'
import type { EnvironmentView, LogPage, PlanView } from '@pushway/core/views/types.ts'
import { environmentConfig } from '../model/environment-config.ts'
import { prepareRelease } from '../model/releases.ts'
import { runtimeOf } from '../model/runtime-of.ts'
import type { Workshop } from '../model/workshop.ts'
import type { JobLogRequest, Queries } from '../ports/service.ts'
import { runActor } from './commands-deployments.ts'
import { createForgeQueries } from './forge-queries.ts'
import { instanceLogs } from './instance-logs.ts'
import { deploymentSummary, deploymentView, describeRelease } from './views/deployments.ts'
import { environmentView, lookNow } from './views/environments.ts'
import { explainView } from './views/explain.ts'
import { environmentNames, projectView } from './views/projects.ts'
import { pullSummaries, pullView, scheduleViews } from './views/pulls.ts'
import { imagesOf, runSummary, runView } from './views/runs.ts'
import { timelineOf } from './views/timeline.ts'

/** All queries over a workshop. */
export function createQueries(shop: Workshop): Queries {
  const { world, states } = shop
  const known = (project: ProjectName) => {
    if (!world.lists.hasProject(project)) throw fail('not-found', { what: 'project', name: project })
  }
  return {
    ...createForgeQueries(shop),
    projects: () => world.lists.projects().map((name) => projectView(shop, name, 1)),
    project: (name) => projectView(shop, name, 20),
    projectNames: () => world.lists.projects(),
    runs: (project, limit) => world.lists.runs(project, limit).map((id) => runSummary(shop, id)),
    pulls: (project, wanted) => pullSummaries(shop, project, wanted),
    pull: (place) => pullView(shop, place),
    schedules: (project) => scheduleViews(shop, project),
    run: (which) => runView(shop, runIdOf(shop, which)),
    jobLog: (request) => jobLog(shop, request),
    async environments(project) {
      known(project)
      return Promise.all((await configuredNames(shop, project)).map((name) => viewOf(shop, project, name)))
    },
    async environment(project, name) {
      known(project)
      if (!(await configuredNames(shop, project)).includes(name)) throw fail('not-found', { what: 'environment', name })
      return viewOf(shop, project, name)
    },
    history: (project, environment) => world.lists.deployments(project, environment, 50).map((id) => deploymentSummary(shop, id)),
    async deployment(id, viewer) {
      const { created } = states.deployment(id).state
      if (!created) throw fail('not-found', { what: 'deployment', name: id })
      const look = await lookNow(shop, { project: created.project, name: created.environment }).catch(() => undefined)
      const { state } = states.deployment(id)
      const mayDecide = mayApprove(state, { by: viewer, ...runActor(shop, state) }, world.clock.now())
      return deploymentView(shop, id, { ...(look ? { observed: look.observed } : {}), mayDecide })
    },
    plan: (project, environment, ref) => planView(shop, { project, environment, ref }),
    explain: (id) => explainView(shop, id),
    timeline: (filter) => timelineOf(shop, filter),
    images: (project) => imagesOf(shop, project),
    secretNames: (project) => world.settings.secretNames(project),
    variables: (project) => world.settings.variableList(project),
    instanceLogs: (wanted, signal) => instanceLogs(shop, wanted, signal),
    ownerOf: (id) => states.run(id).state.project ?? states.deployment(id).state.created?.project,
    events: (after, limit) => world.store.readAll(after, limit),
    subscribe: (listener) => world.store.subscribe(listener),
  }
}

function runIdOf(shop: Workshop, which: RunId | { readonly project: ProjectName; readonly number: number }): RunId {
  if (typeof which === 'string') return which
  const id = shop.world.lists.runByNumber(which.project, which.number)
  if (id === undefined) throw fail('not-found', { what: 'run', name: String(which.number) })
  return id
}

async function jobLog(shop: Workshop, { run, job, attempt, cursor, limit }: JobLogRequest): Promise<LogPage> {
  const { state } = shop.states.run(run)
  const found = state.jobs.get(job)
  if (state.project === undefined || !found) throw fail('not-found', { what: 'job', name: job })
  const ref = { project: state.project, run, job, attempt: attempt ?? found.attempt }
  // Asked for before the lines are read: what a finished job wrote is there already.
  const over = found.phase === 'finished' || found.phase === 'deploying' || ref.attempt < found.attempt
  const chunk = await shop.world.jobs.log(ref, cursor, limit, AbortSignal.timeout(10_000))
  return { lines: chunk.items, cursor: chunk.cursor, done: over && chunk.items.length === 0 }
}

/** The environments of a project: those its newest commit configures, and those that were used before. */
async function configuredNames(shop: Workshop, project: ProjectName): Promise<readonly EnvironmentName[]> {
  const commit = newestCommit(shop, project)
  const config = commit === undefined ? undefined : (await shop.sources.config(project, commit)).value
  return [...new Set([...(config?.environments.map(({ name }) => name) ?? []), ...environmentNames(shop, project)])]
}

function newestCommit(shop: Workshop, project: ProjectName): string | undefined {
  return shop.states.project(project).state.pushes.findLast((push) => push.after !== null)?.after ?? undefined
}

async function viewOf(shop: Workshop, project: ProjectName, name: EnvironmentName): Promise<EnvironmentView> {
  const live = shop.states.environment(project, name).state.live
  const commit = (live && shop.states.release(live.release)?.commit) ?? newestCommit(shop, project)
  const config = commit === undefined ? undefined : await environmentConfig(shop, { project, commit }, name).catch(() => undefined)
  return environmentView(shop, { project, name }, config)
}

/** What deploying `ref` now would do, from the images that its newest run pushed. */
async function planView(shop: Workshop, at: { project: ProjectName; environment: EnvironmentName; ref: string }): Promise<PlanView> {
  const { project, environment: name, ref } = at
  const commit = await shop.world.git.resolve(project, ref)
  if (commit === undefined) throw fail('not-found', { what: 'branch', name: ref })
  const environment = await environmentConfig(shop, { project, commit }, name)
  if (!environment) throw fail('not-found', { what: 'environment', name })
  const run = shop.world.lists
    .runs(project, 100)
    .find((id) => shop.states.run(id).state.cause?.sha === commit && imagesOf(shop, project).some((image) => image.run === id))
  const made = await prepareRelease(shop, { project, environment, commit, ...(run ? { run } : {}) })
  if (made.kind === 'refused') throw fail('release-refused', { environment: name, problems: made.problems.join('\n') })
  if (made.kind === 'needs-builds')
    throw fail('release-refused', {
      environment: name,
      problems: `${made.builds.map(({ service }) => service).join(', ')}: not built yet. It is built from the commit when a job deploys it.`,
    })
  const live = shop.states.environment(project, name).state.live
  const previous = live && shop.states.release(live.release)
  const plan = planRollout({
    release: made.release,
    ...(live && previous ? { previous: { release: previous, serving: live.groups } } : {}),
    environment: environmentId(project, name),
    strategy: environment.strategy,
    ...(environment.verify ? { verify: environment.verify } : {}),
    sideBySide: runtimeOf(shop, made.release).capabilities.sideBySide,
  })
  const runtime = await runtimeOf(shop, made.release).describe?.(environmentId(project, name), made.release.shared?.name, AbortSignal.timeout(5_000))
  const warnings = [...made.warnings, ...describeAliases(shop.world.server), ...(runtime ?? [])]
  const protection = environment.approval ? [`Ask for ${environment.approval.required} approval(s) bound to the content digest.`] : []
  const demanded = environment.require?.length ? [`Go on only if each image has ${sayDemands(environment.require)}.`] : []
  return {
    environment: name,
    release: describeRelease(shop, made.release),
    changes: releaseChanges(previous, made.release),
    steps: [...protection, ...demanded, ...plan.steps.map((step) => describeStep(step, plan))],
    warnings,
  }
}

/** What a name of another registry means here: who reads a plan must not have to guess. */
function describeAliases({ registryAliases, registryMirrors }: Workshop['world']['server']): readonly string[] {
  const mirrors = registryMirrors?.() ?? []
  const asked = mirrors.map(({ host, url }) => `${host} (${url})`).join(', ')
  return [
    ...registryAliases.map((alias) => `${alias} means the embedded registry.`),
    ...(asked === '' ? [] : [`Images that are not here are pulled through from ${asked}, and kept.`]),
  ]
}
