// The GitHub-shaped API that actions and scripts call (`GITHUB_API_URL`): everything under /api/v3, and errors in GitHub's shape.
// Follows https://docs.github.com/rest

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Shape } from '@pushway/core/github/base.ts'
import { fail, type PushwayError } from '@pushway/core/reason/errors.ts'
import type { z } from 'zod'
import type { Principal } from '../../ports/principal.ts'
import { sendAnswer } from '../../util/early-answer.ts'
import { toError } from '../api.ts'
import { authenticate, isCrossSite } from '../authenticate.ts'
import { authorize } from '../authorize.ts'
import { readJson } from '../body.ts'
import type { RawHandler, Services } from '../services.ts'
import { createRestMatcher, RestAnswer, type RestCall, type RestRoute } from './route.ts'

const PREFIX = '/api/v3'
const docs = 'https://docs.github.com/rest'

/** Whether a path belongs to this API. */
export function isRestPath(path: string): boolean {
  return path === PREFIX || path.startsWith(`${PREFIX}/`) || path === '/api/graphql'
}

/** The handler of `/api/v3` and `/api/graphql`. */
export function createRestApi(services: Services, routes: readonly RestRoute[]): RawHandler {
  const match = createRestMatcher(routes)
  return async (req, res) => {
    try {
      const result = await answer(services, match, req)
      if (result instanceof RestAnswer) send(req, res, result)
      else send(req, res, new RestAnswer(result === undefined ? 204 : 200, result))
    } catch (error) {
      if (!res.destroyed) send(req, res, toAnswer(toError(error, services.log)))
    }
  }
}

async function answer(services: Services, match: ReturnType<typeof createRestMatcher>, req: IncomingMessage): Promise<unknown> {
  const url = new URL(req.url ?? '/', 'http://localhost')
  const method = req.method === 'HEAD' ? 'GET' : (req.method ?? 'GET')
  if (url.pathname === '/api/graphql') return refuse(501, 'Pushway has no GraphQL API. Use the REST API under GITHUB_API_URL.')
  const path = url.pathname.slice(PREFIX.length).replace(/\/+$/, '') || '/'
  const found = match(method, path)
  const caller = await authenticate(services.accounts, req)
  if (method !== 'GET' && isCrossSite(req, caller.by, services.publicUrl())) throw fail('cross-site')
  if (!found) {
    // Nobody learns from the outside what there is.
    if (!caller.principal) throw fail('sign-in-required')
    return refuse(404, `Not Found: Pushway does not have ${method} ${path.slice(0, 300)}. docs/compatibility/api.md lists what it has.`)
  }
  const { route, params } = found
  const { owner, repo } = params
  const project = owner !== undefined && repo !== undefined ? `${owner}/${repo}` : undefined
  const principal = authorize({ accounts: services.accounts, principal: caller.principal }, route.action, project)
  if (project !== undefined && !services.queries.projectNames().includes(project)) throw fail('not-found', { what: 'project', name: project })
  // GitHub's client names no type for an empty body; a cookie's caller has been asked where he comes from above.
  const body = route.body ? check(route.body, await readJson(req, { anyType: true })) : {}
  const call = makeCall(services, { req, url, params, body, project: project ?? '', principal })
  const result = await route.handle(call)
  return route.status !== undefined && !(result instanceof RestAnswer) ? new RestAnswer(route.status, result) : result
}

interface Given {
  readonly req: IncomingMessage
  readonly url: URL
  readonly params: Readonly<Record<string, string>>
  readonly body: Shape
  readonly project: string
  readonly principal: Principal | undefined
}

function makeCall({ queries, publicUrl }: Services, { req, url, params, body, project, principal }: Given): RestCall {
  return {
    params,
    body,
    query: url.searchParams,
    project,
    place: { project, server: publicUrl() },
    principal,
    who: { by: principal?.name ?? '', ...(principal?.kind === 'run' ? { byRun: true } : {}) },
    req,
    repository: () => queries.repository(project),
  }
}

/** @throws RestAnswer in GitHub's shape naming the field, through `PushwayError` */
function check(schema: z.ZodType<Shape>, value: unknown): Shape {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw fail('request-refused', { problem: `${issue?.path.join('.') || 'The body'}: ${issue?.message ?? 'is wrong'}.`, hint: docs })
}

/** An error in GitHub's shape. */
function refuse(status: number, message: string): RestAnswer {
  return new RestAnswer(status, { message, documentation_url: docs, status: String(status) })
}

/** GitHub's words where its clients look for them, and ours after them. */
function toAnswer(error: PushwayError): RestAnswer {
  if (error.code === 'sign-in-required') return refuse(401, 'Requires authentication')
  if (error.code === 'not-allowed') return refuse(403, `Resource not accessible by integration: ${error.message}`)
  if (error.code === 'not-found') return refuse(404, `Not Found: ${error.message}`)
  const { status, value } = refuse(error.http, error.message)
  const errors = error.http === 422 ? { errors: [{ resource: 'Resource', code: 'custom', message: error.message }] } : {}
  return new RestAnswer(status, { ...(value as Shape), message: error.http === 422 ? `Validation Failed: ${error.message}` : error.message, ...errors })
}

function send(req: IncomingMessage, res: ServerResponse, { status, value, headers }: RestAnswer): void {
  const text = typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)
  const type = typeof value === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8'
  const common = { 'cache-control': 'no-store', 'x-github-media-type': 'github.v3; format=json', ...(value === undefined ? {} : { 'content-type': type }) }
  if (res.headersSent) {
    res.destroy()
    return
  }
  sendAnswer(req, res, { status, body: req.method === 'HEAD' ? '' : text, headers: { ...common, ...headers } })
}
