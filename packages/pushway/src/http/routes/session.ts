// Signing in and out, and who is signed in.

import { fail } from '@pushway/core/reason/errors.ts'
import { z } from 'zod'
import { Secret } from '../../util/secret.ts'
import { addressOf, readSession, sessionCookie } from '../authenticate.ts'
import { type Route, route } from '../route.ts'
import type { Services } from '../services.ts'

const signIn = z.union([z.object({ token: z.string().min(1).max(500) }), z.object({ user: z.string().min(1).max(100), password: z.string().min(1).max(1000) })])

export function sessionRoutes({ accounts, publicUrl, clock }: Services): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/sign-in',
      action: 'session.sign-in',
      summary: 'Sign in with a password or a one-time token; the session is a cookie.',
      body: signIn,
      async handle({ body, req, res }) {
        const address = addressOf(req)
        const principal =
          'token' in body ? accounts.signInWithLink(body.token, address) : await accounts.signInWithPassword(body.user, new Secret(body.password), address)
        const { token, expiresAt = clock.now() } = accounts.createSession(principal.name)
        const maxAgeSeconds = Math.floor((expiresAt - clock.now()) / 1000)
        res.setHeader('set-cookie', sessionCookie(token, { secure: publicUrl().startsWith('https:'), maxAgeSeconds }))
        return { user: accounts.user(principal.name) }
      },
    }),
    route({
      method: 'POST',
      path: '/sign-out',
      action: 'session.own',
      summary: 'End the session.',
      handle({ req, res }) {
        const session = readSession(req)
        if (session !== undefined) accounts.endSession(session)
        res.setHeader('set-cookie', sessionCookie('', { secure: publicUrl().startsWith('https:'), maxAgeSeconds: 0 }))
      },
    }),
    route({
      method: 'GET',
      path: '/me',
      action: 'session.own',
      summary: 'Who the caller is.',
      handle({ principal }) {
        if (!principal) throw fail('sign-in-required')
        return { name: principal.name, admin: principal.admin === true, kind: principal.kind, project: principal.project, scope: principal.scope }
      },
    }),
    route({
      method: 'PUT',
      path: '/me/password',
      action: 'token.create',
      summary: "Set one's own password.",
      body: z.object({ password: z.string().min(10, 'use at least 10 characters').max(1000) }),
      handle: ({ body, by }) => accounts.setPassword(by, new Secret(body.password)),
    }),
  ]
}
