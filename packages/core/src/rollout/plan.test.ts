// Plans: which steps a release becomes, in the words people read.

import { describe, expect, test } from 'vitest'
import { playRollout } from '../../../../test/support/rollout-world.ts'
import { defaultCanary, defaultRolling } from '../project/strategy.ts'
import type { Release, ReleasedService } from '../release/types.ts'
import { requestAbort, requestPause, requestResume } from './command.ts'
import { describePlan, describeRollout } from './describe.ts'
import { liveGroups, type PlanInput, planRollout } from './plan.ts'
import { deploymentStatus } from './state.ts'

function service(name: string, digest: string, options: Partial<ReleasedService> = {}): ReleasedService {
  return {
    name,
    image: { repository: `acme/${name}`, digest: `sha256:${digest.repeat(64)}`, origin: 'pushed' },
    environment: {},
    ports: [{ target: 3000, protocol: 'http' }],
    dependsOn: [],
    replicas: 1,
    stopGraceMs: 1000,
    ...options,
  }
}

function release(id: string, services: readonly ReleasedService[], secretVersions: Record<string, number> = {}): Release {
  return { id, project: 'acme/shop', environment: 'production', number: 1, commit: 'c', createdAt: 0, services, secretVersions, contentDigest: 'sha256:0' }
}

function plan(options: Partial<PlanInput> & Pick<PlanInput, 'release'>) {
  return planRollout({ environment: 'acme/shop/production', strategy: defaultRolling, sideBySide: true, ...options })
}

const web = (digest: string, options: Partial<ReleasedService> = {}) => service('web', digest, options)

const mounts: ReleasedService['mounts'] = [{ kind: 'volume', volume: 'data', target: '/data', readOnly: false }]

describe('a plan', () => {
  test.each([
    {
      when: 'nothing ran before',
      options: { release: release('r2', [web('b', { dependsOn: [{ service: 'db', condition: 'healthy' }] }), service('db', 'b', { ports: [] })]) },
      says: [
        'Start 1 new instance of db and wait until they are ready.',
        'Start 1 new instance of web and wait until they are ready.',
        'Give 100 % of the traffic of web to the new release.',
      ],
    },
    {
      when: 'one instance rolls',
      options: { release: release('r2', [web('b')]), previous: { release: release('r1', [web('a')]) } },
      says: ['Start 1 new instance of web and wait until they are ready.', 'Give 100 % of the traffic of web to the new release.', 'Stop the old release.'],
    },
    {
      when: 'three roll within maxSurge 1',
      options: { release: release('r2', [web('b', { replicas: 3 })]), previous: { release: release('r1', [web('a', { replicas: 3 })]) } },
      says: [
        'Start 1 of 3 new instance of web and wait until they are ready.',
        'Give 33 % of the traffic of web to the new release.',
        'Stop old instances of web until 2 are left.',
        'Start 2 of 3 new instances of web and wait until they are ready.',
        'Give 67 % of the traffic of web to the new release.',
        'Stop old instances of web until 1 are left.',
        'Start 3 new instances of web and wait until they are ready.',
        'Give 100 % of the traffic of web to the new release.',
        'Stop the old release.',
      ],
    },
    {
      when: 'a canary',
      options: {
        release: release('r2', [web('b')]),
        previous: { release: release('r1', [web('a'), service('cron', 'a')]) },
        strategy: { ...defaultCanary, steps: [10, 50], everyMs: 5000 },
        verify: { workflow: 'e2e.yml' },
      },
      says: [
        'Start 1 new instance of web and wait until they are ready.',
        'Give 10 % of the traffic to the new release.',
        'Watch errors and latency at 10 % for 5 seconds.',
        'Give 50 % of the traffic to the new release.',
        'Watch errors and latency at 50 % for 5 seconds.',
        'Give 100 % of the traffic to the new release.',
        'Run the end-to-end check e2e.yml against the new release.',
        'Stop the old release, and stop cron, which the new release does not have.',
      ],
    },
    {
      when: 'the runtime can not run both side by side',
      options: { release: release('r2', [web('b')]), previous: { release: release('r1', [web('a')]) }, sideBySide: false },
      says: [
        'Fetch the image of web: the runtime runs one release at a time, so the old ones stop before the new ones start, and requests wait.',
        'Stop the old instances of web.',
        'Start 1 new instance of web and wait until they are ready.',
        'Give 100 % of the traffic of web to the new release.',
        'Stop the old release.',
      ],
    },
    {
      when: 'a service has a volume, beside one that has none',
      options: {
        release: release('r2', [web('b'), service('db', 'b', { mounts })]),
        previous: { release: release('r1', [web('a'), service('db', 'a', { mounts })]) },
        strategy: { ...defaultCanary, steps: [10], everyMs: 5000 },
      },
      says: [
        'Start 1 new instance of web and wait until they are ready.',
        'Fetch the image of db: its instances share a volume, so the old ones stop before the new ones start, and requests wait.',
        'Stop the old instances of db.',
        'Start 1 new instance of db and wait until they are ready.',
        'Give 100 % of the traffic of db to the new release.',
        'Give 10 % of the traffic to the new release.',
        'Watch errors and latency at 10 % for 5 seconds.',
        'Give 100 % of the traffic to the new release.',
        'Stop the old release.',
      ],
    },
    {
      when: 'nothing changed',
      options: { release: release('r2', [web('a')]), previous: { release: release('r1', [web('a')]) } },
      says: ['Leave web as they are: nothing changed.'],
    },
  ])('when $when', ({ options, says }) => {
    expect(describePlan(plan(options))).toEqual(says)
  })

  test('keeps the group of an unchanged service through several releases', () => {
    const first = plan({ release: release('r1', [web('a'), service('db', 'a')]) })
    const second = plan({
      release: release('r2', [web('b'), service('db', 'a')]),
      previous: { release: release('r1', [web('a'), service('db', 'a')]), serving: first.serving },
    })
    const third = plan({
      release: release('r3', [web('c'), service('db', 'a')]),
      previous: { release: release('r2', [web('b'), service('db', 'a')]), serving: second.serving },
    })
    expect(third.serving).toEqual({ db: 'acme/shop/production~db~r1', web: 'acme/shop/production~web~r3' })
    expect(third.services).toMatchObject([{ service: 'web', from: 'acme/shop/production~web~r2' }])
    expect(liveGroups(third)).toHaveLength(2)
  })

  test('rolls the services that use a secret when its version changes, or all when none names it', () => {
    const services = [web('a', { environment: { URL: '$' + '{{ secrets.TOKEN }}' } }), service('db', 'a')]
    const changed = (name: string) => plan({ release: release('r2', services, { [name]: 2 }), previous: { release: release('r1', services, { [name]: 1 }) } })
    expect(changed('TOKEN').services.map((one) => one.service)).toEqual(['web'])
    expect(changed('OTHER').services.map((one) => one.service)).toEqual(['web', 'db'])
  })
})

