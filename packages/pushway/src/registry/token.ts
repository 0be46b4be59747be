// Docker's token authentication: who has no token is sent to /v2/token, which takes a Basic credential (or none) and gives a short-lived token.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { EpochMs } from '@pushway/core/text/ids.ts'
import type { Principal } from '../ports/principal.ts'
import { RegistryProblem, sendJson } from './answer.ts'
import { readGrant } from './schema.ts'
import type { Exchange } from './types.ts'

/** Seconds. Rights are looked up at each request; only the sign-in itself is remembered this long. */
const validFor = 300
const prefix = 'pushway-registry.'

/** Tokens of this process: after a restart clients ask for new ones by themselves. */
export interface RegistryTokens {
  /** Without a principal: the token of somebody who has not signed in. */
  issue(principal: Principal | undefined): string
  /** Undefined: not a token of ours, or not valid any more. */
  read(req: IncomingMessage): { readonly principal?: Principal } | undefined
}

/** Tokens signed with a key that never leaves this process. */
export function createRegistryTokens(now: () => EpochMs = Date.now): RegistryTokens {
  const key = randomBytes(32)
  const sign = (body: string) => createHmac('sha256', key).update(body).digest('base64url')
  return {
    issue(principal) {
      const body = Buffer.from(JSON.stringify({ until: now() + validFor * 1000, ...(principal ? { principal } : {}) })).toString('base64url')
      return `${prefix}${body}.${sign(body)}`
    },
    read(req) {
      const token = /^Bearer (\S+)$/i.exec(req.headers.authorization ?? '')?.[1]
      if (!token?.startsWith(prefix)) return undefined
      const [body = '', signature = ''] = token.slice(prefix.length).split('.')
      const wanted = Buffer.from(sign(body))
      const got = Buffer.from(signature)
      if (wanted.length !== got.length || !timingSafeEqual(wanted, got)) return undefined
      const grant = readGrant(Buffer.from(body, 'base64url').toString())
      return grant.until > now() ? grant : undefined
    },
  }
}

/** Whether the request carries a token that was made here, valid or not. */
export function hasRegistryToken(req: IncomingMessage): boolean {
  return (req.headers.authorization ?? '').slice('Bearer '.length).startsWith(prefix)
}

/** GET /v2/token: a token for the Basic credential, or for nobody when there is none. */
export function serveToken(exchange: Exchange, tokens: RegistryTokens): void {
  const { req, res, principal } = exchange
  // Some clients try OAuth's POST first and then this.
  if (req.method !== 'GET') throw new RegistryProblem(405, 'UNSUPPORTED', { message: 'Ask for a token with GET', headers: { allow: 'GET' } })
  if (principal === undefined && req.headers.authorization !== undefined) throw signIn(req)
  const token = tokens.issue(principal)
  sendJson(res, { token, access_token: token, expires_in: validFor, issued_at: new Date().toISOString() }, { 'cache-control': 'no-store' })
}

/** The refusal that tells clients where tokens are given; `scope` is what they should ask for. */
export function signIn(req: IncomingMessage, scope?: { readonly repository: string; readonly right: 'pull' | 'push' | 'delete' }): RegistryProblem {
  const host = req.headers.host ?? ''
  const scheme = req.headers['x-forwarded-proto'] === 'https' ? 'https' : 'http'
  const actions = { pull: 'pull', push: 'pull,push', delete: 'delete' }
  const asked = scope ? `,scope="repository:${scope.repository}:${actions[scope.right]}"` : ''
  const bearer = `Bearer realm="${scheme}://${host}/v2/token",service="${host}"${asked}`
  // A host that could break out of the header is answered with what needs none.
  const challenge = /^[\w.:[\]-]+$/.test(host) ? bearer : 'Basic realm="Pushway", charset="UTF-8"'
  return new RegistryProblem(401, 'UNAUTHORIZED', { message: 'Sign in: docker login', headers: { 'www-authenticate': challenge } })
}
