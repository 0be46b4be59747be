// The safety sentences of rollouts, over any plan and any weather; then what each kind of trouble leads to.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { playRollout, type Weather, type World } from '../../../../test/support/rollout-world.ts'
import { defaultAnalysis } from '../project/strategy.ts'
import type { Strategy } from '../project/types.ts'
import type { Release, ReleasedService } from '../release/types.ts'
import { decideRollout } from './decide.ts'
import { planRollout } from './plan.ts'
import { evolveDeployment, initialDeployment } from './state.ts'
import type { RolloutPlan } from './types.ts'

const environment = 'acme/shop/production'

function service(name: string, version: number, replicas: number, ports = true): ReleasedService {
  return {
    name,
    image: { repository: `acme/${name}`, digest: `sha256:${String(version).repeat(64)}`, origin: 'pushed' },
    environment: {},
    ports: ports ? [{ target: 3000, protocol: 'http' }] : [],
    dependsOn: [],
    replicas,
    stopGraceMs: 1000,
  }
}

function release(number: number, services: readonly ReleasedService[]): Release {
  return {
    id: `r${number}`,
    project: 'acme/shop',
    environment: 'production',
    number,
    commit: 'c',
    createdAt: 0,
    services,
    secretVersions: {},
    contentDigest: `sha256:${number}`,
  }
}

function canary(steps: readonly number[] = [10, 50]): Strategy {
  return { kind: 'canary', steps, everyMs: 5000, readyWithinMs: 30_000, analysis: { ...defaultAnalysis, maxErrorRate: 0.01, minRequests: 5 } }
}

function rolling(maxSurge: number, maxUnavailable: number): Strategy {
  return { kind: 'rolling', maxSurge, maxUnavailable, readyWithinMs: 30_000, watchMs: 3000, analysis: { ...defaultAnalysis, minRequests: 0 } }
}

interface Setup {
  readonly strategy: Strategy
  readonly before: readonly ReleasedService[]
  readonly after: readonly ReleasedService[]
  readonly verify: boolean
}

function planOf({ strategy, before, after, verify }: Setup): RolloutPlan {
  return planRollout({
    release: release(2, after),
    ...(before.length > 0 ? { previous: { release: release(1, before) } } : {}),
    environment,
    strategy,
    ...(verify ? { verify: { workflow: 'e2e.yml' } } : {}),
    sideBySide: true,
  })
}

const anyStrategy: fc.Arbitrary<Strategy> = fc.oneof(
  fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 3 }).map((steps) => canary(steps.sort((a, b) => a - b))),
  fc
    .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 2 }))
    .map(([surge, unavailable]) => rolling(surge + unavailable === 0 ? 1 : surge, unavailable)),
)

const anySetup: fc.Arbitrary<Setup> = fc.record({
  strategy: anyStrategy,
  before: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3 }).map((sizes) => sizes.map((size, index) => service(`s${index}`, 1, size, index !== 2))),
  after: fc
    .array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 2 })), { minLength: 1, maxLength: 3 })
    .map((all) => all.map(([size, version], index) => service(`s${index}`, version, size, index !== 2))),
  verify: fc.boolean(),
})

const anyWeather: fc.Arbitrary<Weather> = fc.record(
  {
    readyAfter: fc.integer({ min: 0, max: 8 }),
    lag: fc.integer({ min: 0, max: 4 }),
    rate: fc.integer({ min: 20, max: 500 }),
    neverReady: fc.boolean(),
    crashFrom: fc.integer({ min: 0, max: 40 }),
    lostFrom: fc.integer({ min: 0, max: 40 }),
    freshErrors: fc.constantFrom(0, 0.004, 0.05, 0.5),
    blindAt: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 6 }),
    verifyOk: fc.boolean(),
    pause: fc.record({ at: fc.integer({ min: 1, max: 20 }), ticks: fc.integer({ min: 1, max: 20 }) }),
    abortAt: fc.integer({ min: 0, max: 40 }),
  },
  { requiredKeys: ['readyAfter', 'lag', 'rate'] },
)

const volume: Pick<ReleasedService, 'mounts'> = { mounts: [{ kind: 'volume', volume: 'data', target: '/data', readOnly: false }] }

/** The same with a volume at its second service, before and after. */
const anyStateful = anySetup.map((setup): Setup => {
  const second = (services: readonly ReleasedService[]) => services.map((one, index) => (index === 1 ? { ...one, ...volume } : one))
  return { ...setup, before: second(setup.before), after: second(setup.after) }
})

function always(sentence: (world: World, plan: RolloutPlan, weather: Weather) => void, setups = anySetup): void {
  fc.assert(
    fc.property(setups, anyWeather, (setup, weather) => {
      const plan = planOf(setup)
      sentence(playRollout(plan, weather), plan, weather)
    }),
    { numRuns: 300 },
  )
}

