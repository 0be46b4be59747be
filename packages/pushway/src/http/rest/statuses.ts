// Commit statuses and check runs: what others say of a commit, and the jobs that ran for it.

import { apiOf, isoTime, nodeId, type Place, type Shape, userShape } from '@pushway/core/github/base.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { z } from 'zod'
import type { StoredDocument } from '../../ports/documents.ts'
import type { Services } from '../services.ts'
import { jobsOf } from './jobs.ts'
import { paged } from './page.ts'
import { commitAt } from './repositories.ts'
import { type RestCall, type RestRoute, rest } from './route.ts'

const base = '/repos/:owner/:repo'
const url = z.string().max(2000)
const status = z.object({
  state: z.enum(['error', 'failure', 'pending', 'success']),
  context: z.string().min(1).max(255).default('default'),
  description: z.string().max(1000).nullish(),
  target_url: url.nullish(),
})
type Status = z.infer<typeof status> & { readonly by: string }

export function statusRoutes(services: Services): readonly RestRoute[] {
  const { documents, clock } = services
  const of = (project: string, sha: string) => documents.list<Status>(project, 'status', { about: sha, limit: 1000 })
  const list = async (call: RestCall) => {
    const sha = await commitAt(services, call.project, call.params.ref ?? '')
    return paged(call, of(call.project, sha), { show: (one) => statusShape(call.place, one) })
  }
  return [
    rest<z.infer<typeof status>>({
      method: 'POST',
      path: `${base}/statuses/:sha`,
      action: 'statuses.write',
      body: status,
      status: 201,
      async handle({ project, params, body, who, place }) {
        const sha = await commitAt(services, project, params.sha ?? '')
        const document = { about: sha, body: { ...body, by: who.by }, at: clock.now() }
        return statusShape(place, { ...document, id: documents.add(project, 'status', document) })
      },
    }),
    rest({ method: 'GET', path: `${base}/commits/:ref/statuses`, action: 'statuses.read', handle: list }),
    rest({ method: 'GET', path: `${base}/statuses/:ref`, action: 'statuses.read', handle: list }),
    rest({
      method: 'GET',
      path: `${base}/commits/:ref/status`,
      action: 'statuses.read',
      async handle(call) {
        const sha = await commitAt(services, call.project, call.params.ref ?? '')
        // The newest of each context counts.
        const newest = [
          ...new Map(
            of(call.project, sha)
              .toReversed()
              .map((one) => [one.body.context, one]),
          ).values(),
        ]
        const states = newest.map((one) => one.body.state)
        const bad = states.some((state) => state === 'failure' || state === 'error')
        const state = bad ? 'failure' : states.length === 0 || states.includes('pending') ? 'pending' : 'success'
        const shown = newest.map((one) => statusShape(call.place, one))
        return {
          state,
          statuses: shown,
          sha,
          total_count: shown.length,
          commit_url: `${apiOf(call.place)}/commits/${sha}`,
          url: `${apiOf(call.place)}/commits/${sha}/status`,
        }
      },
    }),
  ]
}

function statusShape(place: Place, { id, about, body, at }: StoredDocument<Status>): Shape {
  return {
    url: `${apiOf(place)}/statuses/${about}`,
    id,
    node_id: nodeId('SC', id),
    state: body.state,
    context: body.context,
    description: body.description ?? null,
    target_url: body.target_url ?? null,
    avatar_url: null,
    creator: userShape(body.by, place.server),
    created_at: isoTime(at),
    updated_at: isoTime(at),
  }
}

const conclusions = ['action_required', 'cancelled', 'failure', 'neutral', 'success', 'skipped', 'stale', 'timed_out'] as const
const time = z.iso.datetime({ offset: true })
const output = z.looseObject({ title: z.string().max(255).nullish(), summary: z.string().max(65_535).nullish(), text: z.string().max(65_535).nullish() })
const checkFields = {
  status: z.enum(['queued', 'in_progress', 'completed']).optional(),
  conclusion: z.enum(conclusions).optional(),
  details_url: url.optional(),
  external_id: z.string().max(255).optional(),
  started_at: time.optional(),
  completed_at: time.optional(),
  output: output.optional(),
}
const newCheck = z.object({ name: z.string().min(1).max(255), head_sha: z.string().max(40), ...checkFields })
const changedCheck = z.object({ name: z.string().min(1).max(255).optional(), ...checkFields })
type Check = z.infer<typeof newCheck> & { readonly by: string }

