// Tokens of users and runs, one-time links and sessions: rows of one table, found by the sha256 of the token.

import { createHash, randomBytes } from 'node:crypto'
import { apiScopes, type TokenPermissions } from '@pushway/core/run/types.ts'
import type { EpochMs, Milliseconds, ProjectName, RunId } from '@pushway/core/text/ids.ts'
import type { Issued, TokenView } from '../ports/accounts.ts'
import type { Clock } from '../ports/misc.ts'
import type { Database, Row } from './database.ts'

/** Digits of the hash that name a token. */
const ID_LENGTH = 12

export type TokenKind = 'token' | 'run' | 'link' | 'session'

/** The prefix tells people (and secret scanners) what a token is. */
const prefixes: Readonly<Record<TokenKind, string>> = { token: 'pwt_', run: 'pwr_', link: 'pwl_', session: 'pws_' }

export interface TokenRow {
  readonly kind: TokenKind
  readonly user: string | undefined
  readonly project: ProjectName | undefined
  readonly run: RunId | undefined
  readonly scope: 'read' | 'write'
  readonly permissions: TokenPermissions | undefined
  readonly expiresAt: EpochMs | undefined
}

export interface NewToken {
  readonly user?: string
  readonly project?: ProjectName
  readonly run?: RunId
  readonly scope?: 'read' | 'write'
  readonly label?: string
  readonly permissions?: TokenPermissions
  readonly ttlMs?: Milliseconds
}

export interface Tokens {
  issue(kind: TokenKind, token: NewToken): Issued
  /** The row of a token of that kind that has not expired. */
  find(kind: TokenKind, token: string): TokenRow | undefined
  /** As `find`, and the token never works again. */
  consume(kind: TokenKind, token: string): TokenRow | undefined
  remove(token: string): void
  removeOfRun(run: RunId): void
  removeOfUser(user: string): void
  listOfUser(user: string): readonly TokenView[]
  /** False: the user has no token of that id. */
  removeById(user: string, id: string): boolean
}

/** Tokens on an open database. */
export function createTokens(database: Database, clock: Clock): Tokens {
  const find = (kind: TokenKind, token: string): TokenRow | undefined => {
    if (!token.startsWith(prefixes[kind])) return undefined
    const row = database
      .prepare('select * from tokens where hash = ? and kind = ? and (expires_at is null or expires_at > ?)')
      .get(hashToken(token), kind, clock.now())
    return row ? readRow(kind, row) : undefined
  }
  const remove = (token: string): boolean => database.prepare('delete from tokens where hash = ?').run(hashToken(token)).changes > 0
  return {
    issue(kind, { user, project, run, scope, label, permissions, ttlMs }) {
      const now = clock.now()
      const token = prefixes[kind] + randomBytes(32).toString('base64url')
      const expiresAt = ttlMs === undefined ? undefined : now + ttlMs
      database.prepare('delete from tokens where expires_at < ?').run(now)
      database
        .prepare('insert into tokens (hash, kind, user, project, run, scope, label, created_at, expires_at, permissions) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
        .run(
          hashToken(token),
          kind,
          user ?? null,
          project ?? null,
          run ?? null,
          scope ?? 'write',
          label ?? null,
          now,
          expiresAt ?? null,
          permissions ? writePermissions(permissions) : null,
        )
      return expiresAt === undefined ? { token } : { token, expiresAt }
    },
    find,
    consume: (kind, token) =>
      database.transaction(() => {
        const row = find(kind, token)
        return row && remove(token) ? row : undefined
      }),
    remove: (token) => void remove(token),
    removeOfRun: (run) => void database.prepare('delete from tokens where run = ?').run(run),
    listOfUser: (user) =>
      database
        .prepare("select * from tokens where user = ? and kind = 'token' and (expires_at is null or expires_at > ?) order by created_at")
        .all(user, clock.now())
        .map(viewRow),
    removeById: (user, id) =>
      database.prepare("delete from tokens where user = ? and kind = 'token' and substr(hash, 1, ?) = ?").run(user, ID_LENGTH, id).changes > 0,
    removeOfUser: (user) => void database.prepare('delete from tokens where user = ?').run(user),
  }
}

function viewRow(row: Row): TokenView {
  return {
    id: String(row.hash).slice(0, ID_LENGTH),
    label: String(row.label ?? ''),
    scope: row.scope === 'read' ? 'read' : 'write',
    createdAt: Number(row.created_at),
    ...(row.project ? { project: String(row.project) } : {}),
    ...(row.expires_at ? { expiresAt: Number(row.expires_at) } : {}),
  }
}

/** 256 random bits need no slow hash. */
function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

function readRow(kind: TokenKind, row: Row): TokenRow {
  const text = (name: string) => (typeof row[name] === 'string' ? (row[name] as string) : undefined)
  return {
    kind,
    user: text('user'),
    project: text('project'),
    run: text('run'),
    scope: row.scope === 'read' ? 'read' : 'write',
    permissions: readPermissions(text('permissions')),
    expiresAt: row.expires_at === null ? undefined : Number(row.expires_at),
  }
}

/** `CONTENTS PACKAGES`, then `NAME:ACCESS` for what else it may. */
function writePermissions({ contents, packages, ...others }: TokenPermissions): string {
  return [contents, packages, ...Object.entries(others).map(([name, access]) => `${name}:${access}`)].join(' ')
}

function readPermissions(text: string | undefined): TokenPermissions | undefined {
  if (text === undefined) return undefined
  const access = (word: string | undefined) => (word === 'read' || word === 'write' ? word : 'none')
  const [contents, packages, ...others] = text.split(' ')
  const named = new Map(others.map((word) => word.split(':') as [string, string]))
  const api = apiScopes.flatMap((name) => (named.has(name) ? [[name, access(named.get(name))] as const] : []))
  return { contents: access(contents), packages: access(packages), ...Object.fromEntries(api) }
}
