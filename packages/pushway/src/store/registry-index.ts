// The RegistryIndex port on SQLite.

import type { Clock } from '../ports/misc.ts'
import type { ManifestRow, RegistryIndex } from '../ports/registry-index.ts'
import type { Database, Row } from './database.ts'

function readManifest(row: Row): ManifestRow {
  return {
    digest: String(row.digest),
    mediaType: String(row.media_type),
    size: Number(row.size),
    ...(row.subject === null ? {} : { subject: String(row.subject) }),
  }
}

/** The registry's index in the tables of migration 2. */
export function openRegistryIndex(database: Database, clock: Clock): RegistryIndex {
  const columns = 'digest, media_type, size, subject'
  return {
    putManifest(repository, manifest, tag) {
      database.transaction(() => {
        const at = clock.now()
        database
          .prepare(
            'insert into manifests (repository, digest, media_type, size, at, subject) values (?, ?, ?, ?, ?, ?) on conflict (repository, digest) do nothing',
          )
          .run(repository, manifest.digest, manifest.mediaType, manifest.size, at, manifest.subject ?? null)
        if (tag === undefined) return
        database
          .prepare(
            'insert into tags (repository, tag, digest, at) values (?, ?, ?, ?) on conflict (repository, tag) do update set digest = excluded.digest, at = excluded.at',
          )
          .run(repository, tag, manifest.digest, at)
      })
    },
    manifest(repository, digest) {
      const row = database.prepare(`select ${columns} from manifests where repository = ? and digest = ?`).get(repository, digest)
      return row && readManifest(row)
    },
    manifests: (repository) => database.prepare(`select ${columns} from manifests where repository = ? order by at, rowid`).all(repository).map(readManifest),
    tag(repository, tag) {
      const row = database.prepare('select digest from tags where repository = ? and tag = ?').get(repository, tag)
      return row && String(row.digest)
    },
    tags: (repository, { after, limit }) =>
      database
        .prepare('select tag from tags where repository = ? and tag > ? order by tag limit ?')
        .all(repository, after ?? '', limit)
        .map((row) => String(row.tag)),
    referrers: (repository, digest) =>
      database.prepare(`select ${columns} from manifests where repository = ? and subject = ? order by at, rowid`).all(repository, digest).map(readManifest),
    addBlob(repository, digest) {
      database.prepare('insert into repository_blobs (repository, digest) values (?, ?) on conflict do nothing').run(repository, digest)
    },
    hasBlob: (repository, digest) =>
      database.prepare('select 1 as there from repository_blobs where repository = ? and digest = ?').get(repository, digest) !== undefined,
    repositories: () =>
      database
        .prepare('select distinct repository from manifests order by repository')
        .all()
        .map((row) => String(row.repository)),
  }
}
