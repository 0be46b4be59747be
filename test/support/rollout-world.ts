// A small world for tests of rollouts: instances, a router and a clock that do what actions ask, as slowly and badly as the weather wants.

import { decideRollout, rolloutActionKey } from '@pushway/core/rollout/decide.ts'
import { type DeploymentState, evolveDeployment, initialDeployment } from '@pushway/core/rollout/state.ts'
import { type DeploymentEvent, type Observed, type RolloutAction, type RolloutPlan, type TrafficCounts, takesShare } from '@pushway/core/rollout/types.ts'
import type { GroupId } from '@pushway/core/text/ids.ts'

export interface Weather {
  /** Ticks until a new instance is ready. */
  readonly readyAfter: number
  /** Ticks until an action has its effect. */
  readonly lag: number
  /** New groups never become ready. */
  readonly neverReady?: boolean
  /** Every new instance crashes once a tick from this tick on. */
  readonly crashFrom?: number
  /** New instances stop being ready from this tick on. */
  readonly lostFrom?: number
  /** Share of failed requests on the new side. */
  readonly freshErrors?: number
  /** Requests of one tick. */
  readonly rate: number
  /** Ticks at which nothing is observed. */
  readonly blindAt?: readonly number[]
  readonly verifyOk?: boolean
  readonly pause?: { readonly at: number; readonly ticks: number }
  readonly abortAt?: number
}

interface Group {
  wanted: number
  /** Age in ticks of each instance. */
  ages: number[]
  crashes: number
}

export interface Moment {
  readonly tick: number
  readonly state: DeploymentState
  readonly groups: Readonly<Record<GroupId, { readonly total: number; readonly ready: number }>>
  /** Share of the new side, per service. */
  readonly shares: Readonly<Record<string, number>>
  readonly asked: readonly RolloutAction[]
  readonly events: readonly DeploymentEvent[]
  readonly paused: boolean
}

export interface World {
  readonly moments: readonly Moment[]
  readonly end: DeploymentState
  readonly log: readonly { readonly event: DeploymentEvent; readonly at: number }[]
}

const tickMs = 1000

