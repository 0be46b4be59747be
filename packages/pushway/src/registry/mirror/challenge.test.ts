// Challenges as registries write them.

import { expect, test } from 'vitest'
import { parseChallenges } from './challenge.ts'

test.each([
  [
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/node:pull"',
    [{ scheme: 'bearer', parameters: { realm: 'https://auth.docker.io/token', service: 'registry.docker.io', scope: 'repository:library/node:pull' } }],
  ],
  ['Basic realm="Registry"', [{ scheme: 'basic', parameters: { realm: 'Registry' } }]],
  ['Basic', [{ scheme: 'basic', parameters: {} }]],
  [
    'Bearer realm="a, \\"b\\"" , error=invalid_token, Basic realm=x',
    [
      { scheme: 'bearer', parameters: { realm: 'a, "b"', error: 'invalid_token' } },
      { scheme: 'basic', parameters: { realm: 'x' } },
    ],
  ],
  ['realm="of nothing"', []],
  ['', []],
  [undefined, []],
])('%s', (header, challenges) => expect(parseChallenges(header)).toEqual(challenges))
