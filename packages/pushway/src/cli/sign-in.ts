// Signs in at a server and gets a token of one's own: what `pushway login` does, and every test that talks to a server.

import { errorTable } from '@pushway/core/reason/error-table.ts'
import { type ErrorBody, type ErrorCode, fail, PushwayError } from '@pushway/core/reason/errors.ts'
import type { Issued } from '../ports/accounts.ts'

/** What proves who one is: a password, or the token of a one-time sign-in address. */
export type Proof = { readonly user: string; readonly password: string } | { readonly token: string }

export interface SignedIn extends Issued {
  readonly user: string
}

/**
 * A new token with all the rights of the user; `label` names it in the user's list of tokens.
 * @throws PushwayError `sign-in-wrong`, `too-many-tries`, `server-unreachable`
 */
export async function signIn(url: string, proof: Proof, label: string): Promise<SignedIn> {
  const session = await post(url, { path: '/sign-in', body: proof })
  const { user } = (await session.json()) as { user: { name: string } }
  const cookie = session.headers.getSetCookie().map((text) => text.split(';')[0])
  const headers = { cookie: cookie.join('; ') }
  const answer = await post(url, { path: `/users/${encodeURIComponent(user.name)}/tokens`, body: { label, scope: 'write' }, headers })
  const issued = (await answer.json()) as Issued
  // The session was only the way to the token.
  await post(url, { path: '/sign-out', body: {}, headers })
  return { user: user.name, ...issued }
}

/** The server and the one-time token of a sign-in address (`URL/sign-in#TOKEN`); undefined when `text` is none. */
export function readSignInAddress(text: string): { readonly url: string; readonly token: string } | undefined {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return undefined
  const { origin, pathname, hash } = new URL(text)
  if (!pathname.endsWith('/sign-in') || hash.length < 2) return undefined
  return { url: `${origin}${pathname.slice(0, -'/sign-in'.length)}`, token: decodeURIComponent(hash.slice(1)) }
}

interface Post {
  readonly path: string
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

async function post(url: string, { path, body, headers }: Post): Promise<Response> {
  const answer = await fetch(`${url.replace(/\/+$/, '')}/api/v1${path}`, {
    method: 'POST',
    redirect: 'error',
    // A session is only believed from the server's own pages.
    headers: { 'content-type': 'application/json', origin: new URL(url).origin, ...headers },
    body: JSON.stringify(body),
  }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : (error as Error)
    throw fail('server-unreachable', { url, problem: (cause as NodeJS.ErrnoException).code ?? cause.message })
  })
  if (answer.ok) return answer
  throw await readRefusal(answer, url)
}

async function readRefusal(answer: Response, url: string): Promise<PushwayError> {
  const { error } = (await answer.json().catch(() => ({ error: { code: '' } }))) as ErrorBody
  if (error.code in errorTable) return new PushwayError(error.code as ErrorCode, error.message, { next: error.next })
  return fail('server-unreachable', { url, problem: `it answered ${answer.status}, and not as a Pushway server does` })
}
