// Projections: small tables for lists, kept in the same transaction as the events. They can be dropped and rebuilt.

import type { StoredEvent } from '@pushway/core/event/types.ts'
import type { Database } from './database.ts'

/** Takes one new event into the tables that lists are read from. */
export function project(database: Database, event: StoredEvent): void {
  const { body, at } = event
  const id = event.stream.slice(event.stream.indexOf('/') + 1)
  switch (body.type) {
    case 'ProjectCreated':
      database.prepare('insert into projects (name, created_at, created_by) values (?, ?, ?) on conflict do nothing').run(body.project, at, body.by)
      return
    case 'PushReceived':
      if (body.after === null) return
      database
        .prepare('insert into pushes (project, ref, after_commit, at) values (?, ?, ?, ?) on conflict do update set at = excluded.at')
        .run(id, body.ref, body.after, at)
      return
    case 'RunRequested':
      database.prepare('insert into runs (id, project, number, created_at) values (?, ?, ?, ?)').run(id, body.project, body.number, at)
      return
    case 'RunFinished':
      database.prepare('update runs set finished_at = ? where id = ?').run(at, id)
      return
    case 'RerunRequested':
      database.prepare('update runs set finished_at = null where id = ?').run(id)
      return
    case 'DeploymentCreated':
      database
        .prepare('insert into deployments (id, project, environment, run, created_at) values (?, ?, ?, ?, ?)')
        .run(id, body.project, body.environment, body.run ?? null, at)
      return
    case 'DeploymentClosed':
      database.prepare('update deployments set finished_at = ? where id = ?').run(at, id)
      return
    case 'ReleaseCreated':
      database
        .prepare('insert into releases (id, project, number, environment, created_at) values (?, ?, ?, ?, ?)')
        .run(id, body.release.project, body.release.number, body.release.environment, at)
      return
    default:
  }
}

const tables = ['projects', 'pushes', 'runs', 'deployments', 'releases']

/** Empties the projections and makes them again from all events. */
export function rebuildProjections(database: Database, all: Iterable<StoredEvent>): void {
  database.transaction(() => {
    for (const table of tables) database.exec(`delete from ${table}`)
    for (const event of all) project(database, event)
  })
}
