// The Lists port on SQLite.

import type { ProjectName } from '@pushway/core/text/ids.ts'
import type { Lists } from '../ports/lists.ts'
import type { Database } from './database.ts'

/** The lists of an open database. */
export function createLists(database: Database): Lists {
  const ids = (sql: string, ...values: (string | number)[]) =>
    database
      .prepare(sql)
      .all(...values)
      .map((row) => String(row.id))
  const next = (table: 'runs' | 'releases', project: ProjectName) =>
    Number(database.prepare(`select max(number) as last from ${table} where project = ?`).get(project)?.last ?? 0) + 1
  const one = (sql: string, ...values: (string | number)[]) => ids(sql, ...values)[0]
  return {
    projects: () => ids('select name as id from projects order by name'),
    hasProject: (name) => one('select name as id from projects where name = ?', name) !== undefined,
    runs: (project, limit) => ids('select id from runs where project = ? order by number desc limit ?', project, limit),
    runByNumber: (project, number) => one('select id from runs where project = ? and number = ?', project, number),
    activeRuns: () => ids('select id from runs where finished_at is null order by created_at'),
    nextRunNumber: (project) => next('runs', project),
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
    nextReleaseNumber: (project) => next('releases', project),
    releaseByNumber: (project, number) => one('select id from releases where project = ? and number = ?', project, number),
    hasPush: ({ project, ref, after }) =>
      one('select ref as id from pushes where project = ? and ref = ? and after_commit = ?', project, ref, after) !== undefined,
  }
}
