// StartJob: gives a job to the runner with everything it needs.

import { streams } from '@pushway/core/event/types.ts'
import type { Project } from '@pushway/core/project/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { JobServices, JobSpec, PlannedJob, RunAction, RunEvent } from '@pushway/core/run/types.ts'
import { runWorkflow } from '../model/called-workflows.ts'
import type { Performer, Workshop } from '../model/workshop.ts'

type StartJob = Extract<RunAction, { kind: 'StartJob' }>

export const startJob: Performer = {
  async perform(action, shop, signal) {
    const body = action.body as StartJob
    const { world, sources } = shop
    const { state } = shop.states.run(body.run)
    const { project, cause, workflowFile } = state
    if (project === undefined || cause === undefined || workflowFile === undefined) throw fail('not-found', { what: 'run', name: body.run })
    const [{ jobSpec }, { readOnly }, { idTokenAt, permissionsAt, placeOf }] = await Promise.all([
      import('@pushway/core/run/contexts.ts'),
      import('@pushway/core/run/permissions.ts'),
      import('@pushway/core/run/places.ts'),
    ])
    const workflow = await runWorkflow(shop, state)
    const place = workflow && placeOf(state.plan, workflow, body.job)
    if (!place) throw fail('not-found', { what: 'job', name: body.job })
    const { planned } = place
    checkRunner(planned, world.jobs.capabilities.labels)
    const scope = { project, environment: planned.environment }
    const token = (await world.tokens.create(body.run, project, cause.untrusted ? readOnly(permissionsAt(place)) : permissionsAt(place))).reveal()
    const secrets = cause.untrusted ? {} : revealed(world.settings.secrets({ project, environment: undefined }))
    const ofEnvironment = planned.environment === undefined || cause.untrusted ? {} : revealed(world.settings.secrets(scope))
    const config = (await sources.config(project, cause.sha)).value
    const spec = jobSpec({
      state,
      workflow,
      key: body.job,
      attempt: body.attempt,
      vars: world.settings.variables(scope),
      secrets: { ...secrets, GITHUB_TOKEN: token },
      environmentSecrets: onlyChanged(ofEnvironment, secrets),
      server: { url: world.server.url, token, registryAliases: world.server.registryAliases, builder: await chooseBuilder(shop, config) },
    })
    const services = await world.services.issue({
      ...{ project, job: body.job, spec },
      idToken: idTokenAt(place) && cause.untrusted !== true,
      ...(spec.contexts.job?.workflow_ref === undefined ? {} : { jobWorkflowRef: spec.contexts.job.workflow_ref }),
      ...(planned.environment === undefined ? {} : { environment: planned.environment }),
    })
    await world.jobs.start({ project, run: body.run, job: body.job, attempt: body.attempt }, withServices(spec, services), signal)
    return []
  },
  refused(action, problem) {
    const { run, job, attempt } = action.body as StartJob
    const events: RunEvent[] = [
      { type: 'JobStarted', job, attempt },
      { type: 'JobStepsFinished', job, attempt, conclusion: 'failure', outputs: {}, problem },
    ]
    return [{ stream: streams.run(run), expected: 'any', events }]
  },
}

function withServices(spec: JobSpec, services: JobServices): JobSpec {
  return spec.server ? { ...spec, server: { ...spec.server, services } } : spec
}

function revealed(secrets: ReturnType<Workshop['world']['settings']['secrets']>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(secrets).map(([name, { value }]) => [name, value.reveal()]))
}

/** What the environment adds or replaces: a called workflow's job sees it, whatever its call hands on. */
function onlyChanged(all: Readonly<Record<string, string>>, base: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(all).filter(([name, value]) => base[name] !== value))
}

/** This server's runners are in one group, which has the name that GitHub gives to the first one. */
function checkRunner({ runsOn: wanted, runnerGroup }: PlannedJob, served: readonly string[]): void {
  if (runnerGroup !== undefined && runnerGroup.toLowerCase() !== 'default')
    throw fail('not-yet', { what: `runs-on: group ${runnerGroup} (this server has the group Default)` })
  const missing = wanted.filter((label) => !served.includes(label.toLowerCase()))
  if (missing.length > 0) throw fail('not-yet', { what: `runs-on: ${missing.join(', ')} (this machine serves ${served.join(', ')})` })
}

/** `auto`: an engine builds the images when one is there and no environment's runtime needs images of the host base. */
async function chooseBuilder({ world }: Workshop, config: Project | undefined): Promise<'embedded' | 'docker'> {
  if (config && config.builder !== 'auto') return config.builder
  const used = config?.environments.filter(({ files }) => files.length > 0).map(({ runtime }) => world.runtimes[runtime]) ?? []
  const takesOrdinaryImages = used.every((runtime) => runtime?.capabilities.bases.includes('image'))
  return takesOrdinaryImages && (await world.server.engineAvailable()) ? 'docker' : 'embedded'
}
