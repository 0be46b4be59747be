// Deployments and their statuses: records that others keep, and Pushway's own, which nobody else changes.

import { type DeploymentFacts, type DeploymentStatusFacts, deploymentShape, deploymentStates, deploymentStatusShape } from '@pushway/core/github/deployment.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { z } from 'zod'
import type { DeploymentRecord } from '../../ports/service.ts'
import type { Services } from '../services.ts'
import { paged } from './page.ts'
import { commitAt } from './repositories.ts'
import { type RestCall, type RestRoute, rest } from './route.ts'

const base = '/repos/:owner/:repo/deployments'
const created = z.object({
  ref: z.string().min(1).max(500),
  environment: z.string().min(1).max(255).default('production'),
  task: z.string().max(100).default('deploy'),
  payload: z.union([z.record(z.string(), z.unknown()), z.string().max(65_536)]).default({}),
  description: z.string().max(1000).nullish(),
  transient_environment: z.boolean().optional(),
  production_environment: z.boolean().optional(),
})
const status = z.object({
  state: z.enum(deploymentStates),
  description: z.string().max(1000).optional(),
  environment_url: z.string().max(2000).optional(),
  log_url: z.string().max(2000).optional(),
  target_url: z.string().max(2000).optional(),
})

/** Records of others are numbered from here; Pushway's own deployments stay below. */
const ofOthers = 2 ** 40

export function deploymentRoutes(services: Services): readonly RestRoute[] {
  const { documents, clock, commands } = services
  return [
    rest({
      method: 'GET',
      path: base,
      action: 'deployments.read',
      async handle(call) {
        const { project, query, place } = call
        const own = (await services.queries.deploymentRecords(project, 200)).map(({ deployment }) => deployment)
        const others = documents.list<DeploymentFacts>(project, 'deployment', { limit: 1000 }).map(withNumber)
        const is = (name: string, value: string) => query.get(name) === null || query.get(name) === value
        const found = [...own, ...others].filter(
          (one) => is('environment', one.environment) && is('sha', one.sha) && is('ref', one.ref) && is('task', one.task ?? 'deploy'),
        )
        return paged(
          call,
          found.toSorted((a, b) => b.createdAt - a.createdAt),
          { show: (one) => deploymentShape(place, one) },
        )
      },
    }),
    rest<z.infer<typeof created>>({
      method: 'POST',
      path: base,
      action: 'deployments.write',
      body: created,
      status: 201,
      async handle({ project, body, who, place }) {
        const sha = await commitAt(services, project, body.ref)
        const facts: Omit<DeploymentFacts, 'id'> = {
          ...{ sha, ref: body.ref, environment: body.environment, task: body.task, payload: body.payload, by: who.by, createdAt: clock.now() },
          ...(body.description ? { description: body.description } : {}),
          ...(body.transient_environment === undefined ? {} : { transient: body.transient_environment }),
          ...(body.production_environment === undefined ? {} : { production: body.production_environment }),
        }
        const id = documents.add(project, 'deployment', { about: body.environment, body: facts, at: facts.createdAt })
        const deployment = { ...facts, id: ofOthers + id }
        await commands.deploymentTold(project, { deployment }, who)
        return deploymentShape(place, deployment)
      },
    }),
    ...recordRoutes(services),
    ...recordStatusRoutes(services),
  ]
}

function recordRoutes(services: Services): readonly RestRoute[] {
  const { documents } = services
  const find = (call: RestCall<never>) => findRecord(services, call)
  return [
    rest({
      method: 'GET',
      path: `${base}/:id`,
      action: 'deployments.read',
      handle: async (call) => deploymentShape(call.place, (await find(call as never)).deployment),
    }),
    rest({
      method: 'DELETE',
      path: `${base}/:id`,
      action: 'deployments.write',
      async handle(call) {
        const { deployment } = await find(call as never)
        onlyOfOthers(deployment.id)
        documents.remove(call.project, 'deployment', deployment.id - ofOthers)
      },
    }),
  ]
}

function recordStatusRoutes(services: Services): readonly RestRoute[] {
  const { documents, clock, commands } = services
  const find = (call: RestCall<never>) => findRecord(services, call)
  return [
    rest({
      method: 'GET',
      path: `${base}/:id/statuses`,
      action: 'deployments.read',
      async handle(call) {
        const { deployment, statuses } = await find(call as never)
        return paged(call, statuses, { show: (one) => deploymentStatusShape(call.place, deployment, one) })
      },
    }),
    rest<z.infer<typeof status>>({
      method: 'POST',
      path: `${base}/:id/statuses`,
      action: 'deployments.write',
      body: status,
      status: 201,
      async handle(call) {
        const { body, project, who } = call
        const { deployment } = await find(call as never)
        onlyOfOthers(deployment.id)
        const logUrl = body.log_url ?? body.target_url
        const facts: Omit<DeploymentStatusFacts, 'id'> = {
          ...{ state: body.state, by: who.by, at: clock.now() },
          ...(body.description === undefined ? {} : { description: body.description }),
          ...(body.environment_url === undefined ? {} : { environmentUrl: body.environment_url }),
          ...(logUrl === undefined ? {} : { logUrl }),
        }
        const id = documents.add(project, 'deployment-status', { about: String(deployment.id), body: facts, at: facts.at })
        await commands.deploymentTold(project, { deployment, status: { ...facts, id } }, who)
        return deploymentStatusShape(call.place, deployment, { ...facts, id })
      },
    }),
    rest({
      method: 'GET',
      path: `${base}/:id/statuses/:status`,
      action: 'deployments.read',
      async handle(call) {
        const { deployment, statuses } = await find(call as never)
        const found = statuses.find(({ id }) => String(id) === call.params.status)
        if (!found) throw fail('not-found', { what: 'deployment status', name: call.params.status ?? '' })
        return deploymentStatusShape(call.place, deployment, found)
      },
    }),
  ]
}

function withNumber({ id, body }: { readonly id: number; readonly body: DeploymentFacts }): DeploymentFacts {
  return { ...body, id: ofOthers + id }
}

async function findRecord({ documents, queries }: Services, { project, params }: RestCall<never>): Promise<DeploymentRecord> {
  const id = Number(params.id)
  if (id < ofOthers) {
    const own = (await queries.deploymentRecords(project, 1000)).find(({ deployment }) => deployment.id === id)
    if (own) return own
  }
  const found = Number.isSafeInteger(id) ? documents.get<DeploymentFacts>(project, 'deployment', id - ofOthers) : undefined
  if (!found) throw fail('not-found', { what: 'deployment', name: params.id ?? '' })
  const statuses = documents.list<DeploymentStatusFacts>(project, 'deployment-status', { about: String(id), limit: 1000 })
  return { deployment: withNumber(found), statuses: statuses.map((one) => ({ ...one.body, id: one.id })) }
}

function onlyOfOthers(id: number): void {
  if (id >= ofOthers) return
  throw fail('request-refused', { problem: 'This deployment is Pushway’s own: its statuses say how its rollout goes.', hint: 'Make a deployment of your own.' })
}
