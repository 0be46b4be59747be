// Commands on projects and runs.

import type { PushwayEvent } from '@pushway/core/event/types.ts'
import { streams } from '@pushway/core/event/types.ts'
import { workflowDispatchPayload } from '@pushway/core/github/dispatch.ts'
import type { AttestImage } from '@pushway/core/images/evidence.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { RunCause } from '@pushway/core/run/types.ts'
import type { ProjectName, RunId } from '@pushway/core/text/ids.ts'
import type { Workflow } from '@pushway/core/workflow/types.ts'
import type { FollowedPush } from '../model/pulls.ts'
import { startRunsForPush } from '../model/push-runs.ts'
import { repositoryFacts } from '../model/repository-facts.ts'
import { findWorkflow, firstLine, requestRun, type StartedRuns } from '../model/start-runs.ts'
import type { Workshop } from '../model/workshop.ts'
import type { Commands, Queries, RefUpdate } from '../ports/service.ts'

type RunCommands = Pick<Commands, 'createProject' | 'receivePush' | 'dispatchWorkflow' | 'cancelRun' | 'rerun' | 'imagePushed' | 'setSecret' | 'setVariable'>

const nameRule = 'Use owner/name: letters, digits, ".", "_" and "-", each part at most 100 characters, none starting with "." or "-".'
const settingRule = 'Use letters, digits and "_"; not starting with a digit or GITHUB_.'

/** The commands that concern projects, pushes, runs and settings. */
export function createRunCommands(shop: Workshop, queries: Pick<Queries, 'project' | 'run'>): RunCommands {
  const { world } = shop
  const append = (stream: string, events: readonly PushwayEvent[]) => world.store.append([{ stream, expected: 'any', events }])
  return {
    createProject(name, by) {
      if (!/^[A-Za-z0-9_][\w.-]{0,99}\/[A-Za-z0-9_][\w.-]{0,99}$/.test(name) || name.endsWith('.git'))
        throw fail('name-invalid', { what: 'project', name, rule: nameRule })
      if (world.lists.hasProject(name)) throw fail('already-exists', { what: 'Project', name })
      append(streams.project(name), [{ type: 'ProjectCreated', project: name, by }])
      return queries.project(name)
    },
    async receivePush({ project, updates, source, byRun }, by) {
      const results = []
      for (const update of updates) results.push(await receiveUpdate(shop, { project, update, by, source, byRun }))
      const runs = results.flatMap((result) => result.runs).map((id) => queries.run(id))
      return { runs, problems: results.flatMap((result) => result.problems) }
    },
    async dispatchWorkflow(project, request, by) {
      const sha = await world.git.resolve(project, request.ref)
      if (!sha) throw fail('not-found', { what: 'branch', name: request.ref })
      const workflow = await findWorkflow(shop, { project, commit: sha }, request.workflow)
      if (!workflow.on.some((trigger) => trigger.event === 'workflow_dispatch'))
        throw fail('usage', { problem: `${workflow.file} has no workflow_dispatch trigger.`, hint: 'Add `workflow_dispatch:` under `on:`.' })
      const ref = await wholeRef(shop, project, request.ref)
      const cause: RunCause = {
        event: 'workflow_dispatch',
        ref,
        sha,
        actor: by,
        inputs: request.inputs,
        payload: workflowDispatchPayload({ ...(await repositoryFacts(shop, project)), ref, workflow: workflow.file, inputs: request.inputs, actor: by }),
      }
      await checkDispatch(shop, { project, sha }, { workflow, cause })
      const commit = await world.git.commitInfo(project, sha)
      return queries.run(
        await requestRun(shop, { project, file: workflow.file, cause, title: firstLine(commit?.message) || workflow.name, workflow, refused: [] }),
      )
    },
    cancelRun(run, force, by) {
      const { state } = shop.states.run(run)
      if (state.finished) throw fail('run-not-active', { run, state: 'finished' })
      // Whoever asks again does not want to wait for cleanups.
      append(streams.run(run), [{ type: 'CancelRequested', by, force: force || state.cancel !== undefined }])
    },
    rerun(run, { which, debug }, by) {
      append(streams.run(run), [{ type: 'RerunRequested', by, jobs: jobsToRerun(shop, run, which), ...(debug ? { debug } : {}) }])
    },
    imagePushed({ repository, by, ...push }) {
      const project = repository.split('/').slice(0, 2).join('/')
      const attest: AttestImage = { kind: 'AttestImage', repository, by, ...push }
      const key = ['attest', repository, push.digest, push.run ?? ''].join(' ')
      const actions = [{ key, kind: attest.kind, body: attest, again: true }]
      world.store.append([{ stream: streams.project(project), expected: 'any', events: [{ type: 'ImagePushed', repository, by, ...push }], actions }])
    },
    setSecret({ project, environment }, { name, value }, by) {
      checkSettingName('secret', name)
      const version = world.settings.setSecret({ project, environment }, { name, value, by, at: world.clock.now() })
      append(streams.project(project), [{ type: 'SecretSet', name, version, by, ...(environment ? { environment } : {}) }])
      return { version }
    },
    setVariable({ project, environment }, { name, value }, by) {
      checkSettingName('variable', name)
      world.settings.setVariable({ project, environment }, { name, value, by, at: world.clock.now() })
      append(streams.project(project), [{ type: 'VariableSet', name, by, ...(environment ? { environment } : {}) }])
    },
  }
}

