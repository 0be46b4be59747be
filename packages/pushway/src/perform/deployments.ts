// OpenDeployment, ContinueDeployment, CloseDeployment: what a job with an environment asks of it.

import { streams } from '@pushway/core/event/types.ts'
import type { EnvironmentConfig } from '@pushway/core/project/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { ReasonText } from '@pushway/core/reason/reasons.ts'
import { reason } from '@pushway/core/reason/reasons.ts'
import type { Release } from '@pushway/core/release/types.ts'
import { requestAbort } from '@pushway/core/rollout/command.ts'
import { initialDeployment } from '@pushway/core/rollout/state.ts'
import type { DeploymentEvent } from '@pushway/core/rollout/types.ts'
import type { RunAction, RunEvent } from '@pushway/core/run/types.ts'
import { withConsequences } from '../model/consequences.ts'
import { environmentConfig } from '../model/environment-config.ts'
import { buildProgress } from '../model/own-builds.ts'
import { prepareRelease, recordRelease } from '../model/releases.ts'
import { Later, type Performer, type Workshop } from '../model/workshop.ts'
import type { Append } from '../ports/store.ts'

type Action<K extends RunAction['kind']> = Extract<RunAction, { kind: K }>

export const openDeployment: Performer = {
  async perform(action, shop) {
    const { run, job, environment: name } = action.body as Action<'OpenDeployment'>
    const { project, cause } = shop.states.run(run).state
    if (project === undefined || cause === undefined) throw fail('not-found', { what: 'run', name: run })
    const config = await environmentConfig(shop, { project, commit: cause.sha }, name)
    const made = await releaseFor(shop, { project, commit: cause.sha, run, name, config })
    const refusal = branchRefusal(config, cause.ref) ?? made.refusal
    const created: DeploymentEvent = {
      type: 'DeploymentCreated',
      project,
      environment: name,
      release: made.release.id,
      run,
      job,
      by: cause.actor,
      kind: 'deploy',
      deploys: (config?.files.length ?? 0) > 0,
      ...(config?.approval ? { rule: config.approval } : {}),
    }
    const closed: DeploymentEvent[] = refusal ? [{ type: 'DeploymentClosed', conclusion: 'failure', reason: refusal }] : []
    return opening(shop, { run, job, name, release: made.release, events: [created, ...closed] })
  },
  refused(action, problem) {
    const { run, job, environment } = action.body as Action<'OpenDeployment'>
    const ended: RunEvent = { type: 'DeploymentEnded', job, deployment: '', conclusion: 'failure', reason: problem }
    return [{ stream: streams.run(run), expected: 'any', events: [{ type: 'DeploymentOpened', job, deployment: '', environment }, ended] }]
  },
}

interface Opening {
  readonly run: string
  readonly job: string
  readonly name: string
  readonly release: Release
  readonly events: readonly DeploymentEvent[]
}

function opening(shop: Workshop, { run, job, name, release, events }: Opening): readonly Append[] {
  const id = shop.world.ids.next()
  const opened: RunEvent = { type: 'DeploymentOpened', job, deployment: id, environment: name }
  return [
    { stream: streams.release(release.id), expected: 0, events: [{ type: 'ReleaseCreated', release }], cause: streams.run(run) },
    { stream: streams.run(run), expected: 'any', events: [opened] },
    ...withConsequences(shop.states, { state: initialDeployment(id), expected: 0, events }, shop.world.clock.now()).map((append) => ({
      cause: streams.run(run),
      ...append,
    })),
  ]
}

