// The Settings port on SQLite; values of secrets are sealed with the installation's key.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { SettingScope, Settings } from '../ports/settings.ts'
import { writeFileAtomic } from '../util/files.ts'
import { Secret } from '../util/secret.ts'
import type { Database } from './database.ts'

/** AES-256-GCM: 12 bytes of nonce, 16 of tag, then the text. */
function createBox(key: Buffer) {
  return {
    seal(value: Secret): Uint8Array {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      const text = Buffer.concat([cipher.update(value.reveal(), 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), text])
    },
    open(sealed: Uint8Array): Secret {
      const bytes = Buffer.from(sealed)
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
      decipher.setAuthTag(bytes.subarray(12, 28))
      return new Secret(Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8'))
    },
  }
}

/** The installation's key: made at the first start, kept in a file only the server's user can read. */
export function loadKey(file: string): Buffer {
  if (!existsSync(file)) writeFileAtomic(file, randomBytes(32), 0o600)
  return readFileSync(file)
}

/** Settings of an open database, sealed with `key` (32 bytes). */
export function createSettings(database: Database, key: Buffer): Settings {
  const box = createBox(key)
  const env = (scope: SettingScope) => scope.environment ?? ''
  return {
    ...box,
    ...secretSettings(database, box),
    setVariable: (scope, { name, value, by, at }) =>
      void database
        .prepare(
          `insert into variables (project, environment, name, value, set_by, at) values (?, ?, ?, ?, ?, ?)
           on conflict (project, environment, name) do update set value = excluded.value, set_by = excluded.set_by, at = excluded.at`,
        )
        .run(scope.project, env(scope), name, value, by, at),
    variables: (scope) =>
      Object.fromEntries(
        database
          .prepare("select name, value from variables where project = ? and environment in ('', ?) order by environment")
          .all(scope.project, env(scope))
          .map((row) => [String(row.name), String(row.value)]),
      ),
    variableList: (project) =>
      database
        .prepare('select name, environment, value from variables where project = ? order by name, environment')
        .all(project)
        .map((row) => ({ name: String(row.name), value: String(row.value), ...(row.environment ? { environment: String(row.environment) } : {}) })),
  }
}

function secretSettings(database: Database, box: ReturnType<typeof createBox>): Pick<Settings, 'setSecret' | 'secrets' | 'secretAt' | 'secretNames'> {
  const env = (scope: SettingScope) => scope.environment ?? ''
  const sealed = (value: unknown) => (value instanceof Uint8Array ? value : new Uint8Array())
  return {
    setSecret(scope, { name, value, by, at }) {
      return database.transaction(() => {
        const last = database
          .prepare('select max(version) as v from secrets where project = ? and environment = ? and name = ?')
          .get(scope.project, env(scope), name)
        const version = Number(last?.v ?? 0) + 1
        database
          .prepare('insert into secrets (project, environment, name, version, sealed, set_by, at) values (?, ?, ?, ?, ?, ?, ?)')
          .run(scope.project, env(scope), name, version, box.seal(value), by, at)
        return version
      })
    },
    secrets(scope) {
      const rows = database
        .prepare("select name, environment, version, sealed from secrets where project = ? and environment in ('', ?) order by environment, version")
        .all(scope.project, env(scope))
      return Object.fromEntries(rows.map((row) => [String(row.name), { value: box.open(sealed(row.sealed)), version: Number(row.version) }]))
    },
    secretAt(scope, name, version) {
      const row = database
        .prepare("select sealed from secrets where project = ? and environment in ('', ?) and name = ? and version = ? order by environment desc")
        .get(scope.project, env(scope), name, version)
      return row ? box.open(sealed(row.sealed)) : undefined
    },
    secretNames: (project) =>
      database
        .prepare('select name, environment, max(version) as version from secrets where project = ? group by name, environment order by name, environment')
        .all(project)
        .map((row) => ({ name: String(row.name), version: Number(row.version), ...(row.environment ? { environment: String(row.environment) } : {}) })),
  }
}
