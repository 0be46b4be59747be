// What groups were asked for: one file a group, for this user only. What runs is the engine's to say; this says what should.

import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GroupId } from '@pushway/core/text/ids.ts'
import type { GroupSpec } from '../../../ports/runtime.ts'
import { writeFileAtomic } from '../../../util/files.ts'

export interface GroupRecord {
  readonly version: 1
  readonly spec: GroupSpec
  readonly wanted: number
  readonly removing: boolean
  /** Containers that were asked to stop, to be removed. */
  readonly leaving: readonly string[]
}

export interface GroupStore {
  /** Names this data folder on the engine. */
  readonly installation: string
  read(id: GroupId): GroupRecord | undefined
  all(): readonly GroupRecord[]
  write(record: GroupRecord): void
  forget(id: GroupId): void
  /** A place for the group's own files. */
  filesDir(id: GroupId): string
}

/** The records in `dir`, which is made when it is missing. */
export function openGroupStore(dir: string): GroupStore {
  const groups = join(dir, 'groups')
  mkdirSync(groups, { recursive: true, mode: 0o700 })
  const fileOf = (id: GroupId) => join(groups, `${nameOf(id)}.json`)
  const read = (file: string): GroupRecord | undefined => {
    if (!existsSync(file)) return undefined
    const record = JSON.parse(readFileSync(file, 'utf8')) as GroupRecord
    return record.version === 1 ? record : undefined
  }
  return {
    installation: readInstallation(dir),
    read: (id) => read(fileOf(id)),
    all: () =>
      readdirSync(groups)
        .filter((name) => name.endsWith('.json'))
        .flatMap((name) => read(join(groups, name)) ?? []),
    write: (record) => writeFileAtomic(fileOf(record.spec.id), JSON.stringify(record)),
    forget(id) {
      rmSync(fileOf(id), { force: true })
      rmSync(join(dir, 'files', nameOf(id)), { recursive: true, force: true })
    },
    filesDir: (id) => join(dir, 'files', nameOf(id)),
  }
}

function nameOf(id: GroupId): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 32)
}

function readInstallation(dir: string): string {
  const file = join(dir, 'installation')
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(8).toString('hex')}\n`, { mode: 0o600 })
  return readFileSync(file, 'utf8').trim()
}