describe('whatever the weather', () => {
  test('a rollout ends', () => {
    always((world) => expect(world.end.closed).toBeDefined())
  })

  test('an end is either all new with the old gone, or all old with the new gone', () => {
    always(({ end, moments }, plan) => {
      const last = moments.at(-1)
      const completed = end.rollout?.ended?.as === 'completed'
      for (const one of plan.services) {
        const gone = completed ? one.from : one.to
        const stays = completed ? one.to : one.from
        if (gone) expect(last?.groups[gone]).toBeUndefined()
        if (stays) expect(last?.groups[stays]?.total).toBe(completed ? one.replicas : one.fromReplicas)
        if (one.routed && one.from) expect(last?.shares[one.service]).toBe(completed ? 100 : 0)
      }
      for (const { group } of plan.kept) expect(last?.groups[group]?.total).toBe(1)
      for (const { group } of plan.removed) expect(last?.groups[group] === undefined).toBe(completed)
    })
  })

  test('shares of traffic only rise, until it goes back', () => {
    always(({ log }, plan) => {
      const shares: Record<string, number> = {}
      for (const { event } of log) {
        if (event.type === 'RolloutAborting') break
        if (event.type !== 'WeightsSet') continue
        for (const one of plan.services.filter((service) => event.service === undefined || service.service === event.service)) {
          if (one.from || event.service) expect(event.percent).toBeGreaterThanOrEqual(shares[one.service] ?? 0)
          shares[one.service] = Math.max(event.percent, shares[one.service] ?? 0)
        }
      }
    })
  })

  test('traffic is only ever moved to a side that has a ready instance, while one has', () => {
    always(({ moments }, plan, weather) => {
      for (const { asked, groups, tick } of moments) {
        if (weather.blindAt?.includes(tick)) continue
        for (const action of asked) {
          if (action.kind !== 'SetWeights') continue
          for (const one of plan.services.filter(
            (service) => service.routed && service.from && (action.service === undefined || service.service === action.service),
          )) {
            const ready = { fresh: groups[one.to]?.ready ?? 0, old: groups[one.from ?? '']?.ready ?? 0 }
            if (action.percent === 0 && ready.fresh > 0) expect(ready.old).toBeGreaterThan(0)
          }
        }
      }
    })
  })

  test('old instances are asked to stop only while enough ready ones stay', () => {
    always(({ moments }, plan, weather) => {
      for (const { asked, groups, tick } of moments) {
        if (weather.blindAt?.includes(tick)) continue
        for (const action of asked) {
          const one = plan.services.find((service) => action.kind === 'ScaleGroup' && service.from === action.group)
          if (action.kind !== 'ScaleGroup' || !one?.from) continue
          const allowed = Math.min(one.replicas, one.fromReplicas) - (plan.strategy.kind === 'rolling' ? plan.strategy.maxUnavailable : 0)
          const after = (groups[one.to]?.ready ?? 0) + Math.min(groups[one.from]?.ready ?? 0, action.replicas)
          expect(after).toBeGreaterThanOrEqual(allowed)
        }
      }
    })
  })

  test('the old groups retire only when all traffic is off them, the new ones only when none is on them', () => {
    always(({ moments }, plan, weather) => {
      for (const { asked, shares, tick } of moments) {
        if (weather.blindAt?.includes(tick)) continue
        for (const action of asked) {
          const one = plan.services.find((service) => action.kind === 'RetireGroup' && (service.from === action.group || service.to === action.group))
          if (action.kind !== 'RetireGroup' || !one?.routed || !one.from) continue
          expect(shares[one.service]).toBe(action.group === one.from ? 100 : 0)
        }
      }
    })
  })

  test('kept groups are never touched', () => {
    always(({ moments }, plan) => {
      const kept = new Set(plan.kept.map((one) => one.group))
      for (const { asked } of moments) for (const action of asked) if ('group' in action) expect(kept.has(action.group)).toBe(false)
    })
  })

  test('while paused no step ends and nothing is started', () => {
    always(({ moments }) => {
      for (const { paused, events, asked } of moments) {
        if (!paused || events.some((event) => event.type === 'RolloutAborting')) continue
        expect(events.filter((event) => event.type === 'StepCompleted' || event.type === 'WeightsSet')).toEqual([])
        expect(asked).toEqual([])
      }
    })
  })

  test('asked again about the same, it says the same; and after its own events nothing new', () => {
    always(({ log }, plan) => {
      const observed = { groups: {}, weights: {}, traffic: {} }
      let state = initialDeployment('d1')
      for (const { event, at } of log) {
        state = evolveDeployment(state, event, at)
        const once = decideRollout(state, observed, at)
        expect(decideRollout(state, observed, at)).toEqual(once)
        const later = once.events.reduce((before, one) => evolveDeployment(before, one, at), state)
        expect(decideRollout(later, observed, at).events).toEqual([])
      }
      expect(plan.services.length).toBeGreaterThanOrEqual(0)
    })
  })
})

