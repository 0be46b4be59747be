// Runs, jobs, artifacts and workflows; dispatches.

import { apiOf, isoTime, nodeId, numberOf, type Place, type Shape } from '@pushway/core/github/base.ts'
import { jobShape, runShape, workflowShape } from '@pushway/core/github/workflow-run.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { ArtifactView } from '@pushway/core/views/types.ts'
import { z } from 'zod'
import type { Services } from '../services.ts'
import { jobsOf, runOfJob } from './jobs.ts'
import { paged } from './page.ts'
import { RestAnswer, type RestCall, type RestRoute, rest } from './route.ts'

const base = '/repos/:owner/:repo'
/** The newest runs that lists look at. */
const lookBack = 500

function numberIn(params: RestCall['params'], name: string, what: string): number {
  const number = Number(params[name])
  if (!Number.isSafeInteger(number) || number < 1) throw fail('not-found', { what, name: params[name] ?? '' })
  return number
}

export function actionRoutes(services: Services): readonly RestRoute[] {
  return [...runRoutes(services), ...jobRoutes(services), ...controlRoutes(services), ...artifactRoutes(services), ...workflowRoutes(services)]
}

function runRoutes(services: Services): readonly RestRoute[] {
  const { queries } = services
  const factsOf = (call: RestCall) => queries.runFacts(call.project, numberIn(call.params, 'run', 'run'))
  return [
    rest({ method: 'GET', path: `${base}/actions/runs`, action: 'actions.read', handle: (call) => listRuns(services, call, () => true) }),
    rest({ method: 'GET', path: `${base}/actions/runs/:run`, action: 'actions.read', handle: async (call) => runShape(call.place, await factsOf(call)) }),
    rest({
      method: 'GET',
      path: `${base}/actions/runs/:run/jobs`,
      action: 'actions.read',
      async handle(call) {
        const run = await factsOf(call)
        return paged(call, jobsOf(services, { project: call.project, run }), { wrap: wrapped('jobs'), show: (job) => jobShape(call.place, run, job) })
      },
    }),
    rest({
      method: 'GET',
      path: `${base}/actions/runs/:run/attempts/:attempt/jobs`,
      action: 'actions.read',
      async handle(call) {
        const run = await factsOf(call)
        const jobs = jobsOf(services, { project: call.project, run }).filter(({ attempt }) => attempt === numberIn(call.params, 'attempt', 'attempt'))
        return paged(call, jobs, { wrap: wrapped('jobs'), show: (job) => jobShape(call.place, run, job) })
      },
    }),
  ]
}

const wrapped = (name: string) => (page: readonly unknown[], total: number) => ({ total_count: total, [name]: page })

type Facts = Awaited<ReturnType<Services['queries']['runFacts']>>

async function listRuns({ queries }: Services, call: RestCall, also: (run: Facts) => boolean): Promise<RestAnswer> {
  const wanted = (name: string) => call.query.get(name)
  const runs = await Promise.all(queries.runSerials(call.project, lookBack).map((serial) => queries.runFacts(call.project, serial)))
  const is = (name: string, value: string | null) => wanted(name) === null || wanted(name) === value
  const found = runs.filter(
    (run) =>
      also(run) &&
      is('branch', run.branch) &&
      is('event', run.event) &&
      is('head_sha', run.sha) &&
      is('actor', run.actor) &&
      (wanted('status') === null || wanted('status') === run.status || wanted('status') === run.conclusion),
  )
  return paged(call, found, { wrap: wrapped('workflow_runs'), show: (run) => runShape(call.place, run) })
}

