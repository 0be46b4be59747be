// Every route × every role: what a caller may is decided at one place, and this is the whole table of it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { needOf } from './authorize.ts'
import { restRoutes } from './rest/index.ts'
import { createMatcher, type Route } from './route.ts'
import { allRoutes } from './routes/index.ts'
import type { Services } from './services.ts'
import { type HttpWorld, startHttpWorld } from './test-support.ts'

type Who = keyof HttpWorld['tokens']
type Outcome = 'in' | 401 | 403 | 404

/** For each need: who gets in, who is refused how. */
const table: Readonly<Record<ReturnType<typeof needOf>, Readonly<Record<Who, Outcome>>>> = {
  nothing: { anonymous: 'in', read: 'in', write: 'in', projectAdmin: 'in', readToken: 'in', ownRun: 'in', otherRun: 'in', admin: 'in' },
  'signed-in': { anonymous: 401, read: 'in', write: 'in', projectAdmin: 'in', readToken: 'in', ownRun: 'in', otherRun: 'in', admin: 'in' },
  person: { anonymous: 401, read: 'in', write: 'in', projectAdmin: 'in', readToken: 403, ownRun: 403, otherRun: 403, admin: 'in' },
  read: { anonymous: 401, read: 'in', write: 'in', projectAdmin: 'in', readToken: 'in', ownRun: 'in', otherRun: 404, admin: 'in' },
  write: { anonymous: 401, read: 403, write: 'in', projectAdmin: 'in', readToken: 403, ownRun: 403, otherRun: 404, admin: 'in' },
  admin: { anonymous: 401, read: 403, write: 403, projectAdmin: 'in', readToken: 403, ownRun: 403, otherRun: 404, admin: 'in' },
  create: { anonymous: 401, read: 403, write: 403, projectAdmin: 403, readToken: 403, ownRun: 403, otherRun: 403, admin: 'in' },
  installation: { anonymous: 401, read: 403, write: 403, projectAdmin: 403, readToken: 403, ownRun: 403, otherRun: 403, admin: 'in' },
}

/** The table of routes needs no services until a route is called. */
const routes = allRoutes({} as Services)
const values: Readonly<Record<string, string>> = {
  owner: 'acme',
  name: 'hello',
  number: '1',
  job: 'test',
  environment: 'production',
  id: 'd1',
  setting: 'TOKEN',
  user: 'nobody',
  artifact: '1',
  host: 'docker.io',
}
const bodies: Readonly<Record<string, unknown>> = {
  'POST /projects': { name: 'acme/new' },
  'POST /users/:user/tokens': { label: 'x', scope: 'read' },
  'POST /users': { name: 'neu' },
  'POST /sign-in': { token: 'x' },
  'PUT /projects/:owner/:name/members/:user': { role: 'read' },
  'PUT /projects/:owner/:name/secrets/:setting': { value: 'x' },
  'PUT /projects/:owner/:name/variables/:setting': { value: 'x' },
  'PUT /projects/:owner/:name/webhook': { remote: 'https://example.org/x' },
  'POST /projects/:owner/:name/dispatches': { workflow: 'ci.yml', ref: 'main' },
  'POST /projects/:owner/:name/promote': { from: 'staging', to: 'production' },
  'POST /deployments/:id/reject': { why: 'no' },
  'POST /projects/:owner/:name/pulls': { title: 'T', head: 'topic', base: 'main' },
  'POST /projects/:owner/:name/pulls/:number/comments': { body: 'x' },
  'PUT /projects/:owner/:name/registry/policy': { keepReleases: 10 },
  'POST /registry/collect': { dryRun: true },
  'PUT /me/password': { password: 'long enough' },
}

let world: HttpWorld
beforeAll(async () => {
  world = await startHttpWorld()
})
afterAll(() => world.close())

async function call(route: Route, who: Who) {
  const path = route.path.replace(/:(\w+)/g, (_, name: string) => values[name] ?? name)
  const query = route.path.endsWith('/plan') ? '?ref=main' : ''
  const token = world.tokens[who]
  const stop = new AbortController()
  const answer = await fetch(`${world.url}/api/v1${path}${query}`, {
    method: route.method,
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), 'content-type': 'application/json' },
    signal: stop.signal,
    ...(route.method === 'GET' ? {} : { body: JSON.stringify(bodies[`${route.method} ${route.path}`] ?? {}) }),
  })
  const streams = route.path === '/events' && answer.ok
  const code = streams || answer.ok ? undefined : ((await answer.json()) as { error: { code: string } }).error.code
  stop.abort()
  return { status: answer.status, code }
}

describe.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))('%s', (_, route) => {
  it.each(Object.entries(table[needOf(route.action)]) as [Who, Outcome][])('%s: %s', async (who, outcome) => {
    const { status, code } = await call(route, who)
    if (outcome === 'in')
      expect(['sign-in-required', 'not-allowed', 'bug', 'body-invalid']).not.toContain(route.path.startsWith('/users/:user/tokens') ? undefined : code)
    else expect(status).toBe(outcome)
  })
})

/** The GitHub-shaped API: another table of routes, the same decisions. */
const rest = restRoutes({} as Services)
const restValues: Readonly<Record<string, string>> = { owner: 'acme', repo: 'hello', number: '1', run: '1', user: 'rio' }

async function callRest(route: (typeof rest)[number], who: Who) {
  const path = route.path.replace(/[:*](\w+)/g, (_, name: string) => restValues[name] ?? '7')
  const token = world.tokens[who]
  const answer = await fetch(`${world.url}/api/v3${path}`, {
    method: route.method,
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), 'content-type': 'application/json' },
    ...(route.method === 'GET' ? {} : { body: '{}' }),
  })
  await answer.arrayBuffer()
  return answer.status
}

describe.each(rest.map((route) => [`${route.method} /api/v3${route.path}`, route] as const))('%s', (_, route) => {
  it.each(Object.entries(table[needOf(route.action)]) as [Who, Outcome][])('%s: %s', async (who, outcome) => {
    const status = await callRest(route, who)
    if (outcome === 'in') expect([401, 403, 500]).not.toContain(status)
    else expect(status).toBe(outcome)
  })
})

it('answers a foreign project exactly as one that is not there', async () => {
  const read = async (path: string) => {
    const answer = await fetch(`${world.url}/api/v1${path}`, { headers: { authorization: `Bearer ${world.tokens.write}` } })
    return [answer.status, (await answer.text()).replaceAll(/secret|nothing/g, '')]
  }
  expect(await read('/projects/acme/secret')).toEqual(await read('/projects/acme/nothing'))
})

it('does not say whose deployment it is', async () => {
  const answer = await fetch(`${world.url}/api/v1/deployments/d1`, { headers: { authorization: `Bearer ${world.tokens.otherRun}` } })
  expect(answer.status).toBe(404)
  expect(await answer.text()).not.toContain('acme')
})

it('has no two routes for one address, and describes each', async () => {
  const match = createMatcher(routes)
  for (const route of routes) expect(match(route.method, route.path.replace(/:\w+/g, 'x'))).toMatchObject({ route: { path: route.path } })
  const text = await (await fetch(`${world.url}/api/v1/openapi.json`)).text()
  for (const route of routes) expect(text).toContain(JSON.stringify(`/api/v1${route.path.replace(/:(\w+)/g, '{$1}')}`))
})
