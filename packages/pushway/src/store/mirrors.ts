// The Mirrors port on SQLite; credentials are sealed with the installation's key.

import type { Mirror, Mirrors } from '../ports/mirrors.ts'
import type { Settings } from '../ports/settings.ts'
import type { Database, Row } from './database.ts'

/** The mirrors of an open database. They are asked for at every pull: the list is kept in memory, this process is the only one that changes it. */
export function createMirrors(database: Database, box: Pick<Settings, 'seal' | 'open'>): Mirrors {
  const readMirror = (row: Row): Mirror => ({
    host: String(row.host),
    url: String(row.url),
    privateNetwork: row.private_network === 1,
    ...(typeof row.username === 'string' ? { username: row.username } : {}),
    ...(row.sealed instanceof Uint8Array ? { secret: box.open(row.sealed) } : {}),
  })
  const readAll = () => database.prepare('select * from mirrors order by host').all().map(readMirror)
  let known = readAll()
  return {
    list: () => known,
    find: (host) => known.find((mirror) => mirror.host === host),
    set({ host, url, username, secret, privateNetwork }) {
      database
        .prepare(
          `insert into mirrors (host, url, username, sealed, private_network) values (?, ?, ?, ?, ?) on conflict (host) do update set
           url = excluded.url, username = excluded.username, sealed = excluded.sealed, private_network = excluded.private_network`,
        )
        .run(host, url, username ?? null, secret ? box.seal(secret) : null, privateNetwork ? 1 : 0)
      known = readAll()
    },
    remove: (host) =>
      database.transaction(() => {
        for (const table of ['tags', 'mirror_tags'])
          database.prepare(`delete from ${table} where repository >= ? and repository < ?`).run(`${host}/`, `${host}0`)
        const gone = database.prepare('delete from mirrors where host = ?').run(host).changes > 0
        known = readAll()
        return gone
      }),
    ...tagChecks(database),
  }
}

function tagChecks(database: Database): Pick<Mirrors, 'check' | 'noteCheck' | 'noteUse' | 'expire'> {
  return {
    check(repository, tag) {
      const row = database.prepare('select checked_at, used_at from mirror_tags where repository = ? and tag = ?').get(repository, tag)
      return row && { checkedAt: Number(row.checked_at), usedAt: Number(row.used_at) }
    },
    noteCheck(repository, tag, at) {
      database
        .prepare(
          `insert into mirror_tags (repository, tag, checked_at, used_at) values (?, ?, ?, ?)
           on conflict (repository, tag) do update set checked_at = excluded.checked_at, used_at = excluded.used_at`,
        )
        .run(repository, tag, at, at)
    },
    noteUse(repository, tag, at) {
      database.prepare('update mirror_tags set used_at = ? where repository = ? and tag = ?').run(at, repository, tag)
    },
    expire: (unusedSince) =>
      database.transaction(() => {
        const sql = `delete from tags where exists
          (select 1 from mirror_tags m where m.repository = tags.repository and m.tag = tags.tag and m.used_at < ?)`
        const { changes } = database.prepare(sql).run(unusedSince)
        database.prepare('delete from mirror_tags where used_at < ?').run(unusedSince)
        return changes
      }),
  }
}
