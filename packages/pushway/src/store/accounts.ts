// The Accounts port on SQLite.

import { createHmac, randomBytes } from 'node:crypto'
import { fail } from '@pushway/core/reason/errors.ts'
import type { ProjectName, RunId } from '@pushway/core/text/ids.ts'
import type { Role, UserView } from '@pushway/core/views/types.ts'
import type { Accounts, MemberView } from '../ports/accounts.ts'
import type { Clock } from '../ports/misc.ts'
import type { Principal } from '../ports/principal.ts'
import { checkPassword, hashPassword } from '../util/passwords.ts'
import { createThrottle } from '../util/throttle.ts'
import { createTokens, type TokenRow, type Tokens } from './account-tokens.ts'
import type { Database, Row } from './database.ts'

const HOUR = 3_600_000
const SESSION_MS = 14 * 24 * HOUR
const RUN_MS = 24 * HOUR
/** Git sends the password with every request: a right one is remembered, keyed with a secret of this process, for a minute. */
const REMEMBER_MS = 60_000

interface Store {
  readonly database: Database
  readonly clock: Clock
  readonly tokens: Tokens
}

/** Accounts of an open database. */
export function createAccounts(database: Database, clock: Clock): Accounts {
  const store: Store = { database, clock, tokens: createTokens(database, clock) }
  return { ...userAccounts(store), ...signIns(store), ...issuedTokens(store), ...memberships(store) }
}

function userAccounts({ database, clock, tokens }: Store): Pick<Accounts, 'bootstrap' | 'createUser' | 'users' | 'user' | 'setPassword' | 'disableUser'> {
  const insert = (name: string, admin: boolean, hash: string | null): void => {
    if (!/^[a-z0-9][a-z0-9._-]{0,38}$/i.test(name) || name.endsWith('.')) {
      throw fail('name-invalid', { what: 'user', name, rule: 'Use up to 39 letters, digits, "-", "_" and "."; a letter or digit in front.' })
    }
    if (database.prepare('select 1 from users where lower(name) = lower(?)').get(name)) throw fail('already-exists', { what: 'User', name })
    database.prepare('insert into users (name, password, admin, created_at) values (?, ?, ?, ?)').run(name, hash, admin ? 1 : 0, clock.now())
  }
  return {
    async bootstrap(password) {
      const hash = password ? await hashPassword(password) : null
      return database.transaction(() => {
        if (database.prepare('select 1 from users').get()) return { created: false }
        insert('admin', true, hash)
        return hash ? { created: true } : { created: true, signIn: tokens.issue('link', { user: 'admin', ttlMs: 24 * HOUR }) }
      })
    },
    async createUser(name, { admin = false, password } = {}) {
      insert(name, admin, password ? await hashPassword(password) : null)
      return { name, admin }
    },
    users: () => database.prepare('select name, admin from users where disabled = 0 order by name').all().map(readUser),
    user: (name) => findUser(database, name),
    async setPassword(name, password) {
      const hash = await hashPassword(password)
      if (database.prepare('update users set password = ? where name = ?').run(hash, name).changes === 0) throw fail('not-found', { what: 'user', name })
    },
    disableUser: (name) =>
      database.transaction(() => {
        database.prepare('update users set disabled = 1 where name = ?').run(name)
        tokens.removeOfUser(name)
      }),
  }
}

function signIns({ database, clock, tokens }: Store): Pick<Accounts, 'signInWithPassword' | 'signInWithLink' | 'createSignInLink'> {
  const throttle = createThrottle({ allowed: 5, maxSeconds: 900 })
  const key = randomBytes(32)
  const remembered = new Map<string, number>()
  const checkWait = (who: string): void => {
    const seconds = throttle.waitSeconds(who, clock.now())
    if (seconds > 0) throw fail('too-many-tries', { seconds })
  }
  return {
    createSignInLink: (user, ttlMs = HOUR) => tokens.issue('link', { user: mustFind(database, user).name, ttlMs }),
    async signInWithPassword(name, password, address) {
      const who = `${name} ${address}`
      checkWait(who)
      const hash = database.prepare('select password from users where name = ? and disabled = 0').get(name)?.password
      const known = typeof hash === 'string' ? hash : null
      const memory = createHmac('sha256', key).update(`${name}\0${known}\0${password.reveal()}`).digest('base64')
      const fresh = (remembered.get(memory) ?? 0) > clock.now()
      if (!fresh && !(await checkPassword(password, known))) {
        throttle.failed(who, clock.now())
        throw fail('sign-in-wrong')
      }
      if (remembered.size > 1000) remembered.clear()
      remembered.set(memory, clock.now() + REMEMBER_MS)
      throttle.succeeded(who)
      return userPrincipal(mustFind(database, name))
    },
    signInWithLink(token, address) {
      checkWait(address)
      const row = tokens.consume('link', token)
      const user = row?.user === undefined ? undefined : findUser(database, row.user)
      if (user) return userPrincipal(user)
      throttle.failed(address, clock.now())
      throw fail('sign-in-wrong')
    },
  }
}