function branchRefusal(config: EnvironmentConfig | undefined, ref: string): ReasonText | undefined {
  if (config?.branch === undefined || ref === `refs/heads/${config.branch}`) return undefined
  return reason('branch-not-allowed', { environment: config.name, branch: config.branch, ref: ref.replace(/^refs\/heads\//, '') })
}

interface ReleaseWanted {
  readonly project: string
  readonly commit: string
  readonly run: string
  readonly name: string
  readonly config: EnvironmentConfig | undefined
}

/** The release that the job would deploy as far as the run has built it; a refused one is recorded without services. */
async function releaseFor(shop: Workshop, wanted: ReleaseWanted): Promise<{ readonly release: Release; readonly refusal?: ReasonText }> {
  const { project, commit, run, name, config } = wanted
  const record = () => recordRelease(shop, { project, environment: name, commit, run })
  if (!config || config.files.length === 0) return { release: record() }
  const prepare = () => prepareRelease(shop, { project, environment: config, commit, run })
  const first = await prepare()
  const failed = (problem: string) => ({ release: record(), refusal: reason('failed', { problem }) })
  const building = first.kind === 'needs-builds' ? await waitForBuilds(shop, { project, run, builds: first.builds }) : undefined
  // The run that builds has ended: what it pushed is there now, or never will be.
  const made = building?.ok ? await prepare() : first
  switch (made.kind) {
    case 'release':
      return { release: made.release }
    case 'needs-builds':
      return failed(`The images could not be built: see run ${building?.number ?? 0}.`)
    case 'refused':
      return failed(made.problems.join('\n'))
  }
}

/** Lets Pushway build what no job built; comes back when that has ended. */
async function waitForBuilds(shop: Workshop, wanted: Parameters<typeof buildProgress>[1]): Promise<{ readonly ok: boolean; readonly number: number }> {
  const progress = await buildProgress(shop, wanted)
  if (progress.kind === 'ended') return progress
  if (progress.kind === 'start') shop.world.store.append([progress.append])
  throw new Later(500)
}

export const continueDeployment: Performer = {
  async perform(action, shop) {
    const { run, deployment } = action.body as Action<'ContinueDeployment'>
    const { state } = shop.states.deployment(deployment)
    const before = state.created && shop.states.release(state.created.release)
    if (!state.created || !before) throw fail('not-found', { what: 'deployment', name: deployment })
    const now = shop.world.clock.now()
    const facts = (events: readonly DeploymentEvent[]) => withConsequences(shop.states, { state, expected: 'any', events }, now)
    if (!state.created.deploys) {
      const why = reason('nothing-is-deployed', { environment: state.created.environment })
      return facts([{ type: 'DeploymentClosed', conclusion: 'success', reason: why }])
    }
    const config = await environmentConfig(shop, before, before.environment)
    const made = await releaseFor(shop, { project: before.project, commit: before.commit, run, name: before.environment, config })
    if (made.refusal) return facts([{ type: 'DeploymentClosed', conclusion: 'failure', reason: made.refusal }])
    // The steps may have pushed something else: what is approved is then asked again, by its new content.
    if (made.release.contentDigest === before.contentDigest) return facts([{ type: 'RolloutRequested', release: before.id }])
    const created: Append = {
      stream: streams.release(made.release.id),
      expected: 0,
      events: [{ type: 'ReleaseCreated', release: made.release }],
      cause: streams.run(run),
    }
    return [created, ...facts([{ type: 'RolloutRequested', release: made.release.id }])]
  },
  refused: (action, problem, shop) =>
    closing(shop, { deployment: (action.body as Action<'ContinueDeployment'>).deployment, conclusion: 'failure', why: reason('failed', { problem }) }),
}

export const closeDeployment: Performer = {
  async perform(action, shop) {
    const { deployment, conclusion, job } = action.body as Action<'CloseDeployment'>
    return closing(shop, { deployment, conclusion: conclusion === 'cancelled' ? 'cancelled' : 'failure', why: reason('steps-did-not-succeed', { job }) })
  },
  refused: () => [],
}

interface Closing {
  readonly deployment: string
  readonly conclusion: 'failure' | 'cancelled'
  readonly why: ReasonText
}

/** Ends a deployment; one whose rollout is under way goes back first. */
function closing(shop: Workshop, { deployment, conclusion, why }: Closing): readonly Append[] {
  const { state } = shop.states.deployment(deployment)
  if (!state.created || state.closed) return []
  const rolling = state.rollout && !state.rollout.ended && !state.rollout.aborting
  const events: readonly DeploymentEvent[] = rolling
    ? requestAbort(state, 'pushway', why.sentence.replace(/\.$/, ''))
    : [{ type: 'DeploymentClosed', conclusion, reason: why }]
  return withConsequences(shop.states, { state, expected: 'any', events }, shop.world.clock.now())
}
