// The EventStore port on SQLite: events, the action queue and projections in one transaction.

import type { PushwayEvent, StoredEvent, StreamId } from '@pushway/core/event/types.ts'
import type { Clock } from '../ports/misc.ts'
import type { Append, AppendResult, EventStore, LeasedAction, NewAction } from '../ports/store.ts'
import type { Database, Row } from './database.ts'
import { project } from './projections.ts'

type Listener = (events: readonly StoredEvent[]) => void

class Conflict extends Error {
  readonly stream: StreamId
  constructor(stream: StreamId) {
    super('conflict')
    this.stream = stream
  }
}

/** The store on an open database. Its transactions are synchronous: one process writes. */
export function createEventStore(database: Database, clock: Clock): EventStore {
  const listeners = new Set<Listener>()
  const publish = (events: readonly StoredEvent[]) => {
    if (events.length === 0) return
    for (const listener of listeners) listener(events)
  }
  const write = (appends: readonly Append[]) => appends.flatMap((append) => writeAppend(database, append, clock.now()))

  return {
    append(appends) {
      const result = tryAppend(database, () => write(appends))
      if (result.ok) publish(result.events)
      return result
    },
    read: (stream, afterSeq = 0) => database.prepare('select * from events where stream = ? and seq > ? order by seq').all(stream, afterSeq).map(toEvent),
    readAll: (after, limit) => database.prepare('select * from events where position > ? order by position limit ?').all(after, limit).map(toEvent),
    lastPosition: () => Number(database.prepare('select max(position) as last from events').get()?.last ?? 0),
    lease: (now, leaseMs, limit) => database.transaction(() => lease(database, now, { leaseMs, limit })),
    freeLeases: () => void database.prepare("update actions set lease_until = 0, token = token + 1 where state = 'queued' and lease_until > 0").run(),
    complete(action, appends) {
      let events: readonly StoredEvent[] = []
      const done = database.transaction(() => {
        const changed = database
          .prepare("update actions set state = 'done', lease_until = 0 where id = ? and token = ? and state = 'queued'")
          .run(action.id, action.token)
        if (changed.changes === 0) return false
        events = write(appends)
        return true
      })
      publish(events)
      return done
    },
    retry: (action, at, problem) =>
      database
        .prepare("update actions set lease_until = 0, not_before = ?, problem = ? where id = ? and token = ? and state = 'queued'")
        .run(at, problem, action.id, action.token).changes > 0,
    nextActionAt() {
      const at = database.prepare("select min(max(not_before, lease_until)) as at from actions where state = 'queued'").get()?.at
      return at === null || at === undefined ? undefined : Number(at)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => database.close(),
  }
}

function tryAppend(database: Database, write: () => readonly StoredEvent[]): AppendResult {
  try {
    return { ok: true, events: database.transaction(write) }
  } catch (error) {
    if (error instanceof Conflict) return { ok: false, conflict: error.stream }
    throw error
  }
}

function writeAppend(database: Database, append: Append, now: number): readonly StoredEvent[] {
  const last = Number(database.prepare('select max(seq) as seq from events where stream = ?').get(append.stream)?.seq ?? 0)
  if (append.expected !== 'any' && append.expected !== last) throw new Conflict(append.stream)
  const stored = append.events.map((body, index) => insertEvent(database, { append, body, seq: last + index + 1, at: now }))
  if (append.voidQueued)
    database.prepare("update actions set state = 'done' where stream = ? and state = 'queued' and lease_until <= ?").run(append.stream, now)
  for (const action of append.actions ?? []) queue(database, append.stream, { action, now })
  return stored
}

function insertEvent(database: Database, { append, body, seq, at }: { append: Append; body: PushwayEvent; seq: number; at: number }): StoredEvent {
  const { lastInsertRowid } = database
    .prepare('insert into events (stream, seq, type, version, at, body, cause) values (?, ?, ?, 1, ?, ?, ?)')
    .run(append.stream, seq, body.type, at, JSON.stringify(body), append.cause ?? null)
  const event: StoredEvent = { position: lastInsertRowid, stream: append.stream, seq, version: 1, at, body, ...(append.cause ? { cause: append.cause } : {}) }
  project(database, event)
  return event
}

/** Queues an action once per key; with `again`, one that was performed before is queued again. One that still waits is left alone. */
function queue(database: Database, stream: StreamId, { action, now }: { action: NewAction; now: number }): void {
  database
    .prepare(
      `insert into actions (stream, key, kind, body, not_before) values (?, ?, ?, ?, ?)
       on conflict (stream, key) do update set state = 'queued', body = excluded.body, not_before = excluded.not_before, attempts = 0, lease_until = 0
       where actions.state = 'done' and ?`,
    )
    .run(stream, action.key, action.kind, JSON.stringify(action.body), action.notBefore ?? now, action.again ? 1 : 0)
}

function lease(database: Database, now: number, { leaseMs, limit }: { leaseMs: number; limit: number }): readonly LeasedAction[] {
  const rows = database
    .prepare("select * from actions where state = 'queued' and not_before <= ? and lease_until <= ? order by id limit ?")
    .all(now, now, limit)
  return rows.map((row) => {
    const token = Number(row.token) + 1
    database.prepare('update actions set lease_until = ?, token = ?, attempts = attempts + 1 where id = ?').run(now + leaseMs, token, Number(row.id))
    return {
      id: Number(row.id),
      stream: String(row.stream),
      key: String(row.key),
      kind: String(row.kind),
      body: JSON.parse(String(row.body)) as unknown,
      attempts: Number(row.attempts) + 1,
      token,
    }
  })
}

/** A row we wrote ourselves: its body has the shape its type says. */
function toEvent(row: Row): StoredEvent {
  return {
    position: Number(row.position),
    stream: String(row.stream),
    seq: Number(row.seq),
    version: Number(row.version),
    at: Number(row.at),
    body: JSON.parse(String(row.body)) as PushwayEvent,
    ...(row.cause === null ? {} : { cause: String(row.cause) }),
  }
}
