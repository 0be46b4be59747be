// Which images an environment needs, and how that is said.

import { describe, expect, test } from 'vitest'
import type { EnvironmentState } from '../release/environment.ts'
import type { Release } from '../release/types.ts'
import { describeUse, environmentUses, newestReleases } from './uses.ts'

/** Releases went live in this order; the last is live. */
function lived(...releases: readonly string[]): EnvironmentState {
  const history = releases.map((release, at) => ({ release, deployment: `d${at}`, kind: 'deploy' as const, at, groups: {} }))
  const live = history.at(-1)
  return { history, proven: [], ...(live ? { live } : {}) }
}

function release(id: string): Release {
  const service = { name: 'web', image: { repository: 'acme/hello', digest: `sha256:${id}`, origin: 'pushed' } }
  return { id, number: Number(id.slice(1)), services: [service] } as unknown as Release
}

describe('newestReleases', () => {
  test.each([
    [2, ['r3', 'r2']],
    [10, ['r3', 'r2', 'r1']],
    [0, ['r3']],
  ])('the last %i, each once', (count, expected) => expect(newestReleases(lived('r1', 'r2', 'r3', 'r2', 'r3'), count)).toEqual(expected))
})

describe('environmentUses', () => {
  const base = { project: 'acme/hello', environment: 'production', keepReleases: 2 }

  test('live, on its way and to go back to; older ones are not wanted any more', () => {
    const uses = environmentUses({ ...base, state: lived('r1', 'r2', 'r3'), deploying: ['r9'] }, release)
    expect(uses.map((use) => [use.digest, use.why])).toEqual([
      ['sha256:r3', 'live'],
      ['sha256:r2', 'rollback'],
      ['sha256:r9', 'deploying'],
    ])
  })

  test('what is being deployed again is said so; the live one is live', () => {
    const uses = environmentUses({ ...base, state: lived('r1', 'r2'), deploying: ['r1', 'r2'] }, release)
    expect(Object.fromEntries(uses.map((use) => [use.release, use.why]))).toEqual({ r1: 'deploying', r2: 'live' })
  })

  test('in words', () => {
    const uses = environmentUses({ ...base, state: lived('r1', 'r2'), deploying: ['r9'] }, release)
    expect(uses.map(describeUse)).toEqual(['live in production (web)', 'kept for a rollback of production to v1 (web)', 'being deployed to production (web)'])
    expect(describeUse({ repository: 'x', digest: 'y', why: 'run', project: 'acme/hello' })).toBe('of a run that is going on')
  })
})
