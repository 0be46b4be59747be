// A route as data: what it answers to, which action it is, what it takes. The server, the OpenAPI page and the test of all roles read the same table.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ProjectName } from '@pushway/core/text/ids.ts'
import type { z } from 'zod'
import type { Principal } from '../ports/principal.ts'
import type { Action } from './authorize.ts'

export interface Call<B, Q> {
  readonly params: Readonly<Record<string, string>>
  readonly body: B
  readonly query: Q
  /** The project that the address names or that owns what it names; empty when it is about none. */
  readonly project: ProjectName
  /** Undefined only where the action needs nothing. */
  readonly principal: Principal | undefined
  /** The caller's name, for the record. */
  readonly by: string
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** Aborted when the caller is gone. */
  readonly signal: AbortSignal
}

export interface Route<B = unknown, Q = unknown> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below `/api/v1`: `/projects/:owner/:name/runs`. */
  readonly path: string
  readonly action: Action
  readonly summary: string
  readonly body?: z.ZodType<B>
  readonly query?: z.ZodType<Q>
  readonly status?: number
  /** The project an action is about, when the address does not name it: from the parameters or the body. Undefined: there is none, so 404. */
  projectOf?(given: { readonly params: Readonly<Record<string, string>>; readonly body: B; readonly query: Q }): ProjectName | undefined
  /** What is answered as JSON; a `RawAnswer` writes its answer itself. */
  handle(call: Call<B, Q>): unknown
}

/** An answer that is no JSON document: a stream or a text. */
export class RawAnswer {
  readonly send: (req: IncomingMessage, res: ServerResponse) => Promise<void>

  constructor(send: (req: IncomingMessage, res: ServerResponse) => Promise<void>) {
    this.send = send
  }
}

/** Keeps a route's body and query types inside while the table sees them all alike. */
export function route<B = unknown, Q = unknown>(definition: Route<B, Q>): Route {
  return definition as Route
}

export interface RouteMatch {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

/** Finds routes by method and path. `methods`: those the path has, when the method is another. */
export function createMatcher(routes: readonly Route[]): (method: string, path: string) => RouteMatch | { readonly methods: readonly string[] } {
  const table = routes.map((r) => ({ route: r, parts: r.path.split('/') }))
  return (method, path) => {
    const parts = path.split('/')
    const fits = table.filter((entry) => entry.parts.length === parts.length && entry.parts.every((p, i) => p.startsWith(':') || p === parts[i]))
    // A fixed part wins over a parameter.
    const found = fits.filter((f) => f.route.method === method).sort((a, b) => countParams(a.parts) - countParams(b.parts))[0]
    if (!found) return { methods: [...new Set(fits.map((f) => f.route.method))] }
    const params: Record<string, string> = {}
    for (const [i, part] of found.parts.entries()) if (part.startsWith(':')) params[part.slice(1)] = decode(parts[i] ?? '')
    return { route: found.route, params }
  }
}

function countParams(parts: readonly string[]): number {
  return parts.filter((part) => part.startsWith(':')).length
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
