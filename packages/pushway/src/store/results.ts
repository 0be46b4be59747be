// The ResultsStore port on SQLite, and small sealed values of the installation.

import type { Digest } from '@pushway/core/text/ids.ts'
import type { ArtifactRow, CacheRow, ResultsStore, SealedValues } from '../ports/results.ts'
import type { Settings } from '../ports/settings.ts'
import type { Database, Row } from './database.ts'

/** Artifacts and caches of an open database. */
export function createResultsStore(database: Database): ResultsStore {
  return { ...artifactRows(database), ...cacheRows(database), ...uploadRows(database) }
}

/** Values sealed with the installation's key, beside the projects' own settings. */
export function createSealedValues(database: Database, box: Pick<Settings, 'seal' | 'open'>): SealedValues {
  return {
    read(name) {
      const value = database.prepare("select value from project_settings where project = '' and key = ?").get(name)?.value
      return value instanceof Uint8Array ? box.open(value) : undefined
    },
    write: (name, value) =>
      void database
        .prepare("insert into project_settings (project, key, value) values ('', ?, ?) on conflict (project, key) do update set value = excluded.value")
        .run(name, box.seal(value)),
  }
}

type ArtifactCalls = 'addArtifact' | 'artifacts' | 'artifact' | 'finishArtifact' | 'removeArtifact' | 'expiredArtifacts'

function artifactRows(database: Database): Pick<ResultsStore, ArtifactCalls> {
  const one = (id: number) => database.prepare('select * from artifacts where id = ?').get(id)
  return {
    addArtifact({ project, run, attempt, job, name, upload, mime, at, expiresAt }) {
      const sql = `insert into artifacts (project, run, attempt, job, name, upload, mime, created_at, expires_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
        on conflict do nothing`
      const { changes, lastInsertRowid } = database.prepare(sql).run(project, run, attempt, job, name, upload, mime, at, expiresAt)
      return changes === 0 ? undefined : readArtifact(one(lastInsertRowid) as Row)
    },
    artifacts: (run) => database.prepare('select * from artifacts where run = ? order by id desc').all(run).map(readArtifact),
    artifact(id) {
      const row = one(id)
      return row && readArtifact(row)
    },
    finishArtifact: (id, { size, digest }) => void database.prepare('update artifacts set ready = 1, size = ?, digest = ? where id = ?').run(size, digest, id),
    removeArtifact: (id) => void database.prepare('delete from artifacts where id = ?').run(id),
    expiredArtifacts: (now) => database.prepare('select * from artifacts where expires_at <= ?').all(now).map(readArtifact),
  }
}

type CacheCalls = 'addCache' | 'caches' | 'finishCache' | 'touchCache' | 'removeCache' | 'cacheProjects'

function cacheRows(database: Database): Pick<ResultsStore, CacheCalls> {
  return {
    addCache({ project, scope, key, version, upload, at }) {
      const sql = `insert into caches (project, scope, key, version, upload, created_at, used_at) values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing`
      const { changes, lastInsertRowid } = database.prepare(sql).run(project, scope, key, version, upload, at, at)
      const row = changes === 0 ? undefined : database.prepare('select * from caches where id = ?').get(lastInsertRowid)
      return row && readCache(row)
    },
    caches: (project) => database.prepare('select * from caches where project = ? order by id').all(project).map(readCache),
    finishCache: (id, { size, at }) =>
      void database.prepare('update caches set ready = 1, size = ?, created_at = ?, used_at = ? where id = ?').run(size, at, at, id),
    touchCache: (id, at) => void database.prepare('update caches set used_at = ? where id = ?').run(at, id),
    removeCache: (id) => void database.prepare('delete from caches where id = ?').run(id),
    cacheProjects: () =>
      database
        .prepare('select distinct project from caches')
        .all()
        .map((row) => String(row.project)),
  }
}

type UploadCalls = 'ownerOf' | 'putBlock' | 'stagedBytes' | 'commitBlocks' | 'content' | 'dropUpload' | 'usesBlob'

function uploadRows(database: Database): Pick<ResultsStore, UploadCalls> {
  const uses = (digest: Digest) => database.prepare('select 1 from upload_blocks where digest = ? limit 1').get(digest) !== undefined
  return {
    ownerOf(upload) {
      const artifact = database.prepare('select * from artifacts where upload = ?').get(upload)
      if (artifact) return readArtifact(artifact)
      const cache = database.prepare('select * from caches where upload = ?').get(upload)
      return cache && readCache(cache)
    },
    putBlock: (upload, block, { digest, size }) =>
      void database
        .prepare(
          `insert into upload_blocks (upload, block, digest, size) values (?, ?, ?, ?)
           on conflict (upload, block) do update set digest = excluded.digest, size = excluded.size`,
        )
        .run(upload, block, digest, size),
    stagedBytes: (upload) => Number(database.prepare('select coalesce(sum(size), 0) as bytes from upload_blocks where upload = ?').get(upload)?.bytes),
    commitBlocks: (upload, blocks) =>
      database.transaction(() => {
        const there = new Set(
          database
            .prepare('select block from upload_blocks where upload = ?')
            .all(upload)
            .map((row) => String(row.block)),
        )
        const missing = blocks.filter((block) => !there.has(block))
        if (missing.length > 0) return missing
        database.prepare('update upload_blocks set position = null where upload = ?').run(upload)
        const place = database.prepare('update upload_blocks set position = ? where upload = ? and block = ?')
        for (const [position, block] of blocks.entries()) place.run(position, upload, block)
        database.prepare('delete from upload_blocks where upload = ? and position is null').run(upload)
        return []
      }),
    content: (upload) =>
      database
        .prepare('select digest, size from upload_blocks where upload = ? and position is not null order by position')
        .all(upload)
        .map((row) => ({ digest: String(row.digest), size: Number(row.size) })),
    dropUpload: (upload) =>
      database.transaction(() => {
        const digests = database
          .prepare('select distinct digest from upload_blocks where upload = ?')
          .all(upload)
          .map((row) => String(row.digest))
        database.prepare('delete from upload_blocks where upload = ?').run(upload)
        return digests.filter((digest) => !uses(digest))
      }),
    usesBlob: uses,
  }
}

function readArtifact(row: Row): ArtifactRow {
  return {
    id: Number(row.id),
    project: String(row.project),
    run: String(row.run),
    attempt: Number(row.attempt),
    job: String(row.job),
    name: String(row.name),
    upload: String(row.upload),
    mime: String(row.mime),
    ready: Number(row.ready) === 1,
    size: Number(row.size),
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
    ...(row.digest === null ? {} : { digest: String(row.digest) }),
  }
}

function readCache(row: Row): CacheRow {
  return {
    id: Number(row.id),
    project: String(row.project),
    scope: String(row.scope),
    key: String(row.key),
    version: String(row.version),
    upload: String(row.upload),
    ready: Number(row.ready) === 1,
    size: Number(row.size),
    createdAt: Number(row.created_at),
    usedAt: Number(row.used_at),
  }
}
