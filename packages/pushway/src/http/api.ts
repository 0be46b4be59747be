// Everything under /api/v1: finds the route, knows the caller, asks `authorize`, checks the input, answers JSON.

import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorBody, fail, PushwayError } from '@pushway/core/reason/errors.ts'
import type { ProjectName } from '@pushway/core/text/ids.ts'
import type { z } from 'zod'
import type { Principal } from '../ports/principal.ts'
import type { ProgramLog } from '../ports/world.ts'
import { sendAnswer } from '../util/early-answer.ts'
import { authenticate, isCrossSite } from './authenticate.ts'
import { authorize } from './authorize.ts'
import { readJson } from './body.ts'
import { createMatcher, RawAnswer, type Route, type RouteMatch } from './route.ts'
import type { RawHandler, Services } from './services.ts'

const PREFIX = '/api/v1'

/** The handler of `/api/v1/`. */
export function createApi(services: Services, routes: readonly Route[]): RawHandler {
  const match = createMatcher(routes)
  return async (req, res) => {
    try {
      await answer(services, match, { req, res })
    } catch (error) {
      // Nobody is there any more to hear it.
      if (res.destroyed) return
      sendError(req, res, toError(error, services.log))
    }
  }
}

async function answer(services: Services, match: ReturnType<typeof createMatcher>, { req, res }: { req: IncomingMessage; res: ServerResponse }): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://localhost')
  if (!url.pathname.startsWith(`${PREFIX}/`)) throw fail('not-found', { what: 'address', name: url.pathname })
  const path = url.pathname.slice(PREFIX.length).replace(/(.)\/+$/, '$1')
  const method = req.method === 'HEAD' ? 'GET' : (req.method ?? 'GET')
  const found = match(method, path)
  if (!('route' in found))
    throw found.methods.length > 0
      ? fail('method-not-allowed', { methods: found.methods.join(', ') })
      : fail('not-found', { what: 'address', name: url.pathname })
  const { route } = found
  const caller = await authenticate(services.accounts, req)
  if (method !== 'GET' && isCrossSite(req, caller.by, services.publicUrl())) throw fail('cross-site')
  // Who may do nothing here at all hears that before his input is looked at.
  const byPath = pathProject(found.params)
  if (route.projectOf === undefined || !caller.principal) authorize({ accounts: services.accounts, principal: caller.principal }, route.action, byPath)
  const query = route.query ? check(route.query, readQuery(url.searchParams)) : undefined
  const body = route.body ? check(route.body, await readJson(req)) : undefined
  const project = route.projectOf ? ownerProject(route, found, { body, query }) : byPath
  const principal = route.projectOf
    ? authorizeOwned(services, caller.principal, { route, project, name: ownedName(found) })
    : authorize({ accounts: services.accounts, principal: caller.principal }, route.action, project)
  // Administrators have a role on every name, also on one that no project has.
  if (byPath !== undefined && !services.queries.projectNames().includes(byPath)) throw fail('not-found', { what: 'project', name: byPath })
  const gone = new AbortController()
  res.on('close', () => gone.abort())
  const result = await route.handle({
    params: found.params,
    body,
    query,
    project: project ?? '',
    principal,
    by: principal?.name ?? '',
    req,
    res,
    signal: gone.signal,
  })
  if (result instanceof RawAnswer) return result.send(req, res)
  sendJson(req, res, { status: route.status ?? (result === undefined ? 204 : 200), value: result })
}

function pathProject(params: Readonly<Record<string, string>>): ProjectName | undefined {
  return params.owner !== undefined && params.name !== undefined ? `${params.owner}/${params.name}` : undefined
}

function ownerProject(route: Route, found: RouteMatch, given: { body: unknown; query: unknown }): ProjectName {
  const project = route.projectOf?.({ params: found.params, ...given })
  if (project === undefined) throw fail('not-found', { what: 'object', name: ownedName(found) })
  return project
}

function ownedName({ params }: RouteMatch): string {
  return Object.values(params).join(' ')
}

/** As `authorize`; a refusal does not tell whose the thing is. */
function authorizeOwned(
  services: Services,
  principal: Principal | undefined,
  about: { route: Route; project: ProjectName | undefined; name: string },
): Principal | undefined {
  try {
    return authorize({ accounts: services.accounts, principal }, about.route.action, about.project)
  } catch (error) {
    throw error instanceof PushwayError && error.code === 'not-found' ? fail('not-found', { what: 'object', name: about.name }) : error
  }
}

function readQuery(params: URLSearchParams): Record<string, string> {
  return Object.fromEntries(params)
}

/** @throws PushwayError `body-invalid` naming the field */
function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw fail('body-invalid', { problem: `${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'is wrong'}` })
}

/** Sends a JSON answer; undefined is an empty one. */
export function sendJson(req: IncomingMessage, res: ServerResponse, { status, value }: { status: number; value: unknown }): void {
  if (value === undefined) {
    res.writeHead(status, { 'cache-control': 'no-store' })
    res.end()
    return
  }
  const body = req.method === 'HEAD' ? '' : JSON.stringify(value)
  sendAnswer(req, res, { status, body, headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' } })
}

/** Sends an error as JSON; an answer that has begun is cut off. */
export function sendError(req: IncomingMessage, res: ServerResponse, error: PushwayError): void {
  if (res.headersSent) {
    res.destroy()
    return
  }
  const extra: Record<string, string> = error.code === 'sign-in-required' ? { 'www-authenticate': 'Bearer realm="Pushway"' } : {}
  const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...extra }
  sendAnswer(req, res, { status: error.http, body: JSON.stringify(errorBody(error)), headers })
}

/** What was thrown as the caller may see it: an unknown error is ours, logged once under an id that the caller gets. */
export function toError(error: unknown, log: ProgramLog): PushwayError {
  if (error instanceof PushwayError && error.kind !== 'bug') return error
  const id = randomBytes(6).toString('hex')
  log.error('a request failed', { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  return fail('bug', { problem: `the server's log says more under ${id}` })
}
