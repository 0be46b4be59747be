// The ImagePolicies port on SQLite.

import { defaultKeepReleases } from '@pushway/core/images/uses.ts'
import type { ProjectName } from '@pushway/core/text/ids.ts'
import type { ImagePolicies } from '../ports/images.ts'
import type { Database } from './database.ts'

/** The rules in the project settings of an open database. */
export function createImagePolicies(database: Database): ImagePolicies {
  const read = (project: ProjectName, key: string): string | undefined => {
    const value = database.prepare('select value from project_settings where project = ? and key = ?').get(project, key)?.value
    return value === undefined || value === null ? undefined : String(value)
  }
  const write = (project: ProjectName, key: string, value: string) =>
    database
      .prepare('insert into project_settings (project, key, value) values (?, ?, ?) on conflict (project, key) do update set value = excluded.value')
      .run(project, key, value)
  const policy = (project: ProjectName) => ({
    keepReleases: Number(read(project, 'images.keep-releases') ?? defaultKeepReleases),
    anonymousPull: read(project, 'images.anonymous-pull') === 'yes',
  })
  return {
    policy,
    setPolicy: (project, { keepReleases, anonymousPull }) =>
      database.transaction(() => {
        if (keepReleases !== undefined) write(project, 'images.keep-releases', String(keepReleases))
        if (anonymousPull !== undefined) write(project, 'images.anonymous-pull', anonymousPull ? 'yes' : 'no')
        return policy(project)
      }),
  }
}
