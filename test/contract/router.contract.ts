// The Router contract: what every driver must do. A driver's test calls it with a way to make its router; one without real traffic gets the part about routes.

import type { PushwayError } from '@pushway/core/reason/errors.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Route, Router } from '../../packages/pushway/src/ports/router.ts'
import { startLoad } from '../../packages/pushway/src/util/load.ts'
import { freePort } from '../support/free-port.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

export interface RouterPlace {
  readonly router: Router
  /** Another program listens on `port`, until the returned function is called. */
  occupy(port: number): Promise<() => Promise<void>>
  /** Ends the router without a warning and starts it again; absent: it has no process. */
  readonly crash?: () => Promise<void>
  close(): Promise<void>
}

export interface RouterContractOptions {
  /** Whether requests really pass. */
  readonly traffic: boolean
}

const environment = 'acme/hello/test'
export const never = new AbortController().signal

/** A route of the test's environment. */
export function routeOf(service: string, groups: Route['groups'], more: Partial<Route> = {}): Route {
  const id = `${environment}~${service}~80`
  return { id, environment, service, listen: { host: '127.0.0.1', port: 0 }, protocol: 'http', groups, holdMs: 0, ...more }
}

/** A group of `service` with one release name. */
export function groupOf(service: string, release: string, weight: number, ...targets: string[]): Route['groups'][number] {
  return { group: `${environment}~${service}~${release}`, weight, targets }
}

/** Sets the route and gives its URL. */
export async function urlOf(router: Router, route: Route): Promise<string> {
  const status = await router.setRoute(route, never)
  return `http://127.0.0.1:${status.bound?.port}`
}

export function routerContract(name: string, make: () => Promise<RouterPlace>, options: RouterContractOptions): void {
  describe(`Router contract: ${name}`, () => {
    const place = {} as { it: RouterPlace; a: Upstream; b: Upstream }
    beforeAll(async () => {
      place.it = await make()
      place.a = await startUpstream('a')
      place.b = await startUpstream('b')
    })
    afterAll(async () => {
      await Promise.all([place.it?.close(), place.a?.close(), place.b?.close()])
    })
    describeRoutes(place)
    // A router in memory answers no request: those sentences of the port can't be asked of it.
    if (!options.traffic) return
    describe('traffic', () => {
      describeWeights(place)
      describeTargets(place)
      describeCounts(place)
    })
  })
}

type Place = { readonly it: RouterPlace; readonly a: Upstream; readonly b: Upstream }

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: PushwayError) => error.code,
  )
}

function describeRoutes(place: Place): void {
  test('a route is replaced whole, may be repeated, and read tells what is so', async () => {
    const { router } = place.it
    const route = routeOf('read', [groupOf('read', 'r1', 100, '127.0.0.1:9')])
    const first = await router.setRoute(route, never)
    const again = await router.setRoute(route, never)
    expect(again.bound).toEqual(first.bound)
    const changed = { ...route, groups: [groupOf('read', 'r2', 100, '127.0.0.1:10')] }
    await router.setRoute(changed, never)
    const found = (await router.read(environment, never)).find((one) => one.id === route.id)
    expect(found).toMatchObject({ groups: changed.groups, bound: first.bound })
    expect(await router.read('acme/other/test', never)).toEqual([])
  })

  test('an internal address is chosen once, and differs between routes', async () => {
    const { router } = place.it
    const one = await router.setRoute(routeOf('inner-1', []), never)
    const two = await router.setRoute(routeOf('inner-2', []), never)
    expect(one.bound?.port).toBeGreaterThan(0)
    expect(two.bound?.port).not.toBe(one.bound?.port)
  })

  test('a port of another program or another route is refused with port-in-use', async () => {
    const { router, occupy } = place.it
    const port = await freePort()
    const free = await occupy(port)
    const route = routeOf('taken', [], { listen: { host: '127.0.0.1', port } })
    expect(await codeOf(router.setRoute(route, never))).toBe('port-in-use')
    await free()
    expect((await router.setRoute(route, never)).bound?.port).toBe(port)
    expect(await codeOf(router.setRoute(routeOf('second', [], { listen: { host: '127.0.0.1', port } }), never))).toBe('port-in-use')
  })

  test('a removed route is gone; removing it again does nothing', async () => {
    const { router } = place.it
    const route = routeOf('removed', [])
    await router.setRoute(route, never)
    await router.removeRoute(route.id, never)
    await router.removeRoute(route.id, never)
    expect((await router.read(environment, never)).map((one) => one.id)).not.toContain(route.id)
  })
}

