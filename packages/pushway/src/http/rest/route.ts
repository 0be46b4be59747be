// A route of the GitHub-shaped API as data, and how a request finds it.

import type { IncomingMessage } from 'node:http'
import type { Place, RepositoryFacts, Shape } from '@pushway/core/github/base.ts'
import type { ProjectName } from '@pushway/core/text/ids.ts'
import type { z } from 'zod'
import type { Principal } from '../../ports/principal.ts'
import type { Asking } from '../../ports/service.ts'
import type { Action } from '../authorize.ts'

export interface RestCall<B = Shape> {
  readonly params: Readonly<Record<string, string>>
  readonly body: B
  readonly query: URLSearchParams
  /** Empty for routes that are about none. */
  readonly project: ProjectName
  readonly place: Place
  readonly principal: Principal | undefined
  readonly who: Asking
  readonly req: IncomingMessage
  /** The repository, read when it is asked for. */
  repository(): Promise<RepositoryFacts>
}

export interface RestRoute<B = Shape> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/api/v3`: `/repos/:owner/:repo/pulls/:number`; `*name` takes the rest with its slashes. */
  readonly path: string
  readonly action: Action
  readonly body?: z.ZodType<B>
  /** 200, or 204 without a value, unless told. */
  readonly status?: number
  /** A `RestAnswer` says more than a value. */
  handle(call: RestCall<B>): unknown
}

/** An answer with a status or headers of its own. */
export class RestAnswer {
  readonly status: number
  readonly value: unknown
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}) {
    this.status = status
    this.value = value
    this.headers = headers
  }
}

/** Keeps a route's body type inside while the table sees them all alike. */
export function rest<B = Shape>(route: RestRoute<B>): RestRoute {
  return route as unknown as RestRoute
}

/** Finds routes by method and path (not decoded yet). */
export function createRestMatcher(
  routes: readonly RestRoute[],
): (method: string, path: string) => { readonly route: RestRoute; readonly params: Readonly<Record<string, string>> } | undefined {
  const table = routes.map((route) => ({ route, parts: route.path.split('/') }))
  return (method, path) => {
    const parts = path.split('/')
    const fits = table.filter(({ route, parts: wanted }) => route.method === method && matches(wanted, parts))
    // The most exact one wins: fixed parts over parameters, those over the rest.
    const found = fits.toSorted((a, b) => looseness(a.parts) - looseness(b.parts))[0]
    return found && { route: found.route, params: readParams(found.parts, parts) }
  }
}

function matches(wanted: readonly string[], parts: readonly string[]): boolean {
  const open = wanted.at(-1)?.startsWith('*') === true
  if (open ? parts.length < wanted.length : parts.length !== wanted.length) return false
  return wanted.every((part, i) => part.startsWith('*') || part.startsWith(':') || part.toLowerCase() === parts[i]?.toLowerCase())
}

function looseness(parts: readonly string[]): number {
  return parts.filter((part) => part.startsWith(':')).length + (parts.at(-1)?.startsWith('*') ? 100 : 0)
}

function readParams(wanted: readonly string[], parts: readonly string[]): Readonly<Record<string, string>> {
  const params: Record<string, string> = {}
  for (const [i, part] of wanted.entries()) {
    if (part.startsWith(':')) params[part.slice(1)] = decode(parts[i] ?? '')
    if (part.startsWith('*')) params[part.slice(1)] = parts.slice(i).map(decode).join('/')
  }
  return params
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
