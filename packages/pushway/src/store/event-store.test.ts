import type { PushwayEvent } from '@pushway/core/event/types.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EventStore } from '../ports/store.ts'
import { type Database, openDatabase } from './database.ts'
import { createEventStore } from './event-store.ts'
import { createLists } from './lists.ts'
import { rebuildProjections } from './projections.ts'

const created: PushwayEvent = { type: 'ProjectCreated', project: 'acme/hello', by: 'ada' }
const variable = (name: string): PushwayEvent => ({ type: 'VariableSet', name, by: 'ada' })
const stream = 'project/acme/hello'

let database: Database
let store: EventStore
let now: number

beforeEach(() => {
  now = 1_000
  database = openDatabase(':memory:')
  store = createEventStore(database, { now: () => now })
})
afterEach(() => store.close())

describe('the event store', () => {
  test('keeps events in the order of their streams, with positions over all of them', () => {
    store.append([{ stream, expected: 0, events: [created, variable('A')] }])
    store.append([{ stream: 'project/acme/other', expected: 0, events: [created] }])
    expect(store.read(stream).map(({ seq, position, body }) => [seq, position, body.type])).toEqual([
      [1, 1, 'ProjectCreated'],
      [2, 2, 'VariableSet'],
    ])
    expect(store.read(stream, 1)).toHaveLength(1)
    expect(store.readAll(1, 10).map((event) => event.stream)).toEqual([stream, 'project/acme/other'])
    expect(store.lastPosition()).toBe(3)
  })

  test('a writer that has not seen the newest event writes nothing, in any of its streams', () => {
    store.append([{ stream, expected: 0, events: [created] }])
    const result = store.append([
      { stream: 'project/acme/other', expected: 0, events: [created] },
      { stream, expected: 0, events: [variable('A')], actions: [{ key: 'k', kind: 'K', body: {} }] },
    ])
    expect(result).toEqual({ ok: false, conflict: stream })
    expect(store.read('project/acme/other')).toEqual([])
    expect(store.lease(now, 1_000, 10)).toEqual([])
  })

  test('listeners hear of events once they are written, never of a conflict', () => {
    const heard: string[] = []
    const stop = store.subscribe((events) => heard.push(...events.map(({ body }) => body.type)))
    store.append([{ stream, expected: 0, events: [created] }])
    store.append([{ stream, expected: 0, events: [created] }])
    stop()
    store.append([{ stream, expected: 1, events: [created] }])
    expect(heard).toEqual(['ProjectCreated'])
  })

  test('projections made again from the events are the same', () => {
    const run: PushwayEvent = {
      type: 'RunRequested',
      project: 'acme/hello',
      number: 1,
      workflowFile: 'w.yml',
      workflowName: 'w',
      title: 't',
      cause: { event: 'push', ref: 'refs/heads/main', sha: '0'.repeat(40), actor: 'ada', payload: {} },
    }
    store.append([
      { stream, expected: 0, events: [created] },
      { stream: 'run/r1', expected: 0, events: [run] },
    ])
    const lists = createLists(database)
    const before = [lists.projects(), lists.runs('acme/hello', 10), lists.runBySerial(1), lists.activeRuns()]
    rebuildProjections(database, store.readAll(0, 100))
    expect([lists.projects(), lists.runs('acme/hello', 10), lists.runBySerial(1), lists.activeRuns()]).toEqual(before)
    expect(before).toEqual([['acme/hello'], ['r1'], 'r1', ['r1']])
  })
})

describe('the action queue', () => {
  const ask = (key: string, extra: object = {}) =>
    store.append([{ stream, expected: 'any', events: [], actions: [{ key, kind: 'K', body: { n: 1 }, ...extra }] }])

  test('an action asked for twice is queued once, also after it was performed', () => {
    ask('k')
    ask('k')
    const [action, ...others] = store.lease(now, 1_000, 10)
    expect(others).toEqual([])
    expect(action).toMatchObject({ key: 'k', kind: 'K', body: { n: 1 }, attempts: 1, token: 1 })
    if (!action) throw new Error('no action')
    expect(store.complete(action, [{ stream, expected: 'any', events: [variable('DONE')] }])).toBe(true)
    ask('k')
    expect(store.lease(now, 1_000, 10)).toEqual([])
    expect(store.read(stream).map(({ body }) => body.type)).toEqual(['VariableSet'])
  })

  test('one that is wanted again is queued again when it was performed, not while it waits', () => {
    ask('k', { again: true })
    const [first] = store.lease(now, 1_000, 10)
    ask('k', { again: true })
    expect(store.lease(now, 1_000, 10)).toEqual([])
    if (first) store.complete(first, [])
    ask('k', { again: true })
    expect(store.lease(now, 1_000, 10)).toHaveLength(1)
  })

  test('what an ended process held is free for its successor at once, and the dead one can record nothing', () => {
    ask('k')
    const [held] = store.lease(now, 60_000, 10)
    expect(store.lease(now, 60_000, 10)).toEqual([])
    store.freeLeases()
    const [next] = store.lease(now, 60_000, 10)
    if (!held || !next) throw new Error('no lease')
    expect(store.complete(held, [{ stream, expected: 'any', events: [variable('DEAD')] }])).toBe(false)
    expect(store.complete(next, [{ stream, expected: 'any', events: [variable('NEXT')] }])).toBe(true)
  })

  test('a lease that ran out is given to another, and the late one can record nothing', () => {
    ask('k')
    const [slow] = store.lease(now, 1_000, 10)
    now += 2_000
    const [quick] = store.lease(now, 1_000, 10)
    if (!slow || !quick) throw new Error('no lease')
    expect(quick.token).toBeGreaterThan(slow.token)
    expect(store.complete(slow, [{ stream, expected: 'any', events: [variable('LATE')] }])).toBe(false)
    expect(store.complete(quick, [{ stream, expected: 'any', events: [variable('QUICK')] }])).toBe(true)
    expect(store.read(stream).map(({ body }) => ('name' in body ? body.name : ''))).toEqual(['QUICK'])
  })

  test('a try that failed comes back at its time', () => {
    ask('k')
    const [action] = store.lease(now, 1_000, 10)
    if (action) store.retry(action, now + 500, 'no answer')
    expect(store.lease(now, 1_000, 10)).toEqual([])
    expect(store.nextActionAt()).toBe(now + 500)
    expect(store.lease(now + 500, 1_000, 10)[0]).toMatchObject({ attempts: 2 })
  })

  test('when a rollout turns back, what nobody has begun is void', () => {
    ask('begun')
    store.lease(now, 1_000, 1)
    ask('waiting')
    store.append([{ stream, expected: 'any', events: [], actions: [{ key: 'new', kind: 'K', body: {} }], voidQueued: true }])
    expect(store.lease(now, 1_000, 10).map(({ key }) => key)).toEqual(['new'])
  })
})
