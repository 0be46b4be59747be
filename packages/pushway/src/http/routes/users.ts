// Users, their tokens, and the members of a project.

import { fail } from '@pushway/core/reason/errors.ts'
import { z } from 'zod'
import { type Call, type Route, route } from '../route.ts'
import { projectName, roleName } from '../schemas.ts'
import type { Services } from '../services.ts'

const DAY = 24 * 3_600_000
const newUser = z.object({ name: z.string().max(100), admin: z.boolean().default(false) })
const newToken = z.object({
  label: z.string().min(1).max(100),
  scope: z.enum(['read', 'write']),
  days: z.number().int().min(1).max(3650).optional(),
  project: projectName.optional(),
})

/** The address that signs a user in once. The token is behind `#`: browsers do not send that part, so it is in no log. */
function signInUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/sign-in#${token}`
}

/** The user whose tokens a call is about: the caller, or for administrators anybody. */
function ownUser({ params, principal, by }: Pick<Call<unknown, unknown>, 'params' | 'principal' | 'by'>): string {
  const user = params.user ?? ''
  if (user !== by && principal?.admin !== true) throw fail('not-allowed', { who: by, what: `see or change the tokens of ${user}` })
  return user
}

export function userRoutes({ accounts, publicUrl }: Services): readonly Route[] {
  const link = (user: string) => {
    const { token, expiresAt } = accounts.createSignInLink(user)
    return { url: signInUrl(publicUrl(), token), token, expiresAt }
  }
  return [
    route({ method: 'GET', path: '/users', action: 'user.manage', summary: 'All users.', handle: () => accounts.users() }),
    route({
      method: 'POST',
      path: '/users',
      action: 'user.manage',
      summary: 'Create a user; the answer has a one-time sign-in link.',
      body: newUser,
      status: 201,
      async handle({ body }) {
        const user = await accounts.createUser(body.name, { admin: body.admin })
        return { user, signIn: link(user.name) }
      },
    }),
    route({
      method: 'POST',
      path: '/users/:user/sign-in-link',
      action: 'user.manage',
      summary: 'A new one-time sign-in link for a user.',
      status: 201,
      handle: ({ params }) => link(params.user ?? ''),
    }),
    route({
      method: 'DELETE',
      path: '/users/:user',
      action: 'user.manage',
      summary: 'Disable a user: sessions and tokens stop working.',
      handle({ params, by }) {
        if (params.user === by) throw fail('not-allowed', { who: by, what: 'disable their own account' })
        accounts.disableUser(params.user ?? '')
      },
    }),
    ...tokenRoutes(accounts),
    ...memberRoutes(accounts),
  ]
}

function tokenRoutes(accounts: Services['accounts']): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/users/:user/tokens',
      action: 'token.create',
      summary: "A new token; one's own, or as an administrator anybody's. It is shown once.",
      body: newToken,
      status: 201,
      handle(call) {
        const { body } = call
        const user = ownUser(call)
        const { days, project, label, scope } = body
        return accounts.createToken(user, { label, scope, ...(days === undefined ? {} : { ttlMs: days * DAY }), ...(project === undefined ? {} : { project }) })
      },
    }),
    route({
      method: 'GET',
      path: '/users/:user/tokens',
      action: 'token.create',
      summary: 'The tokens of a user, without their text.',
      handle: (call) => accounts.userTokens(ownUser(call)),
    }),
    route({
      method: 'DELETE',
      path: '/users/:user/tokens/:id',
      action: 'token.create',
      summary: 'Revoke a token.',
      handle: (call) => accounts.revokeToken(ownUser(call), call.params.id ?? ''),
    }),
  ]
}

function memberRoutes(accounts: Services['accounts']): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/projects/:owner/:name/members',
      action: 'member.list',
      summary: 'The members of a project and their roles.',
      handle: ({ project }) => accounts.members(project),
    }),
    route({
      method: 'PUT',
      path: '/projects/:owner/:name/members/:user',
      action: 'member.set',
      summary: 'Give a user a role on the project.',
      body: z.object({ role: roleName }),
      handle: ({ project, params, body }) => accounts.setMember(project, params.user ?? '', body.role),
    }),
    route({
      method: 'DELETE',
      path: '/projects/:owner/:name/members/:user',
      action: 'member.set',
      summary: "Take a user's role on the project away.",
      handle: ({ project, params }) => accounts.setMember(project, params.user ?? '', undefined),
    }),
  ]
}