function describeWeights(place: Place): void {
  test('weights hold within 1 % over 1,000 requests, and weight 0 gets nothing', async () => {
    const url = await urlOf(place.it.router, routeOf('weights', [groupOf('weights', 'a', 90, place.a.address), groupOf('weights', 'b', 10, place.b.address)]))
    const before = place.b.requests.length
    await sendMany(url, 1000)
    expect(Math.abs(place.b.requests.length - before - 100)).toBeLessThanOrEqual(10)
    await urlOf(place.it.router, routeOf('weights', [groupOf('weights', 'a', 100, place.a.address), groupOf('weights', 'b', 0, place.b.address)]))
    const then = place.b.requests.length
    await sendMany(url, 100)
    expect(place.b.requests.length).toBe(then)
  })

  test('changes under load lose nothing', async () => {
    const split = (b: number) => routeOf('change', [groupOf('change', 'a', 100 - b, place.a.address), groupOf('change', 'b', b, place.b.address)])
    const url = await urlOf(place.it.router, split(0))
    const load = startLoad({ targets: [`${url}/wait/3`], concurrency: 10, keepAlive: true })
    for (const weight of [10, 50, 100, 0, 30]) {
      await sleep(150)
      await place.it.router.setRoute(split(weight), never)
    }
    await place.it.router.setRoute(routeOf('change', [groupOf('change', 'b', 100, place.b.address)]), never)
    await sleep(150)
    const result = await load.stop()
    expect(result.total).toBeGreaterThan(200)
    expect(result).toMatchObject({ failed: 0 })
  })
}

function describeTargets(place: Place): void {
  test('a target that leaves finishes what it answers, and read says how much that is', async () => {
    const url = await urlOf(place.it.router, routeOf('drain', [groupOf('drain', 'a', 100, place.a.address)]))
    const slow = fetch(`${url}/wait/500`)
    await sleep(150)
    const status = await place.it.router.setRoute(routeOf('drain', [groupOf('drain', 'b', 100, place.b.address)]), never)
    expect(status.inFlight[place.a.address]).toBe(1)
    expect(await (await fetch(url)).text()).toBe('b')
    expect(await (await slow).text()).toBe('a')
    const after = (await place.it.router.read(environment, never)).find((one) => one.service === 'drain')
    expect(after?.inFlight[place.a.address] ?? 0).toBe(0)
  })

  test('requests wait while no target is there, and fail with 503 when the time is over', async () => {
    const empty = routeOf('hold', [groupOf('hold', 'a', 100)], { holdMs: 5000 })
    const url = await urlOf(place.it.router, empty)
    const waiting = fetch(url)
    await sleep(200)
    await place.it.router.setRoute({ ...empty, groups: [groupOf('hold', 'a', 100, place.a.address)] }, never)
    expect(await (await waiting).text()).toBe('a')
    await place.it.router.setRoute({ ...empty, holdMs: 100 }, never)
    const refused = await fetch(url, { headers: { accept: 'application/json' } })
    expect([refused.status, ((await refused.json()) as { error: { code: string } }).error.code]).toEqual([503, 'no-target'])
  })

  test('a target that refuses connections is passed over, for requests with a body too', async () => {
    const gone = `127.0.0.1:${await freePort()}`
    const url = await urlOf(place.it.router, routeOf('refuse', [groupOf('refuse', 'a', 100, gone, place.a.address)]))
    const statuses = await Promise.all(
      Array.from({ length: 20 }, () => fetch(`${url}/upload`, { method: 'POST', body: 'x'.repeat(2000) }).then((r) => r.text())),
    )
    expect(new Set(statuses)).toEqual(new Set(['2000']))
  })

  test('routes come back after a crash of the router', async () => {
    const url = await urlOf(place.it.router, routeOf('crash', [groupOf('crash', 'a', 100, place.a.address)]))
    await place.it.crash?.()
    expect(await (await fetch(url)).text()).toBe('a')
  })
}

function describeCounts(place: Place): void {
  test('counts are those of what each group answered: errors, latency, the first error', async () => {
    const begun = Date.now()
    const url = await urlOf(place.it.router, routeOf('counts', [groupOf('counts', 'a', 100, place.a.address)]))
    for (let i = 0; i < 20; i++) await (await fetch(`${url}/wait/50`)).text()
    const failing = Date.now()
    for (let i = 0; i < 5; i++) await (await fetch(`${url}/status/500`)).text()
    await (await fetch(`${url}/status/404`)).text()
    await fetch(`${url}/cut`)
      .then((r) => r.text(), String)
      .catch(String)
    await urlOf(place.it.router, routeOf('counts', [groupOf('counts', 'b', 100, place.b.address)]))
    await (await fetch(url)).text()
    const counts = await place.it.router.counts(environment, begun, never)
    const a = counts[`${environment}~counts~a`]
    expect(a).toMatchObject({ requests: 27, errors: 6 })
    expect(a?.p50Ms).toBeGreaterThan(45)
    expect(a?.firstErrorAt).toBeGreaterThanOrEqual(failing)
    expect(counts[`${environment}~counts~b`]).toMatchObject({ requests: 1, errors: 0 })
  })
}

async function sendMany(url: string, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 20) await Promise.all(Array.from({ length: 20 }, () => fetch(url).then((r) => r.text())))
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