describe('whatever the weather, a service with a volume', () => {
  test('never runs in two releases at the same time', () => {
    always(({ moments }, plan, weather) => {
      // Who sees nothing must take it that nothing is there.
      if (weather.blindAt?.length) return
      for (const { groups } of moments)
        for (const { stopFirst, from, to } of plan.services) if (stopFirst && from) expect(Math.min(groups[from]?.total ?? 0, groups[to]?.total ?? 0)).toBe(0)
    }, anyStateful)
  })

  test('does not keep the rollout from an end that is all new or all old', () => {
    always(({ end, moments }, plan) => {
      expect(end.closed).toBeDefined()
      const last = moments.at(-1)
      const completed = end.rollout?.ended?.as === 'completed'
      for (const { from, to, replicas, fromReplicas } of plan.services) {
        const [gone, stays] = completed ? [from, to] : [to, from]
        if (gone) expect(last?.groups[gone]).toBeUndefined()
        if (stays) expect(last?.groups[stays]?.total).toBe(completed ? replicas : fromReplicas)
      }
    }, anyStateful)
  })
})

const fair: Weather = { readyAfter: 2, lag: 1, rate: 200 }
const one = { before: [service('web', 1, 3)], after: [service('web', 2, 3)], verify: false }

describe('a rollout', () => {
  test.each([
    { when: 'everything is well (canary)', setup: { ...one, strategy: canary() }, weather: fair, ends: 'success', because: 'rollout-complete' },
    { when: 'everything is well (rolling)', setup: { ...one, strategy: rolling(1, 0) }, weather: fair, ends: 'success', because: 'rollout-complete' },
    { when: 'nothing ran before', setup: { ...one, before: [], strategy: canary() }, weather: fair, ends: 'success', because: 'rollout-complete' },
    { when: 'nothing changed', setup: { ...one, after: one.before, strategy: canary() }, weather: fair, ends: 'success', because: 'nothing-to-do' },
    { when: 'it answers badly', setup: { ...one, strategy: canary() }, weather: { ...fair, freshErrors: 0.2 }, ends: 'failure', because: 'rolled-back' },
    {
      when: 'it answers badly (rolling)',
      setup: { ...one, strategy: rolling(1, 0) },
      weather: { ...fair, freshErrors: 0.5 },
      ends: 'failure',
      because: 'rolled-back',
    },
    { when: 'it never gets ready', setup: { ...one, strategy: canary() }, weather: { ...fair, neverReady: true }, ends: 'failure', because: 'rolled-back' },
    { when: 'it exits at once', setup: { ...one, strategy: canary() }, weather: { ...fair, crashFrom: 0 }, ends: 'failure', because: 'rolled-back' },
    {
      when: 'the first release exits at once',
      setup: { ...one, before: [], strategy: canary() },
      weather: { ...fair, crashFrom: 0 },
      ends: 'failure',
      because: 'keeps-crashing',
    },
    { when: 'it is lost under way', setup: { ...one, strategy: canary() }, weather: { ...fair, lostFrom: 8 }, ends: 'failure', because: 'rolled-back' },
    {
      when: 'the check fails',
      setup: { ...one, verify: true, strategy: canary() },
      weather: { ...fair, verifyOk: false },
      ends: 'failure',
      because: 'rolled-back',
    },
    { when: 'somebody aborts', setup: { ...one, strategy: canary() }, weather: { ...fair, abortAt: 7 }, ends: 'cancelled', because: 'aborted-by-user' },
  ])('$when: $ends, $because', ({ setup, weather, ends, because }) => {
    const { end } = playRollout(planOf(setup), weather)
    expect(end.closed?.conclusion).toBe(ends)
    expect(end.closed?.reason.code).toBe(because)
  })

  test('bad answers are caught within seconds of the first share of traffic', () => {
    const { log } = playRollout(planOf({ ...one, strategy: canary() }), { ...fair, freshErrors: 0.2 })
    const first = log.find(({ event }) => event.type === 'WeightsSet')
    const caught = log.find(({ event }) => event.type === 'RolloutAborting')
    expect((caught?.at ?? Number.NaN) - (first?.at ?? 0)).toBeLessThanOrEqual(3000)
  })

  test('a pause does not count as watching', () => {
    const world = playRollout(planOf({ ...one, strategy: canary([10]) }), { ...fair, pause: { at: 7, ticks: 30 } })
    const analysed = world.log.filter(({ event }) => event.type === 'VerdictReached').map(({ at }) => at)
    expect(world.end.closed?.conclusion).toBe('success')
    expect(analysed[0]).toBeGreaterThanOrEqual(37_000)
  })
})
