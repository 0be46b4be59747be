// The RegistryIndex port on SQLite.

import type { ManifestParts } from '@pushway/core/images/types.ts'
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

/** A blob that was seen this short a time ago is young anyway. */
const touchMs = 60_000

const columns = 'digest, media_type, size, subject'

/** The registry's index in the tables of migrations 2 and 4. */
export function openRegistryIndex(database: Database, clock: Clock): RegistryIndex {
  return { ...manifestIndex(database, clock), ...blobIndex(database, clock), ...wholeIndex(database) }
}

type ManifestIndex = Pick<
  RegistryIndex,
  'putManifest' | 'manifest' | 'hasRepository' | 'manifests' | 'tag' | 'tags' | 'referrers' | 'touchManifest' | 'removeTag' | 'removeManifest' | 'repositories'
>

function manifestIndex(database: Database, clock: Clock): ManifestIndex {
  return {
    putManifest(repository, manifest, tag) {
      database.transaction(() => {
        const at = clock.now()
        database
          .prepare(
            `insert into manifests (repository, digest, media_type, size, at, seen_at, subject) values (?, ?, ?, ?, ?, ?, ?)
             on conflict (repository, digest) do update set seen_at = excluded.seen_at`,
          )
          .run(repository, manifest.digest, manifest.mediaType, manifest.size, at, at, manifest.subject ?? null)
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
    hasRepository: (repository) => database.prepare('select 1 as there from manifests where repository = ? limit 1').get(repository) !== undefined,
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
    touchManifest(repository, digest) {
      database.prepare('update manifests set seen_at = ? where repository = ? and digest = ?').run(clock.now(), repository, digest)
    },
    removeTag: (repository, tag) => database.prepare('delete from tags where repository = ? and tag = ?').run(repository, tag).changes > 0,
    removeManifest: (repository, digest, options) =>
      database.transaction(() => {
        if (options) {
          const sql = `delete from manifests where repository = ?1 and digest = ?2 and seen_at <= ?3
             and not exists (select 1 from tags where repository = ?1 and digest = ?2)`
          return database.prepare(sql).run(repository, digest, options.unseenSince).changes > 0
        }
        database.prepare('delete from tags where repository = ? and digest = ?').run(repository, digest)
        return database.prepare('delete from manifests where repository = ? and digest = ?').run(repository, digest).changes > 0
      }),
    repositories: (page) =>
      database
        .prepare('select distinct repository from manifests where repository > ? order by repository limit ?')
        .all(page?.after ?? '', page?.limit ?? -1)
        .map((row) => String(row.repository)),
  }
}

type BlobIndex = Pick<RegistryIndex, 'addBlob' | 'hasBlob' | 'touchBlob' | 'removeBlob' | 'blobSeenSince'>

function blobIndex(database: Database, clock: Clock): BlobIndex {
  return {
    addBlob(repository, digest) {
      database
        .prepare('insert into repository_blobs (repository, digest, seen_at) values (?, ?, ?) on conflict do update set seen_at = excluded.seen_at')
        .run(repository, digest, clock.now())
    },
    hasBlob: (repository, digest) =>
      database.prepare('select 1 as there from repository_blobs where repository = ? and digest = ?').get(repository, digest) !== undefined,
    touchBlob(repository, digest) {
      // A client that asks for many things many times: one write in a while is enough.
      const now = clock.now()
      database
        .prepare('update repository_blobs set seen_at = ? where repository = ? and digest = ? and seen_at < ?')
        .run(now, repository, digest, now - touchMs)
    },
    removeBlob: (repository, digest, options) =>
      database
        .prepare('delete from repository_blobs where repository = ? and digest = ? and seen_at <= ?')
        .run(repository, digest, options?.unseenSince ?? Number.MAX_SAFE_INTEGER).changes > 0,
    blobSeenSince: (digest, at) => database.prepare('select 1 as there from repository_blobs where digest = ? and seen_at > ?').get(digest, at) !== undefined,
  }
}

type WholeIndex = Pick<RegistryIndex, 'parts' | 'setParts' | 'allManifests' | 'allTags' | 'allBlobLinks'>

/** What looks at everything at once: lists and garbage collection. */
function wholeIndex(database: Database): WholeIndex {
  return {
    parts(digest) {
      const row = database.prepare('select parts from manifest_parts where digest = ?').get(digest)
      // We wrote it ourselves.
      return row && (JSON.parse(String(row.parts)) as ManifestParts)
    },
    setParts(digest, parts) {
      database.prepare('insert into manifest_parts (digest, parts) values (?, ?) on conflict do nothing').run(digest, JSON.stringify(parts))
    },
    allManifests: () =>
      database
        .prepare(`select repository, seen_at, ${columns} from manifests order by repository, at, rowid`)
        .all()
        .map((row) => ({ ...readManifest(row), repository: String(row.repository), seenAt: Number(row.seen_at) })),
    allTags: () =>
      database
        .prepare('select repository, tag, digest from tags order by repository, tag')
        .all()
        .map((row) => ({ repository: String(row.repository), tag: String(row.tag), digest: String(row.digest) })),
    allBlobLinks: () =>
      database
        .prepare('select repository, digest, seen_at from repository_blobs')
        .all()
        .map((row) => ({ repository: String(row.repository), digest: String(row.digest), seenAt: Number(row.seen_at) })),
  }
}