function jobRoutes(services: Services): readonly RestRoute[] {
  const { queries } = services
  const find = async ({ project, params }: RestCall) => {
    const id = numberIn(params, 'job', 'job')
    const run = await queries.runFacts(project, runOfJob(id))
    const job = jobsOf(services, { project, run }).find((one) => one.id === id)
    if (!job) throw fail('not-found', { what: 'job', name: String(id) })
    return { run, job }
  }
  return [
    rest({
      method: 'GET',
      path: `${base}/actions/jobs/:job`,
      action: 'actions.read',
      async handle(call) {
        const { run, job } = await find(call)
        return jobShape(call.place, run, job)
      },
    }),
    rest({
      method: 'GET',
      path: `${base}/actions/jobs/:job/logs`,
      action: 'actions.read',
      async handle(call) {
        const { run, job } = await find(call)
        const id = queries.runBySerial(call.project, run.id)
        const lines: string[] = []
        let cursor = 0
        for (let read = 0; read < 64; read += 1) {
          const page = await queries.jobLog({ run: id, job: job.key, attempt: undefined, cursor, limit: 1024 * 1024 })
          lines.push(...page.lines.map(({ at, text }) => `${new Date(at).toISOString()} ${text}`))
          if (page.cursor === cursor) break
          cursor = page.cursor
        }
        return new RestAnswer(200, lines.join('\n'))
      },
    }),
    rest({
      method: 'POST',
      path: `${base}/actions/jobs/:job/rerun`,
      action: 'actions.write',
      async handle(call) {
        const { run, job } = await find(call)
        services.commands.rerun(queries.runBySerial(call.project, run.id), { which: { job: job.key }, debug: wantsDebug(call) }, call.who.by)
        return new RestAnswer(201, {})
      },
    }),
  ]
}

/** As GitHub's body says it; there need not be one. */
function wantsDebug({ body }: RestCall): boolean {
  return typeof body === 'object' && body !== null && Reflect.get(body, 'enable_debug_logging') === true
}

/** What is done to a run, by the last part of its address. */
function controlRoutes({ queries, commands }: Services): readonly RestRoute[] {
  const controls: Readonly<Record<string, { readonly status: number; readonly act: (run: string, by: string, debug: boolean) => void }>> = {
    cancel: { status: 202, act: (run, by) => commands.cancelRun(run, false, by) },
    'force-cancel': { status: 202, act: (run, by) => commands.cancelRun(run, true, by) },
    rerun: { status: 201, act: (run, by, debug) => commands.rerun(run, { which: 'all', debug }, by) },
    'rerun-failed-jobs': { status: 201, act: (run, by, debug) => commands.rerun(run, { which: 'failed', debug }, by) },
    approve: { status: 201, act: (run, by) => commands.approveRun(run, by) },
  }
  return Object.entries(controls).map(([word, { status, act }]) =>
    rest({
      method: 'POST',
      path: `${base}/actions/runs/:run/${word}`,
      // A run may not approve itself or another one.
      action: word === 'approve' ? 'run.control' : 'actions.write',
      handle(call) {
        act(queries.runBySerial(call.project, numberIn(call.params, 'run', 'run')), call.who.by, wantsDebug(call))
        return new RestAnswer(status, {})
      },
    }),
  )
}

function artifactRoutes({ queries, artifacts }: Services): readonly RestRoute[] {
  const all = (project: string) =>
    queries.runSerials(project, lookBack).flatMap((serial) => {
      const run = queries.runBySerial(project, serial)
      return artifacts.list(run).map((artifact) => ({ artifact, run, serial }))
    })
  const find = ({ project, params }: RestCall) => {
    const id = numberIn(params, 'artifact', 'artifact')
    const found = all(project).find(({ artifact }) => artifact.id === id)
    if (!found) throw fail('not-found', { what: 'artifact', name: String(id) })
    return found
  }
  const named = (call: RestCall, list: ReturnType<typeof all>) => {
    const name = call.query.get('name')
    return paged(
      call,
      list.filter(({ artifact }) => name === null || artifact.name === name),
      { wrap: wrapped('artifacts'), show: ({ artifact, serial }) => artifactShape(call.place, artifact, serial) },
    )
  }
  return [
    rest({ method: 'GET', path: `${base}/actions/artifacts`, action: 'actions.read', handle: (call) => named(call, all(call.project)) }),
    rest({
      method: 'GET',
      path: `${base}/actions/runs/:run/artifacts`,
      action: 'actions.read',
      handle(call) {
        const serial = numberIn(call.params, 'run', 'run')
        const run = queries.runBySerial(call.project, serial)
        return named(
          call,
          artifacts.list(run).map((artifact) => ({ artifact, run, serial })),
        )
      },
    }),
    rest({
      method: 'GET',
      path: `${base}/actions/artifacts/:artifact`,
      action: 'actions.read',
      handle(call) {
        const { artifact, serial } = find(call)
        return artifactShape(call.place, artifact, serial)
      },
    }),
    rest({
      method: 'GET',
      path: `${base}/actions/artifacts/:artifact/:format`,
      action: 'actions.read',
      handle(call) {
        if (call.params.format !== 'zip') throw fail('not-found', { what: 'format', name: call.params.format ?? '' })
        const { artifact, run } = find(call)
        return new RestAnswer(302, undefined, { location: artifacts.link(run, artifact.id) })
      },
    }),
    rest({
      method: 'DELETE',
      path: `${base}/actions/artifacts/:artifact`,
      action: 'actions.write',
      async handle(call) {
        const { artifact, run } = find(call)
        await artifacts.remove(run, artifact.id)
      },
    }),
  ]
}