export function checkRoutes(services: Services): readonly RestRoute[] {
  const { documents, clock } = services
  const read = (project: string, id: string | undefined) => {
    const found = documents.get<Check>(project, 'check-run', Number(id))
    if (!found) throw fail('not-found', { what: 'check run', name: id ?? '' })
    return found
  }
  return [
    rest<z.infer<typeof newCheck>>({
      method: 'POST',
      path: `${base}/check-runs`,
      action: 'checks.write',
      body: newCheck,
      status: 201,
      async handle({ project, body, who, place }) {
        const sha = await commitAt(services, project, body.head_sha)
        const document = { about: sha, body: { ...body, head_sha: sha, by: who.by }, at: clock.now() }
        return checkShape(place, { ...document, id: documents.add(project, 'check-run', document) })
      },
    }),
    rest<z.infer<typeof changedCheck>>({
      method: 'PATCH',
      path: `${base}/check-runs/:id`,
      action: 'checks.write',
      body: changedCheck,
      handle({ project, params, body, place }) {
        const before = read(project, params.id)
        const after = { ...before, body: { ...before.body, ...body } as Check }
        documents.replace(project, 'check-run', after)
        return checkShape(place, after)
      },
    }),
    rest({
      method: 'GET',
      path: `${base}/check-runs/:id`,
      action: 'checks.read',
      handle: ({ project, params, place }) => checkShape(place, read(project, params.id)),
    }),
    rest({
      method: 'GET',
      path: `${base}/commits/:ref/check-runs`,
      action: 'checks.read',
      async handle(call) {
        const { project, place, query } = call
        const sha = await commitAt(services, project, call.params.ref ?? '')
        const own = documents.list<Check>(project, 'check-run', { about: sha, limit: 1000 }).map((one) => checkShape(place, one))
        const all = [...own, ...(await jobChecks(services, call, sha))]
        const named = query.get('check_name')
        const state = query.get('status')
        const shown = all.filter((one) => (named === null || one.name === named) && (state === null || one.status === state))
        return paged(call, shown, { wrap: (page, total) => ({ total_count: total, check_runs: page }) })
      },
    }),
  ]
}

/** Each job of the commit's runs is a check run, as on GitHub. */
async function jobChecks(services: Services, { project, place }: RestCall, sha: string): Promise<readonly Shape[]> {
  const found: Shape[] = []
  for (const serial of services.queries.runSerials(project, 200)) {
    const run = await services.queries.runFacts(project, serial)
    if (run.sha !== sha) continue
    for (const job of jobsOf(services, { project, run })) {
      const body = {
        name: job.name,
        head_sha: sha,
        status: job.status === 'waiting' ? 'queued' : job.status,
        ...(job.conclusion ? { conclusion: job.conclusion } : {}),
        by: run.actor,
      }
      const shape = checkShape(place, { id: job.id, about: sha, body: body as Check, at: job.startedAt ?? run.createdAt })
      found.push({
        ...shape,
        completed_at: job.finishedAt === undefined ? null : isoTime(job.finishedAt),
        html_url: `${place.server}/${project}/runs/${run.number}`,
      })
    }
  }
  return found
}

function checkShape(place: Place, { id, body, at }: StoredDocument<Check>): Shape {
  const address = `${apiOf(place)}/check-runs/${id}`
  const status = body.status ?? (body.conclusion ? 'completed' : 'queued')
  return {
    id,
    node_id: nodeId('CR', id),
    head_sha: body.head_sha,
    external_id: body.external_id ?? '',
    url: address,
    html_url: body.details_url ?? `${place.server}/${place.project}`,
    details_url: body.details_url ?? `${place.server}/${place.project}`,
    status,
    conclusion: status === 'completed' ? (body.conclusion ?? 'neutral') : null,
    started_at: body.started_at ?? isoTime(at),
    completed_at: status === 'completed' ? (body.completed_at ?? isoTime(at)) : null,
    output: {
      title: body.output?.title ?? null,
      summary: body.output?.summary ?? null,
      text: body.output?.text ?? null,
      annotations_count: 0,
      annotations_url: `${address}/annotations`,
    },
    name: body.name,
    check_suite: { id },
    app: { id: 1, slug: 'pushway', name: 'Pushway' },
    pull_requests: [],
  }
}