/** Plays a plan to its end, or for `limit` ticks. Actions take effect `lag` ticks after they were asked for; one of a key at a time. */
export function playRollout(plan: RolloutPlan, weather: Weather, limit = 400): World {
  const fresh = new Set(plan.services.map((service) => service.to))
  const groups = new Map<GroupId, Group>()
  const weights = new Map<GroupId, number>()
  for (const service of plan.services) {
    if (!service.from) continue
    groups.set(service.from, { wanted: service.fromReplicas, ages: Array(service.fromReplicas).fill(1000), crashes: 0 })
    if (service.routed) weights.set(service.from, 100)
  }
  for (const { group } of [...plan.kept, ...plan.removed]) groups.set(group, { wanted: 1, ages: [1000], crashes: 0 })
  const queue = new Map<string, { action: RolloutAction; due: number }>()
  const log: { event: DeploymentEvent; at: number }[] = []
  const moments: Moment[] = []
  let weightTick = 0
  let aborting = false

  function record(events: readonly DeploymentEvent[], at: number): void {
    for (const event of events) log.push({ event, at })
  }
  function fold(): DeploymentState {
    return log.reduce((state, one) => evolveDeployment(state, one.event, one.at), initialDeployment('d1'))
  }
  function isReady(group: GroupId, age: number, tick: number): boolean {
    if (!fresh.has(group)) return age >= weather.readyAfter
    return !weather.neverReady && age >= weather.readyAfter && tick < (weather.lostFrom ?? Number.POSITIVE_INFINITY)
  }
  function perform(action: RolloutAction, tick: number): void {
    switch (action.kind) {
      case 'EnsureGroup':
      case 'ScaleGroup': {
        const group = groups.get(action.group) ?? { wanted: 0, ages: [], crashes: 0 }
        if (action.kind === 'ScaleGroup' && !groups.has(action.group)) return
        const ages = group.ages.slice(0, action.replicas)
        while (ages.length < action.replicas) ages.push(0)
        groups.set(action.group, { ...group, wanted: action.replicas, ages })
        return
      }
      case 'SetWeights':
        for (const service of plan.services) {
          if (!service.routed || (action.service === undefined ? !takesShare(service, action.percent) : action.service !== service.service)) continue
          if (weights.get(service.to) !== action.percent) weightTick = tick
          weights.set(service.to, action.percent)
          if (service.from) weights.set(service.from, 100 - action.percent)
        }
        return
      case 'StartVerify':
        record([{ type: 'VerifyStarted', step: action.step, run: 'r9' }], tick * tickMs)
        return
      case 'RetireGroup':
        groups.delete(action.group)
    }
  }
  function observe(tick: number): Observed {
    const seen = [...groups].map(([id, group]) => {
      const ready = group.ages.filter((age) => isReady(id, age, tick)).length
      return [id, { total: group.ages.length, ready, crashes: group.crashes }] as const
    })
    const span = Math.max(0, tick - weightTick)
    const traffic = [...weights].map(([id, share]): [GroupId, TrafficCounts] => {
      const requests = Math.round((span * weather.rate * share) / 100)
      const errors = fresh.has(id) ? Math.round(requests * (weather.freshErrors ?? 0)) : 0
      return [id, { requests, errors, p50Ms: 5, p95Ms: 9, sinceMs: weightTick * tickMs }]
    })
    return { groups: Object.fromEntries(seen), weights: Object.fromEntries(weights), traffic: Object.fromEntries(traffic) }
  }
  function look(tick: number): Pick<Moment, 'groups' | 'shares'> {
    const shares = Object.fromEntries(plan.services.map((service) => [service.service, weights.get(service.to) ?? 0]))
    return { groups: observe(tick).groups, shares }
  }

  record([{ type: 'RolloutStarted', plan, target: 'r2', previous: 'r1' }], 0)
  for (let tick = 0; tick < limit; tick++) {
    for (const group of groups.values()) group.ages = group.ages.map((age) => age + 1)
    if (weather.crashFrom !== undefined && tick >= weather.crashFrom) {
      for (const [id, group] of groups) if (fresh.has(id)) Object.assign(group, { crashes: group.crashes + group.ages.length, ages: group.ages.map(() => 0) })
    }
    for (const [key, { action, due }] of queue) {
      if (due > tick) continue
      queue.delete(key)
      perform(action, tick)
    }
    if (weather.pause?.at === tick) record([{ type: 'Paused', by: 'ann', at: tick * tickMs }], tick * tickMs)
    if (weather.pause && weather.pause.at + weather.pause.ticks === tick) record([{ type: 'Resumed', by: 'ann', at: tick * tickMs }], tick * tickMs)
    if (weather.abortAt === tick) record([{ type: 'AbortRequested', by: 'ann', why: 'I saw something' }], tick * tickMs)
    const before = fold()
    const verify = before.rollout?.verify
    if (verify && verify.ok === undefined) record([{ type: 'VerifyFinished', step: verify.step, run: verify.run, ok: weather.verifyOk ?? true }], tick * tickMs)
    const state = fold()
    const blind = weather.blindAt?.includes(tick) ?? false
    const observed = blind ? { groups: {}, weights: {}, traffic: {} } : observe(tick)
    const decision = decideRollout(state, observed, tick * tickMs)
    record(decision.events, tick * tickMs)
    if (!aborting && decision.events.some((event) => event.type === 'RolloutAborting')) {
      aborting = true
      queue.clear()
    }
    for (const action of decision.actions) {
      const key = rolloutActionKey(action)
      if (!queue.has(key)) queue.set(key, { action, due: tick + weather.lag })
    }
    moments.push({ tick, state, ...look(tick), asked: decision.actions, events: decision.events, paused: state.rollout?.paused !== undefined })
    if (fold().closed) break
  }
  // What was asked for before the end is still done.
  for (const { action } of queue.values()) perform(action, moments.length)
  const last = moments.at(-1)
  if (last) moments.push({ ...last, ...look(moments.length), asked: [], events: [] })
  return { moments, end: fold(), log }
}
