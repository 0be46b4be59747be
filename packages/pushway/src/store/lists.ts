// The Lists port on SQLite.

import type { Lists, PullFilter, ScheduleRow } from '../ports/lists.ts'
import type { Database } from './database.ts'

/** The lists of an open database. */
export function createLists(database: Database): Lists {
  const ids = (sql: string, ...values: (string | number)[]) =>
    database
      .prepare(sql)
      .all(...values)
      .map((row) => String(row.id))
  // Numbers are taken before what they are for is written: those that were given are remembered as well.
  const given = new Map<string, number>()
  const take = (counter: string, sql: string, ...values: string[]) => {
    const last = Number(database.prepare(sql).get(...values)?.last ?? 0)
    const number = Math.max(last, given.get(counter) ?? 0) + 1
    given.set(counter, number)
    return number
  }
  const one = (sql: string, ...values: (string | number)[]) => ids(sql, ...values)[0]
  const number = (sql: string, value: string): number | undefined => {
    const found = database.prepare(sql).get(value)?.n
    return found === undefined || found === null ? undefined : Number(found)
  }
  return {
    projects: () => ids('select name as id from projects order by name'),
    hasProject: (name) => one('select name as id from projects where name = ?', name) !== undefined,
    runs: (project, limit) => ids('select id from runs where project = ? order by number desc limit ?', project, limit),
    runByNumber: (project, number) => one('select id from runs where project = ? and number = ?', project, number),
    activeRuns: () => ids('select id from runs where finished_at is null order by created_at'),
    takeRunNumber: (project) => take(`run ${project}`, 'select max(number) as last from runs where project = ?', project),
    takeRunSerial: () => take('run', 'select max(serial) as last from runs'),
    runSerial: (run) => number('select serial as n from runs where id = ?', run),
    runBySerial: (serial) => one('select id from runs where serial = ?', serial),
    takePullNumber: (project) => take(`pull ${project}`, 'select max(number) as last from pulls where project = ?', project),
    ...createPullLists(database),
    schedules: () => database.prepare('select * from schedules order by project, file, cron').all().map(scheduleRow),
    deploymentSerial: (id) => number('select rowid as n from deployments where id = ?', id),
    deploymentBySerial: (serial) => one('select id from deployments where rowid = ?', serial),
    deployments: (project, environment, limit) =>
      environment === undefined
        ? ids('select id from deployments where project = ? order by created_at desc, id desc limit ?', project, limit)
        : ids('select id from deployments where project = ? and environment = ? order by created_at desc, id desc limit ?', project, environment, limit),
    deploymentsOfRun: (run) => ids('select id from deployments where run = ? order by created_at', run),
    environments: () =>
      database
        .prepare('select distinct project, environment from deployments order by 1, 2')
        .all()
        .map((row) => ({ project: String(row.project), environment: String(row.environment) })),
    activeDeployments: () => ids('select id from deployments where finished_at is null order by created_at'),
    nextReleaseNumber: (project) => Number(database.prepare('select max(number) as last from releases where project = ?').get(project)?.last ?? 0) + 1,
    releaseByNumber: (project, number) => one('select id from releases where project = ? and number = ?', project, number),
    hasPush: ({ project, ref, after }) =>
      one('select ref as id from pushes where project = ? and ref = ? and after_commit = ?', project, ref, after) !== undefined,
  }
}

function createPullLists(database: Database): Pick<Lists, 'pulls' | 'pullsOf'> {
  const numbers = (sql: string, values: readonly (string | number)[]) =>
    database
      .prepare(`select number from pulls where project = ?${sql}`)
      .all(...values)
      .map((row) => Number(row.number))
  return {
    pulls: (project, { state, head, base, limit }: PullFilter) => {
      const wanted = Object.entries({ state, head, base }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
      const where = wanted.map(([name]) => ` and ${name} = ?`).join('')
      return numbers(`${where} order by number desc limit ?`, [project, ...wanted.map(([, value]) => value), limit])
    },
    pullsOf: (project, branch) => numbers(" and state = 'open' and (head = ? or base = ?) order by number", [project, branch, branch]),
  }
}

function scheduleRow(row: Readonly<Record<string, unknown>>): ScheduleRow {
  const timezone = String(row.timezone)
  return {
    project: String(row.project),
    file: String(row.file),
    cron: String(row.cron),
    ...(timezone === '' ? {} : { timezone }),
    since: Number(row.since),
    hasRun: Number(row.has_run) === 1,
  }
}
