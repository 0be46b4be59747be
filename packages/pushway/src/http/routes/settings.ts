// Secrets, variables and the webhook of a project. A secret's value goes in and never comes out.

import { randomBytes } from 'node:crypto'
import { fail } from '@pushway/core/reason/errors.ts'
import { z } from 'zod'
import { checkRemote } from '../../git/repositories.ts'
import { withoutCredentials } from '../../git/run-git.ts'
import { Secret } from '../../util/secret.ts'
import { authorize } from '../authorize.ts'
import { type Route, route } from '../route.ts'
import { environmentQuery, settingName } from '../schemas.ts'
import type { Services } from '../services.ts'

const secretBody = z.object({ value: z.string().min(1).max(65_536) })
const variableBody = z.object({ value: z.string().max(65_536) })
const webhookBody = z.object({ remote: z.string().min(1).max(2000), secret: z.string().min(8, 'use at least 8 characters').max(1000).optional() })

export function settingRoutes(services: Services): readonly Route[] {
  return [...valueRoutes(services), ...webhookRoutes(services)]
}

function valueRoutes({ commands, queries }: Services): readonly Route[] {
  const base = '/projects/:owner/:name'
  return [
    route({
      method: 'GET',
      path: `${base}/secrets`,
      action: 'secret.list',
      summary: 'Names and versions of the secrets.',
      handle: ({ project }) => queries.secretNames(project),
    }),
    route({
      method: 'PUT',
      path: `${base}/secrets/:setting`,
      action: 'secret.set',
      summary: 'Set a secret, of the project or of one environment.',
      body: secretBody,
      query: environmentQuery,
      handle: ({ project, params, body, query, by }) =>
        commands.setSecret({ project, environment: query.environment }, { name: checkName(params.setting), value: new Secret(body.value) }, by),
    }),
    route({
      method: 'GET',
      path: `${base}/variables`,
      action: 'variable.list',
      summary: 'The variables.',
      handle: ({ project }) => queries.variables(project),
    }),
    route({
      method: 'PUT',
      path: `${base}/variables/:setting`,
      action: 'variable.set',
      summary: 'Set a variable, of the project or of one environment.',
      body: variableBody,
      query: environmentQuery,
      handle: ({ project, params, body, query, by }) =>
        commands.setVariable({ project, environment: query.environment }, { name: checkName(params.setting), value: body.value }, by),
    }),
  ]
}

function webhookRoutes({ webhooks, publicUrl, accounts }: Services): readonly Route[] {
  const path = '/projects/:owner/:name/webhook'
  const address = (project: string) => `${publicUrl()}/hooks/github/${project}`
  return [
    route({
      method: 'GET',
      path,
      action: 'webhook.read',
      summary: 'Where the project is mirrored from, and the address deliveries go to.',
      handle({ project }) {
        const setting = webhooks.webhook(project)
        return { url: address(project), remote: setting ? withoutCredentials(setting.remote) : null }
      },
    }),
    route({
      method: 'PUT',
      path,
      action: 'webhook.set',
      summary: 'Set the remote and the secret of deliveries; without a secret one is made and shown once.',
      body: webhookBody,
      handle({ project, body, principal }) {
        // A folder of the server may hold what the project's administrator must not see.
        if (!/^[a-z]+:\/\//.test(body.remote)) authorize({ accounts, principal }, 'user.manage')
        const secret = body.secret ?? randomBytes(24).toString('base64url')
        webhooks.setWebhook(project, { remote: checkRemote(body.remote), secret: new Secret(secret) })
        return { url: address(project), remote: withoutCredentials(body.remote), ...(body.secret === undefined ? { secret } : {}) }
      },
    }),
  ]
}

function checkName(name = ''): string {
  const parsed = settingName.safeParse(name)
  if (!parsed.success) throw fail('name-invalid', { what: 'setting', name, rule: 'Use letters, digits and "_", not a digit in front.' })
  return parsed.data
}
