// One SQLite file: opening it, prepared statements, transactions, migrations.

import { createRequire } from 'node:module'
import { fail } from '@pushway/core/reason/errors.ts'
import { migrations } from './migrations/index.ts'

/** What can be bound to or read from a column. */
export type SqlValue = string | number | bigint | Uint8Array | null
/** A row as SQLite gives it; narrow it in a `schema.ts`-like function beside the query. */
export type Row = Readonly<Record<string, SqlValue>>

export interface Statement {
  run(...values: SqlValue[]): { changes: number; lastInsertRowid: number }
  get(...values: SqlValue[]): Row | undefined
  all(...values: SqlValue[]): readonly Row[]
}

export interface Database {
  /** Statements are cached by their text. */
  prepare(sql: string): Statement
  exec(sql: string): void
  /** Runs `work` in an immediate transaction; nested calls join the outer one. An exception undoes everything. */
  transaction<T>(work: () => T): T
  close(): void
}

interface NativeStatement {
  run(...values: SqlValue[]): { changes: number | bigint; lastInsertRowid: number | bigint }
  get(...values: SqlValue[]): unknown
  all(...values: SqlValue[]): unknown[]
}

interface NativeDatabase {
  prepare(sql: string): NativeStatement
  exec(sql: string): void
  close(): void
}

/** `node:sqlite` where Node has it without a flag, else the package with the same interface. */
function loadNative(): new (file: string) => NativeDatabase {
  const load = createRequire(import.meta.url)
  return (load('@photostructure/sqlite') as { DatabaseSync: new (file: string) => NativeDatabase }).DatabaseSync
}

/**
 * Opens (and makes) the database, and brings its schema up to date.
 * Every commit is on disk when it returns (`synchronous=FULL`): approvals and promotions must survive a power cut.
 *
 * @param file path, or `:memory:`
 * @param options `durable: false`: commits need not survive a power cut (tests that play many stories)
 * @throws PushwayError `data-too-new`, `data-not-writable`, `disk-full`
 */
export function openDatabase(file: string, options: { readonly durable?: boolean } = {}): Database {
  const Native = loadNative()
  let native: NativeDatabase
  try {
    native = new Native(file)
    native.exec(
      `pragma journal_mode = wal; pragma synchronous = ${options.durable === false ? 'off' : 'full'}; pragma foreign_keys = on; pragma busy_timeout = 5000`,
    )
  } catch (error) {
    throw storageError(error, file)
  }
  const database = wrap(native, file)
  migrate(database)
  return database
}

function wrap(native: NativeDatabase, file: string): Database {
  const cache = new Map<string, Statement>()
  let depth = 0
  const guarded = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw storageError(error, file)
    }
  }
  return {
    prepare(sql) {
      let statement = cache.get(sql)
      if (!statement) {
        const made = native.prepare(sql)
        statement = {
          run: (...values) =>
            guarded(() => {
              const { changes, lastInsertRowid } = made.run(...values)
              return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) }
            }),
          get: (...values) => guarded(() => made.get(...values) as Row | undefined),
          all: (...values) => guarded(() => made.all(...values) as Row[]),
        }
        cache.set(sql, statement)
      }
      return statement
    },
    exec: (sql) => guarded(() => native.exec(sql)),
    transaction(work) {
      if (depth > 0) return work()
      guarded(() => native.exec('begin immediate'))
      depth = 1
      try {
        const result = work()
        guarded(() => native.exec('commit'))
        return result
      } catch (error) {
        try {
          native.exec('rollback')
        } catch {
          // A failed commit may have rolled back by itself; the first error is the one that matters.
        }
        throw error
      } finally {
        depth = 0
      }
    },
    close: () => native.close(),
  }
}

function migrate(database: Database): void {
  database.exec('create table if not exists schema_version (version integer not null)')
  const found = Number(database.prepare('select max(version) as version from schema_version').get()?.version ?? 0)
  if (found > migrations.length) throw fail('data-too-new', { found, known: migrations.length })
  for (const [index, sql] of migrations.entries()) {
    const version = index + 1
    if (version <= found) continue
    database.transaction(() => {
      database.exec(sql)
      database.prepare('insert into schema_version (version) values (?)').run(version)
    })
  }
}

/** A storage failure in the user's words; anything else stays as it is. */
function storageError(error: unknown, where: string): unknown {
  const text = error instanceof Error ? error.message : String(error)
  if (/disk is full|ENOSPC|database or disk is full/i.test(text)) return fail('disk-full', { where })
  if (/readonly|read-only|unable to open|EACCES|EROFS|EPERM/i.test(text)) return fail('data-not-writable', { dir: where, problem: text })
  return error
}