function issuedTokens({
  database,
  tokens,
}: Store): Pick<
  Accounts,
  'createSession' | 'session' | 'endSession' | 'createToken' | 'userTokens' | 'revokeToken' | 'token' | 'createRunToken' | 'revokeRunTokens'
> {
  return {
    createSession: (user) => tokens.issue('session', { user: mustFind(database, user).name, ttlMs: SESSION_MS }),
    session(token) {
      const row = tokens.find('session', token)
      const user = row?.user === undefined ? undefined : findUser(database, row.user)
      return user && userPrincipal(user)
    },
    endSession: (token) => tokens.remove(token),
    createToken: (user, request) => tokens.issue('token', { ...request, user: mustFind(database, user).name }),
    userTokens: (user) => tokens.listOfUser(user),
    revokeToken(user, id) {
      if (!tokens.removeById(user, id)) throw fail('not-found', { what: 'token', name: id })
    },
    token(token) {
      const run = tokens.find('run', token)
      if (run?.run && run.project) return runPrincipal(run, run.run, run.project)
      const row = tokens.find('token', token)
      const user = row?.user === undefined ? undefined : findUser(database, row.user)
      if (!row || !user) return undefined
      const admin = user.admin && row.scope === 'write' && row.project === undefined
      return { name: user.name, kind: 'token', scope: row.scope, ...(admin ? { admin } : {}), ...(row.project ? { project: row.project } : {}) }
    },
    createRunToken: (run, project, { ttlMs = RUN_MS, permissions } = {}) =>
      tokens.issue('run', { run, project, ttlMs, scope: 'read', ...(permissions ? { permissions } : {}) }),
    revokeRunTokens: (run) => tokens.removeOfRun(run),
  }
}

function memberships({ database }: Store): Pick<Accounts, 'setMember' | 'members' | 'roleOf' | 'mayCreate'> {
  const userRole = (name: string, project: string): Role | undefined => {
    if (findUser(database, name)?.admin) return 'admin'
    return readRole(database.prepare('select role from members where project = ? and user = ?').get(project, name)?.role)
  }
  return {
    setMember(project, user, role) {
      const { name } = mustFind(database, user)
      if (role === undefined) database.prepare('delete from members where project = ? and user = ?').run(project, name)
      else {
        const sql = 'insert into members (project, user, role) values (?, ?, ?) on conflict (project, user) do update set role = excluded.role'
        database.prepare(sql).run(project, name, role)
      }
    },
    members: (project) =>
      database
        .prepare('select user, role from members where project = ? order by user')
        .all(project)
        .flatMap((row): MemberView[] => {
          const role = readRole(row.role)
          return role ? [{ user: String(row.user), role }] : []
        }),
    roleOf(principal, project) {
      if (principal.project !== undefined && principal.project !== project) return undefined
      if (principal.kind === 'run') return principal.project === project ? 'read' : undefined
      const role = userRole(principal.name, project)
      return role && principal.scope === 'read' ? 'read' : role
    },
    mayCreate: (principal, project) =>
      principal.kind !== 'run' &&
      principal.scope !== 'read' &&
      principal.project === undefined &&
      (principal.admin === true || project.startsWith(`${principal.name}/`)),
  }
}

function findUser(database: Database, name: string): UserView | undefined {
  const row = database.prepare('select name, admin from users where name = ? and disabled = 0').get(name)
  return row && readUser(row)
}

function mustFind(database: Database, name: string): UserView {
  const user = findUser(database, name)
  if (!user) throw fail('not-found', { what: 'user', name })
  return user
}

function runPrincipal({ scope, permissions }: TokenRow, run: RunId, project: ProjectName): Principal {
  return { name: `run ${run}`, kind: 'run', run, project, scope, ...(permissions ? { permissions } : {}) }
}

function userPrincipal(user: UserView): Principal {
  return { name: user.name, kind: 'user', ...(user.admin ? { admin: true } : {}) }
}

function readUser(row: Row): UserView {
  return { name: String(row.name), admin: Number(row.admin) === 1 }
}

function readRole(value: unknown): Role | undefined {
  return value === 'admin' || value === 'write' || value === 'read' ? value : undefined
}
