// The Documents port on SQLite.

import type { Documents, StoredDocument } from '../ports/documents.ts'
import type { Database } from './database.ts'

/** The documents of an open database. */
export function createDocuments(database: Database): Documents {
  const read = <T>(row: Readonly<Record<string, unknown>>): StoredDocument<T> => ({
    id: Number(row.id),
    about: String(row.about),
    // What was written is what is read: nobody else writes this table.
    body: JSON.parse(String(row.body)) as T,
    at: Number(row.at),
  })
  return {
    add: (project, kind, { about, body, at }) =>
      Number(
        database
          .prepare('insert into documents (project, kind, about, body, at) values (?, ?, ?, ?, ?) returning id')
          .get(project, kind, about, JSON.stringify(body), at)?.id,
      ),
    get: (project, kind, id) => {
      const row = database.prepare('select id, about, body, at from documents where project = ? and kind = ? and id = ?').get(project, kind, id)
      return row && read(row)
    },
    list: (project, kind, { about, limit }) => {
      const where = about === undefined ? '' : ' and about = ?'
      const rows = database.prepare(`select id, about, body, at from documents where project = ? and kind = ?${where} order by id desc limit ?`)
      return rows.all(project, kind, ...(about === undefined ? [] : [about]), limit).map((row) => read(row))
    },
    replace: (project, kind, { id, about, body }) => {
      database.prepare('update documents set about = ?, body = ? where project = ? and kind = ? and id = ?').run(about, JSON.stringify(body), project, kind, id)
    },
    remove: (project, kind, id) => {
      database.prepare('delete from documents where project = ? and kind = ? and id = ?').run(project, kind, id)
    },
  }
}
