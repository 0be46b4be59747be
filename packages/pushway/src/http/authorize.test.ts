// Rights on images of other registries that are kept here.

import { expect, test } from 'vitest'
import type { Accounts } from '../ports/accounts.ts'
import type { Principal } from '../ports/principal.ts'
import { mayUseImages } from './authorize.ts'

const admin: Principal = { name: 'ada', kind: 'user', admin: true }
const user: Principal = { name: 'grace', kind: 'user' }
const run: Principal = { name: 'run', kind: 'run', project: 'acme/hello' }

test.each([
  ['nobody', undefined, 'pull', false],
  ['a user', user, 'pull', true],
  ['a user', user, 'push', false],
  ['a user', user, 'delete', false],
  ['a run', run, 'pull', true],
  ['a run', run, 'push', false],
  ['a run without packages', { ...run, permissions: { contents: 'read', packages: 'none' } } as Principal, 'pull', false],
  ['an administrator', admin, 'delete', true],
] as const)('%s (%#): %s', (_, principal, right, allowed) => {
  const wanted = { repository: 'docker.io/library/node', right, projects: ['acme/hello'], isMirror: (host: string) => host === 'docker.io' }
  expect(mayUseImages({} as Accounts, principal, wanted)).toBe(allowed)
})
