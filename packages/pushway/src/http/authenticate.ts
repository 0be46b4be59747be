// Who a request is from: a token, a user's password (git and docker send it as Basic), or the browser's session.

import type { IncomingMessage } from 'node:http'
import { PushwayError } from '@pushway/core/reason/errors.ts'
import type { Accounts } from '../ports/accounts.ts'
import type { Principal } from '../ports/principal.ts'
import { Secret } from '../util/secret.ts'

const COOKIE = 'pushway_session'

export interface Caller {
  readonly principal: Principal | undefined
  /** `session` came from a cookie, which browsers also send for other sites' pages. */
  readonly by: 'nobody' | 'header' | 'session'
}

/** A credential that is wrong is nobody. @throws PushwayError `too-many-tries` */
export async function authenticate(accounts: Accounts, req: IncomingMessage): Promise<Caller> {
  const header = req.headers.authorization
  if (header !== undefined) {
    const principal = await fromHeader(accounts, header, addressOf(req))
    return { principal, by: principal ? 'header' : 'nobody' }
  }
  const session = readSession(req)
  const principal = session === undefined ? undefined : accounts.session(session)
  return { principal, by: principal ? 'session' : 'nobody' }
}

async function fromHeader(accounts: Accounts, header: string, address: string): Promise<Principal | undefined> {
  const [, scheme = '', value = ''] = /^(\S+)\s+(\S+)$/.exec(header.trim()) ?? []
  switch (scheme.toLowerCase()) {
    case 'bearer':
    case 'token':
      return accounts.token(value)
    case 'basic':
      return fromBasic(accounts, Buffer.from(value, 'base64').toString('utf8'), address)
    default:
      return undefined
  }
}

async function fromBasic(accounts: Accounts, text: string, address: string): Promise<Principal | undefined> {
  const colon = text.indexOf(':')
  const name = colon < 0 ? text : text.slice(0, colon)
  const password = colon < 0 ? '' : text.slice(colon + 1)
  // As on GitHub: the token is the password, or the name when there is no password.
  const byToken = accounts.token(password) ?? (password === '' || password === 'x-oauth-basic' ? accounts.token(name) : undefined)
  if (byToken || password === '' || password.startsWith('pwt_') || password.startsWith('pwr_')) return byToken
  try {
    return await accounts.signInWithPassword(name, new Secret(password), address)
  } catch (error) {
    if (error instanceof PushwayError && error.code === 'sign-in-wrong') return undefined
    throw error
  }
}

/** The session token in the request's cookie. */
export function readSession(req: IncomingMessage): string | undefined {
  for (const part of (req.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=')
    if (name === COOKIE && value) return value
  }
  return undefined
}

/** The `Set-Cookie` of a session; an empty token takes the cookie away. */
export function sessionCookie(token: string, options: { readonly secure: boolean; readonly maxAgeSeconds: number }): string {
  return `${COOKIE}=${token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${options.maxAgeSeconds}${options.secure ? '; Secure' : ''}`
}

/** Whether another site's page made the browser send this. Browsers always say where from; who uses a cookie and does not say is refused. */
export function isCrossSite(req: IncomingMessage, by: Caller['by'], publicUrl: string): boolean {
  const origin = req.headers.origin
  if (origin !== undefined) return !URL.canParse(origin) || ![req.headers.host, new URL(publicUrl).host].includes(new URL(origin).host)
  const site = req.headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  return by === 'session'
}

/** The other end's address, for counting failed sign-ins. */
export function addressOf(req: IncomingMessage): string {
  return req.socket.remoteAddress ?? 'unknown'
}