/** Wrong inputs are told to who dispatches; no run is made. An `environment` must be one that the commit configures, or that was used. */
async function checkDispatch(
  shop: Workshop,
  { project, sha }: { project: ProjectName; sha: string },
  { workflow, cause }: { workflow: Workflow; cause: RunCause },
): Promise<void> {
  const { checkInputs } = await import('@pushway/core/run/inputs.ts')
  const problems = checkInputs(workflow, cause).map(({ message }) => message)
  const declared = workflow.on.flatMap((trigger) => (trigger.event === 'workflow_dispatch' ? trigger.inputs : []))
  const configured = (await shop.sources.config(project, sha)).value?.environments.map(({ name }) => name) ?? []
  const used = shop.world.lists.environments().flatMap((one) => (one.project === project ? [one.environment] : []))
  const known = [...new Set([...configured, ...used])]
  for (const { name, type } of declared) {
    const given = cause.inputs?.[name]
    if (type === 'environment' && given !== undefined && given !== '' && !known.includes(given))
      problems.push(`Input \`${name}\` must be an environment: ${known.join(', ') || 'there is none yet'}; not "${given}".`)
  }
  if (problems.length > 0) throw fail('request-refused', { problem: problems.join(' '), hint: `See the inputs of ${workflow.file}.` })
}

/** A branch wins over a tag of the same name, as on GitHub. */
async function wholeRef(shop: Workshop, project: ProjectName, ref: string): Promise<string> {
  if (ref.startsWith('refs/')) return ref
  const isBranch = (await shop.world.git.resolve(project, `refs/heads/${ref}`)) !== undefined
  return isBranch || (await shop.world.git.resolve(project, `refs/tags/${ref}`)) === undefined ? `refs/heads/${ref}` : `refs/tags/${ref}`
}

function checkSettingName(what: string, name: string): void {
  if (!/^[A-Za-z_]\w{0,199}$/.test(name) || /^GITHUB_/i.test(name)) throw fail('name-invalid', { what, name, rule: settingRule })
}

/** One moved ref: its runs and the fact of the push are written together, or nothing is. */
async function receiveUpdate(
  shop: Workshop,
  push: { project: ProjectName; update: RefUpdate; by: string; source: 'git' | 'webhook'; byRun: boolean | undefined },
) {
  const { project, update, by, source, byRun } = push
  const { world } = shop
  const { ref, before, after } = update
  // A webhook may be delivered twice; a ref of our own git server really moved.
  if (source === 'webhook' && after && world.lists.hasPush({ project, ref, after })) return { runs: [], problems: [] }
  const message = after ? firstLine((await world.git.commitInfo(project, after))?.message) : ''
  const nothing: StartedRuns = { runs: [], appends: [], problems: byRun ? ["A push with a run's own token starts no workflow."] : [] }
  const { runs, appends, problems } = byRun ? nothing : await startRunsForPush(shop, { project, update: { ref, before, after }, by })
  const received: PushwayEvent = { type: 'PushReceived', ref, before, after, by, source, message, runs, problems }
  const followed: FollowedPush = { project, update: { ref, before, after }, by, quiet: byRun === true }
  const actions = [{ key: `FollowPush:${world.ids.next()}`, kind: 'FollowPush', body: followed }]
  world.store.append([{ stream: streams.project(project), expected: 'any', events: [received], actions }, ...appends])
  return { runs, problems }
}

/** The job keys that run again: the named ones and, by the core's rule, what depends on them. */
function jobsToRerun(shop: Workshop, run: RunId, which: 'all' | 'failed' | { readonly job: string }): readonly string[] {
  const { state } = shop.states.run(run)
  if (!state.finished) throw fail('run-not-active', { run, state: 'still running' })
  const jobs = [...state.jobs.values()]
  if (which === 'all') return jobs.map((job) => job.key)
  if (which === 'failed') {
    const failed = jobs.filter((job) => job.conclusion !== 'success' && job.conclusion !== 'skipped').map((job) => job.key)
    if (failed.length === 0) throw fail('run-not-active', { run, state: 'without a failed job' })
    return failed
  }
  // The id of a matrix or of a call stands for all its jobs.
  const parts = state.plan?.jobs.filter((job) => job.within?.includes(which.job)).map((job) => job.key) ?? []
  if (parts.length > 0) return parts
  if (!state.jobs.has(which.job)) throw fail('not-found', { what: 'job', name: which.job })
  return [which.job]
}