describe('a rollout that goes on', () => {
  const input = plan({
    release: release('r2', [web('b')]),
    previous: { release: release('r1', [web('a')]) },
    strategy: { ...defaultCanary, steps: [10], everyMs: 5000, analysis: { ...defaultCanary.analysis, minRequests: 5 } },
  })
  const world = playRollout(input, { readyAfter: 1, lag: 1, rate: 100 })

  test('is described step by step', () => {
    const middle = world.moments.find((moment) => moment.state.rollout?.step === 2)?.state.rollout
    const view = middle && describeRollout(middle, { groups: {}, weights: {}, traffic: {} })
    expect(view).toMatchObject({
      strategy: 'canary',
      percent: 10,
      startedAt: 0,
      steps: [{ state: 'done' }, { state: 'done' }, { state: 'active' }, { state: 'pending' }, { state: 'pending' }],
    })
    const ended = world.end.rollout && describeRollout(world.end.rollout)
    expect(ended?.steps.every((step) => step.state === 'done')).toBe(true)
    expect(ended?.verdict?.outcome).toBe('pass')
  })

  test('says which step an abort cut short', () => {
    const { end } = playRollout(input, { readyAfter: 1, lag: 1, rate: 100, abortAt: 5 })
    const steps = end.rollout ? describeRollout(end.rollout).steps : []
    expect(steps.find((step) => step.state === 'skipped')?.why?.sentence).toBe('Aborted by ann: I saw something.')
  })

  test('takes pause, resume and abort while it goes on, and refuses them after', () => {
    const going = world.moments[1]?.state
    if (!going) throw new Error('the rollout did not go on')
    expect(deploymentStatus(going)).toBe('rolling')
    expect(requestPause(going, 'ann', 5)).toEqual([{ type: 'Paused', by: 'ann', at: 5 }])
    expect(requestResume(going, 'ann', 5)).toEqual([])
    expect(requestAbort(going, 'ann', 'no')).toEqual([{ type: 'AbortRequested', by: 'ann', why: 'no' }])
    expect(() => requestAbort(world.end, 'ann', 'no')).toThrow('has no rollout going on: done')
    expect(() => requestPause(world.end, 'ann', 5)).toThrow('has no rollout going on')
  })
})

describe('a service whose instances share a volume', () => {
  const before = { release: release('r1', [web('a'), service('db', 'a', { mounts })]) }
  const input = plan({
    release: release('r2', [web('b'), service('db', 'b', { mounts })]),
    previous: before,
    strategy: { ...defaultCanary, steps: [10], everyMs: 5000, analysis: { ...defaultCanary.analysis, minRequests: 5 } },
  })
  const db = input.services.find((one) => one.service === 'db')

  test.each([
    ['when all is well', {}],
    ['when the new one is slow', { readyAfter: 9 }],
    ['when it is aborted early', { abortAt: 3 }],
    ['when it is aborted after the swap', { abortAt: 12 }],
    ['when the new one never gets ready', { neverReady: true }],
    ['when the new side answers badly', { freshErrors: 0.5 }],
  ])('never runs old and new together, %s', (_when, weather) => {
    const { moments, end } = playRollout(input, { readyAfter: 1, lag: 1, rate: 100, ...weather })
    for (const { groups, shares } of moments) {
      const both = (groups[db?.from ?? '']?.total ?? 0) > 0 && (groups[db?.to ?? '']?.total ?? 0) > 0
      expect(both).toBe(false)
      expect([0, 100]).toContain(shares.db)
    }
    expect(end.closed).toBeDefined()
    const last = moments.at(-1)?.groups
    expect((last?.[db?.from ?? '']?.total ?? 0) + (last?.[db?.to ?? '']?.total ?? 0)).toBe(1)
  })
})
