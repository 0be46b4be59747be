import type { ReleasedService } from '@pushway/core/release/types.ts'
import { describe, expect, test } from 'vitest'
import type { RouteStatus } from '../ports/router.ts'
import type { GroupStatus } from '../ports/runtime.ts'
import { buildRoutes, observedWeights, sameRoute, serviceAddresses } from './routes.ts'

const environment = 'acme/hello/staging'
const web: ReleasedService = {
  name: 'web',
  image: { repository: 'acme/hello', digest: `sha256:${'0'.repeat(64)}`, origin: 'pushed' },
  environment: {},
  ports: [
    { target: 3000, published: 8080, protocol: 'http' },
    { target: 9000, protocol: 'http' },
  ],
  dependsOn: [],
  replicas: 2,
  stopGraceMs: 10_000,
}

function group(id: string, states: readonly ('ready' | 'starting' | 'stopping')[]): GroupStatus {
  const instances = states.map((state, n) => ({
    id: `${id}-${n}`,
    state,
    startedAt: 0,
    restarts: 0,
    addresses: { 3000: `127.0.0.1:${4000 + n}`, 9000: `127.0.0.1:${5000 + n}` },
  }))
  return {
    id,
    environment,
    service: 'web',
    release: 'r1',
    wanted: states.length,
    total: states.length,
    ready: states.filter((s) => s === 'ready').length,
    crashes: 0,
    instances,
  }
}

describe('the routes of an environment', () => {
  const routes = buildRoutes(environment, {
    served: [
      {
        service: web,
        sides: [
          { group: 'old', weight: 90 },
          { group: 'new', weight: 10 },
        ],
      },
    ],
    statuses: [group('old', ['ready', 'stopping']), group('new', ['starting', 'ready'])],
  })

  test('a published port has its own address, another one an internal one', () => {
    expect(routes.map((route) => [route.id, route.listen])).toEqual([
      ['acme/hello/staging~web~3000', { host: '0.0.0.0', port: 8080 }],
      ['acme/hello/staging~web~9000', { host: '127.0.0.1', port: 0 }],
    ])
  })

  test('with an inside address: published ports get a second route on it, others listen there only, for whoever may', () => {
    const inside = { web: { host: '198.18.0.9', from: ['172.18.0.0/16'] } }
    const both = buildRoutes(environment, { served: [{ service: web, sides: [] }], statuses: [], inside })
    expect(both.map((route) => [route.id, route.listen, route.from])).toEqual([
      ['acme/hello/staging~web~3000', { host: '0.0.0.0', port: 8080 }, undefined],
      ['acme/hello/staging~web~inside~3000', { host: '198.18.0.9', port: 3000 }, ['172.18.0.0/16']],
      ['acme/hello/staging~web~9000', { host: '198.18.0.9', port: 9000 }, ['172.18.0.0/16']],
    ])
    const present = both.map((route): RouteStatus => ({ ...route, bound: route.listen, inFlight: {} }))
    expect(serviceAddresses(present)).toEqual({ 'web:3000': '198.18.0.9:3000', 'web:9000': '198.18.0.9:9000' })
    expect(sameRoute({ ...(both[1] as (typeof both)[0]), from: ['172.19.0.0/16'] }, present[1])).toBe(false)
  })

  test('only ready instances are targets', () => {
    expect(routes[0]?.groups).toEqual([
      { group: 'old', weight: 90, targets: ['127.0.0.1:4000'] },
      { group: 'new', weight: 10, targets: ['127.0.0.1:4001'] },
    ])
  })

  test('a route that the router has is the same until a target, weight or address differs', () => {
    const [wanted] = routes
    if (!wanted) throw new Error('no route')
    const present: RouteStatus = { ...wanted, bound: wanted.listen, inFlight: {} }
    expect(sameRoute(wanted, present)).toBe(true)
    expect(sameRoute(wanted, undefined)).toBe(false)
    expect(sameRoute(wanted, { ...present, problem: 'port in use' })).toBe(false)
    expect(sameRoute({ ...wanted, groups: wanted.groups.slice(1) }, present)).toBe(false)
  })

  test('programs reach a service by name at the bound address, weights are read back in percent', () => {
    const present: RouteStatus[] = routes.map((route, n) => ({
      ...route,
      bound: { host: route.listen.host, port: route.listen.port || 40_000 + n },
      inFlight: {},
    }))
    expect(serviceAddresses(present)).toEqual({ 'web:3000': '127.0.0.1:8080', 'web:9000': '127.0.0.1:40001' })
    expect(observedWeights(present)).toEqual({ old: 90, new: 10 })
  })
})
