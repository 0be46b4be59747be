// Who sees whom by name.

import type { Release, ReleasedService } from '@pushway/core/release/types.ts'
import { expect, test } from 'vitest'
import { namesOfHosts, namesWithin } from './networks.ts'

const service = (name: string, ...networks: readonly string[]): ReleasedService => ({
  name,
  image: { repository: `acme/${name}`, digest: `sha256:${'0'.repeat(64)}`, origin: 'pushed' },
  environment: {},
  ports: [],
  dependsOn: [],
  replicas: 1,
  stopGraceMs: 0,
  ...(networks.length > 0 ? { networks: networks.map((network) => ({ network })) } : {}),
})
const services = [service('web', 'front'), service('api', 'front', 'back'), service('db', 'back'), service('other')]
const release = { services } as unknown as Release
const addresses = { 'web:80': 'a', 'api:3000': 'b', 'db:5432': 'c', 'other:1': 'd', 'gone:1': 'e' }

test.each([
  ['web', ['web:80', 'api:3000', 'gone:1']],
  ['api', ['web:80', 'api:3000', 'db:5432', 'gone:1']],
  ['db', ['api:3000', 'db:5432', 'gone:1']],
  ['other', ['other:1', 'gone:1']],
])('%s sees those that share a network with it, and what only an older release has', (name, seen) => {
  const self = services.find((one) => one.name === name) as ReleasedService
  expect(Object.keys(namesWithin(release, self, addresses))).toEqual(seen)
})

test('addresses are found by the names and aliases of what shares a network', () => {
  const aliased = { ...service('db', 'back'), networks: [{ network: 'back', aliases: ['database'] }] }
  const known = { services: [service('api', 'front', 'back'), service('web', 'front'), aliased] } as unknown as Release
  const [api, web] = known.services as [ReleasedService, ReleasedService]
  const hosts = { api: '127.64.0.1', web: '127.64.0.2', db: '127.64.0.3' }
  expect(namesOfHosts(known, api, hosts)).toEqual({ ...hosts, database: '127.64.0.3' })
  expect(namesOfHosts(known, web, hosts)).toEqual({ api: '127.64.0.1', web: '127.64.0.2' })
})