function artifactShape(place: Place, artifact: ArtifactView, run: number): Shape {
  const url = `${apiOf(place)}/actions/artifacts/${artifact.id}`
  return {
    id: artifact.id,
    node_id: nodeId('A', artifact.id),
    name: artifact.name,
    size_in_bytes: artifact.size,
    url,
    archive_download_url: `${url}/zip`,
    expired: false,
    digest: artifact.digest ?? null,
    created_at: isoTime(artifact.createdAt),
    updated_at: isoTime(artifact.createdAt),
    expires_at: isoTime(artifact.expiresAt),
    workflow_run: { id: run, repository_id: numberOf(place.project), head_repository_id: numberOf(place.project) },
  }
}

const dispatch = z.object({ ref: z.string().min(1).max(500), inputs: z.record(z.string().max(200), z.coerce.string().max(65_536)).default({}) })
const event = z.object({ event_type: z.string().min(1).max(100), client_payload: z.record(z.string(), z.unknown()).default({}) })

function workflowRoutes(services: Services): readonly RestRoute[] {
  const { commands, repositories } = services
  const files = async (project: string) => {
    const tip = await repositories.resolve(project, await repositories.defaultBranch(project))
    const paths = tip === undefined ? [] : await repositories.listFiles(project, tip, '.github/workflows')
    const known = paths.filter((path) => /^\.github\/workflows\/[^/]+\.ya?ml$/.test(path))
    return Promise.all(known.map(async (path) => ({ path, name: nameOf(await repositories.readFile(project, tip ?? '', path), path) })))
  }
  const find = async ({ project, params }: RestCall<never>) => {
    const wanted = params.workflow ?? ''
    const found = (await files(project)).find(({ path }) => String(numberOf(path)) === wanted || path === wanted || path.endsWith(`/${wanted}`))
    if (!found) throw fail('not-found', { what: 'workflow', name: wanted })
    return found
  }
  return [
    rest({
      method: 'GET',
      path: `${base}/actions/workflows`,
      action: 'actions.read',
      handle: async (call) => paged(call, await files(call.project), { wrap: wrapped('workflows'), show: (workflow) => workflowShape(call.place, workflow) }),
    }),
    rest({
      method: 'GET',
      path: `${base}/actions/workflows/:workflow`,
      action: 'actions.read',
      handle: async (call) => workflowShape(call.place, await find(call as never)),
    }),
    rest({
      method: 'GET',
      path: `${base}/actions/workflows/:workflow/runs`,
      action: 'actions.read',
      async handle(call) {
        const { path } = await find(call as never)
        return listRuns(services, call, (run) => run.workflow.path === path)
      },
    }),
    rest<z.infer<typeof dispatch>>({
      method: 'POST',
      path: `${base}/actions/workflows/:workflow/dispatches`,
      action: 'actions.write',
      body: dispatch,
      async handle(call) {
        const { ref, inputs } = call.body
        const { path } = await find(call as never)
        await commands.dispatchWorkflow(call.project, { workflow: path, ref, inputs }, call.who.by)
      },
    }),
    rest<z.infer<typeof event>>({
      method: 'POST',
      path: `${base}/dispatches`,
      action: 'contents.write',
      body: event,
      async handle({ project, body, who }) {
        if (Object.keys(body.client_payload).length > 10)
          throw fail('request-refused', { problem: 'client_payload has more than 10 keys.', hint: 'Nest them.' })
        await commands.dispatchRepository(project, { type: body.event_type, payload: body.client_payload }, who.by)
      },
    }),
  ]
}

/** The `name:` of a workflow file, without parsing all of it; its path without one. */
function nameOf(bytes: Uint8Array | undefined, path: string): string {
  const line = /^name:\s*(.+?)\s*(?:#.*)?$/m.exec(Buffer.from(bytes ?? []).toString())?.[1]
  return line?.replace(/^(['"])(.*)\1$/, '$2') ?? path
}
