// Projections: small tables for lists, kept in the same transaction as the events. They can be dropped and rebuilt.

import type { ProjectSchedule, StoredEvent } from '@pushway/core/event/types.ts'
import type { RunEvent } from '@pushway/core/run/types.ts'
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
      database
        .prepare('insert into runs (id, project, number, serial, created_at) values (?, ?, ?, coalesce(?, (select coalesce(max(serial), 0) + 1 from runs)), ?)')
        .run(id, body.project, body.number, body.serial ?? null, at)
      if (body.cause.event === 'schedule') markScheduled(database, body, at)
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
    case 'SchedulesSet':
      setSchedules(database, id, { schedules: body.schedules, at })
      return
    default:
      projectPull(database, id, { body, at })
  }
}

function projectPull(database: Database, id: string, { body, at }: Pick<StoredEvent, 'body' | 'at'>): void {
  const cut = id.lastIndexOf('/')
  const key = [id.slice(0, cut), Number(id.slice(cut + 1))] as const
  const set = (column: 'state' | 'base', value: string) =>
    database.prepare(`update pulls set ${column} = ? where project = ? and number = ?`).run(value, ...key)
  switch (body.type) {
    case 'PullRequestOpened':
      database
        .prepare("insert into pulls (project, number, state, head, base, created_at) values (?, ?, 'open', ?, ?, ?)")
        // A fork's branch is none of this repository.
        .run(body.project, body.number, body.fork ? `${body.fork}:${body.head.ref}` : body.head.ref, body.base.ref, at)
      return
    case 'PullRequestClosed':
    case 'PullRequestMerged':
      set('state', 'closed')
      return
    case 'PullRequestReopened':
      set('state', 'open')
      return
    case 'PullRequestEdited':
      if (body.base) set('base', body.base.ref)
      return
    default:
  }
}

/** The entries as they are now; those that stay keep when they ran last. */
function setSchedules(database: Database, project: string, { schedules, at }: { schedules: readonly ProjectSchedule[]; at: number }): void {
  const keyOf = (file: unknown, cron: unknown, timezone: unknown) => `${file}\n${cron}\n${timezone}`
  const wanted = new Set(schedules.map(({ file, cron, timezone = '' }) => keyOf(file, cron, timezone)))
  for (const row of database.prepare('select file, cron, timezone from schedules where project = ?').all(project)) {
    if (wanted.has(keyOf(row.file, row.cron, row.timezone))) continue
    const remove = database.prepare('delete from schedules where project = ? and file = ? and cron = ? and timezone = ?')
    remove.run(project, String(row.file), String(row.cron), String(row.timezone))
  }
  const insert = database.prepare('insert into schedules (project, file, cron, timezone, since, has_run) values (?, ?, ?, ?, ?, 0) on conflict do nothing')
  for (const { file, cron, timezone = '' } of schedules) insert.run(project, file, cron, timezone, at)
}

function markScheduled(database: Database, { project: name, workflowFile, cause }: Extract<RunEvent, { type: 'RunRequested' }>, at: number): void {
  const mark = database.prepare('update schedules set since = ?, has_run = 1 where project = ? and file = ? and cron = ?')
  mark.run(at, name, workflowFile, String(cause.payload.schedule))
}

const tables = ['projects', 'pushes', 'runs', 'deployments', 'releases', 'pulls', 'schedules']

/** Empties the projections and makes them again from all events. */
export function rebuildProjections(database: Database, all: Iterable<StoredEvent>): void {
  database.transaction(() => {
    for (const table of tables) database.exec(`delete from ${table}`)
    for (const event of all) project(database, event)
  })
}
