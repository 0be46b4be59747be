// Environments: what runs where, what ran, what would happen; rollback and promotion.

import { z } from 'zod'
import { sendLines } from '../log-stream.ts'
import { RawAnswer, type Route, route } from '../route.ts'
import { count, flag } from '../schemas.ts'
import type { Services } from '../services.ts'

const ref = z.string().min(1).max(500)
const logQuery = z.object({ service: z.string().max(200).optional(), tail: count(200, 10_000), follow: flag })

export function environmentRoutes({ commands, queries }: Services): readonly Route[] {
  const base = '/projects/:owner/:name/environments'
  const one = `${base}/:environment`
  return [
    route({ method: 'GET', path: base, action: 'environment.read', summary: 'All environments.', handle: ({ project }) => queries.environments(project) }),
    route({
      method: 'GET',
      path: one,
      action: 'environment.read',
      summary: 'One environment with its services, groups and deployments.',
      handle: ({ project, params }) => queries.environment(project, params.environment ?? ''),
    }),
    route({
      method: 'GET',
      path: `${one}/history`,
      action: 'environment.read',
      summary: 'What ran there, newest first.',
      async handle({ project, params }) {
        const { name } = await queries.environment(project, params.environment ?? '')
        return queries.history(project, name)
      },
    }),
    route({
      method: 'GET',
      path: `${one}/plan`,
      action: 'environment.read',
      summary: 'What deploying a ref there would do.',
      query: z.object({ ref }),
      handle: ({ project, params, query }) => queries.plan(project, params.environment ?? '', query.ref),
    }),
    route({
      method: 'GET',
      path: `${one}/logs`,
      action: 'environment.read',
      summary: 'Lines of the running instances, as NDJSON.',
      query: logQuery,
      handle({ project, params, query, signal }) {
        const { service, tail, follow } = query
        const lines = queries.instanceLogs({ project, environment: params.environment ?? '', service, tail, follow }, signal)
        return new RawAnswer((_, res) => sendLines(res, lines))
      },
    }),
    route({
      method: 'POST',
      path: `${one}/rollback`,
      action: 'environment.deploy',
      summary: 'Back to the release before, or to a named one.',
      body: z.object({ to: z.coerce.string().max(200).optional() }),
      status: 201,
      async handle({ project, params, body, by }) {
        const { name } = await queries.environment(project, params.environment ?? '')
        return commands.rollback({ project, environment: name }, body.to, by)
      },
    }),
    route({
      method: 'POST',
      path: '/projects/:owner/:name/promote',
      action: 'environment.deploy',
      summary: 'Take the release of one environment to another.',
      body: z.object({ from: ref, to: ref }),
      status: 201,
      handle: ({ project, body, by }) => commands.promote(project, body, by),
    }),
  ]
}
