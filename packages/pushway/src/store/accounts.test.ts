import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Accounts } from '../ports/accounts.ts'
import { Secret } from '../util/secret.ts'
import { createAccounts } from './accounts.ts'
import { type Database, openDatabase } from './database.ts'

let database: Database
let accounts: Accounts
let now: number

beforeEach(() => {
  now = 1_000_000
  database = openDatabase(':memory:')
  accounts = createAccounts(database, { now: () => now })
})
afterEach(() => database.close())

describe('the first start', () => {
  it('makes one administrator with a sign-in token that works once', async () => {
    const { created, signIn } = await accounts.bootstrap(undefined)
    expect(created).toBe(true)
    expect(accounts.signInWithLink(signIn?.token ?? '', 'a')).toEqual({ name: 'admin', kind: 'user', admin: true })
    expect(() => accounts.signInWithLink(signIn?.token ?? '', 'a')).toThrow(expect.objectContaining({ code: 'sign-in-wrong' }))
    expect(await accounts.bootstrap(undefined)).toEqual({ created: false })
  })

  it('takes a password instead', async () => {
    expect(await accounts.bootstrap(new Secret('pw'))).toEqual({ created: true })
    expect(await accounts.signInWithPassword('admin', new Secret('pw'), 'a')).toMatchObject({ admin: true })
  })
})

describe('signing in', () => {
  it('refuses a wrong password and an unknown user alike, and makes the caller wait after five', async () => {
    await accounts.createUser('ana', { password: new Secret('right') })
    const attempt = (name: string, password: string, address = 'a') => accounts.signInWithPassword(name, new Secret(password), address)
    await expect(attempt('nobody', 'x')).rejects.toMatchObject({ code: 'sign-in-wrong' })
    for (let i = 0; i < 5; i++) await expect(attempt('ana', 'wrong')).rejects.toMatchObject({ code: 'sign-in-wrong' })
    await expect(attempt('ana', 'right')).rejects.toMatchObject({ code: 'too-many-tries' })
    expect(await attempt('ana', 'right', 'elsewhere')).toMatchObject({ name: 'ana' })
    now += 2000
    expect(await attempt('ana', 'right')).toMatchObject({ name: 'ana' })
  })

  it('forgets a remembered password when it changes', async () => {
    await accounts.createUser('ana', { password: new Secret('one') })
    await accounts.signInWithPassword('ana', new Secret('one'), 'a')
    await accounts.setPassword('ana', new Secret('two'))
    await expect(accounts.signInWithPassword('ana', new Secret('one'), 'a')).rejects.toMatchObject({ code: 'sign-in-wrong' })
  })

  it('ends links and sessions at their time, and all of a user who is disabled', async () => {
    await accounts.createUser('ana')
    const link = accounts.createSignInLink('ana', 1000)
    const session = accounts.createSession('ana')
    const token = accounts.createToken('ana', { label: 'laptop', scope: 'write' })
    now += 1001
    expect(() => accounts.signInWithLink(link.token, 'a')).toThrow(expect.objectContaining({ code: 'sign-in-wrong' }))
    expect(accounts.session(session.token)).toMatchObject({ name: 'ana' })
    accounts.disableUser('ana')
    expect([accounts.session(session.token), accounts.token(token.token)]).toEqual([undefined, undefined])
  })

  it('keeps no token or password in clear', async () => {
    await accounts.createUser('ana', { password: new Secret('correct horse') })
    const { token } = accounts.createToken('ana', { label: 'x', scope: 'read' })
    const dump = JSON.stringify([database.prepare('select * from users').all(), database.prepare('select * from tokens').all()])
    expect(dump).not.toContain('correct horse')
    expect(dump).not.toContain(token)
  })
})

describe('users', () => {
  it.each(['', '-x', 'a b', 'a/b', '.a', 'a'.repeat(40)])('refuses the name "%s"', async (name) => {
    await expect(accounts.createUser(name)).rejects.toMatchObject({ code: 'name-invalid' })
  })

  it('has each name once, whatever its case', async () => {
    await accounts.createUser('ana')
    await expect(accounts.createUser('Ana')).rejects.toMatchObject({ code: 'already-exists' })
  })
})

describe('rights', () => {
  beforeEach(async () => {
    await accounts.bootstrap(new Secret('pw'))
    await accounts.createUser('wim')
    accounts.setMember('acme/hello', 'wim', 'write')
  })

  it('come from membership, a token never has more than its user', () => {
    const wim = { name: 'wim', kind: 'user' } as const
    expect([accounts.roleOf(wim, 'acme/hello'), accounts.roleOf(wim, 'acme/other')]).toEqual(['write', undefined])
    const reads = accounts.token(accounts.createToken('wim', { label: 'r', scope: 'read' }).token)
    const bound = accounts.token(accounts.createToken('admin', { label: 'b', scope: 'write', project: 'acme/hello' }).token)
    expect(reads && accounts.roleOf(reads, 'acme/hello')).toBe('read')
    expect(bound && [accounts.roleOf(bound, 'acme/hello'), accounts.roleOf(bound, 'acme/other'), bound.admin]).toEqual(['admin', undefined, undefined])
  })

  it('of a run end at its project and with the run', () => {
    const { token } = accounts.createRunToken('r1', 'acme/hello')
    const run = accounts.token(token)
    expect(run).toMatchObject({ kind: 'run', run: 'r1', project: 'acme/hello' })
    expect(run && [accounts.roleOf(run, 'acme/hello'), accounts.roleOf(run, 'acme/other')]).toEqual(['read', undefined])
    accounts.revokeRunTokens('r1')
    expect(accounts.token(token)).toBeUndefined()
  })

  it('to make projects: administrators anywhere, users below their own name, runs nowhere', () => {
    const admin = { name: 'admin', kind: 'user', admin: true } as const
    const wim = { name: 'wim', kind: 'user' } as const
    const run = { name: 'run r', kind: 'run', project: 'run r/x' } as const
    expect([accounts.mayCreate(admin, 'a/b'), accounts.mayCreate(wim, 'wim/x'), accounts.mayCreate(wim, 'a/b'), accounts.mayCreate(run, 'run r/x')]).toEqual([
      true,
      true,
      false,
      false,
    ])
  })
})
