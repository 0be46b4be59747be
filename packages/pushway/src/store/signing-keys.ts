// The SigningKeys port on SQLite; private keys are sealed with the installation's key.

import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { ProjectName } from '@pushway/core/text/ids.ts'
import type { PublicKey, SigningKeys } from '../ports/evidence.ts'
import type { Clock } from '../ports/misc.ts'
import type { Settings } from '../ports/settings.ts'
import { Secret } from '../util/secret.ts'
import type { Database } from './database.ts'

/** The keys in an open database. */
export function createSigningKeys(database: Database, box: Pick<Settings, 'seal' | 'open'>, clock: Clock): SigningKeys {
  const rows = (project: ProjectName) =>
    database.prepare('select id, pem, created_at, sealed from signing_keys where project = ? order by created_at desc, rowid desc').all(project)
  const toPublic = (row: Readonly<Record<string, unknown>>, current: boolean): PublicKey => ({
    id: String(row.id),
    pem: String(row.pem),
    createdAt: Number(row.created_at),
    current,
  })
  const make = (project: ProjectName) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const sealed = box.seal(new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()))
    database
      .prepare('insert into signing_keys (project, id, sealed, pem, created_at) values (?, ?, ?, ?, ?)')
      .run(project, keyId(pem), sealed, pem, clock.now())
  }
  const current = (project: ProjectName) =>
    database.transaction(() => {
      if (rows(project).length === 0) make(project)
      const [row = {}] = rows(project)
      return { ...toPublic(row, true), private: box.open(row.sealed instanceof Uint8Array ? row.sealed : new Uint8Array()) }
    })
  return {
    current,
    all: (project) => rows(project).map((row, index) => toPublic(row, index === 0)),
    rotate(project) {
      return database.transaction(() => {
        make(project)
        const [row = {}] = rows(project)
        return toPublic(row, true)
      })
    },
  }
}

function keyId(pem: string): string {
  return createHash('sha256')
    .update(createPublicKey(pem).export({ type: 'spki', format: 'der' }))
    .digest('hex')
}
