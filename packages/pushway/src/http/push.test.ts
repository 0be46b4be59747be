import { execFile } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Secret } from '../util/secret.ts'
import { type HttpWorld, startHttpWorld } from './test-support.ts'

const run = promisify(execFile)
let world: HttpWorld
beforeEach(async () => {
  world = await startHttpWorld()
})
afterEach(() => world.close())

async function git(cwd: string, ...args: string[]): Promise<string> {
  const identity = ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.org', '-c', 'init.defaultBranch=main']
  const env = { PATH: process.env.PATH, HOME: world.dir, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' }
  const { stdout, stderr } = await run('git', [...identity, ...args], { cwd, env })
  return stdout + stderr
}

async function workTree(): Promise<string> {
  const tree = join(world.dir, 'tree')
  await mkdir(tree)
  await git(tree, 'init', '-q')
  await writeFile(join(tree, 'a.txt'), 'a')
  await git(tree, 'add', '-A')
  await git(tree, 'commit', '-qm', 'first')
  return tree
}

const remote = (project: string, credential: string) => `${world.url.replace('//', `//${credential}@`)}/${project}.git`

it('a push with a token shows its runs and how they go on', async () => {
  const tree = await workTree()
  const said = await git(tree, 'push', remote('acme/hello', `wim:${world.tokens.write}`), 'main')
  expect(said).toContain(`remote: CI #1  ${world.url}/acme/hello/runs/1`)
  expect(said).toContain('remote:   test: running')
  expect(world.engine.calls[0]).toMatchObject([
    'receivePush',
    { project: 'acme/hello', updates: [{ ref: 'refs/heads/main', before: null }], source: 'git' },
    'wim',
  ])
})

it('a push with -o wait waits for the end of its runs', async () => {
  const tree = await workTree()
  const end = setTimeout(() => {
    const { run: view } = world.engine
    world.engine.run = {
      ...view,
      status: 'finished',
      conclusion: 'failure',
      jobs: view.jobs.map((job) => ({ ...job, phase: 'finished', conclusion: 'failure' })),
    }
    world.engine.emit('run/r1', { type: 'RunFinished', conclusion: 'failure' })
  }, 800)
  const said = await git(tree, 'push', '-o', 'wait', remote('acme/hello', `wim:${world.tokens.write}`), 'main')
  clearTimeout(end)
  expect(said).toContain('remote:   test: failure')
  expect(said).toContain('remote:   CI #1: failure')
})

it('a push with the password creates the project it names', async () => {
  const tree = await workTree()
  await git(tree, 'push', remote('acme/fresh', 'admin:admin-password'), 'main')
  expect(world.engine.calls[0]).toEqual(['createProject', 'acme/fresh', 'admin'])
  expect(world.accounts.roleOf({ name: 'admin', kind: 'user' }, 'acme/fresh')).toBe('admin')
})

it('a push can not make a project whose name differs from another only in capital letters', async () => {
  const tree = await workTree()
  await expect(git(tree, 'push', remote('acme/Hello', 'admin:admin-password'), 'main')).rejects.toThrow('not found')
  expect(world.engine.calls).toEqual([])
})

it('a run clones its own project with its token, and no other', async () => {
  const tree = await workTree()
  await git(tree, 'push', remote('acme/hello', `wim:${world.tokens.write}`), 'main')
  await git(world.dir, 'clone', '-q', remote('acme/hello', `x-access-token:${world.tokens.ownRun}`), 'copy')
  await expect(git(world.dir, 'ls-remote', remote('acme/hello', `x-access-token:${world.tokens.otherRun}`))).rejects.toThrow('not found')
  await expect(git(tree, 'push', remote('acme/hello', `x-access-token:${world.tokens.ownRun}`), 'main:other')).rejects.toThrow('403')
  world.accounts.revokeRunTokens('r1')
  await expect(git(world.dir, 'ls-remote', remote('acme/hello', `x-access-token:${world.tokens.ownRun}`))).rejects.toThrow('Authentication failed')
})

it('a run pushes to its own project when its permissions say so, reads nothing without contents, and the push starts nothing', async () => {
  const tree = await workTree()
  await git(tree, 'push', remote('acme/hello', `wim:${world.tokens.write}`), 'main')
  const tokenOf = (contents: 'none' | 'write') => world.accounts.createRunToken('r9', 'acme/hello', { permissions: { contents, packages: 'none' } }).token
  await git(tree, 'push', remote('acme/hello', `x-access-token:${tokenOf('write')}`), 'main:made')
  expect(world.engine.calls.at(-1)?.slice(0, 2)).toMatchObject(['receivePush', { byRun: true, updates: [{ ref: 'refs/heads/made' }] }])
  await expect(git(tree, 'push', remote('acme/secret', `x-access-token:${tokenOf('write')}`), 'main')).rejects.toThrow('not found')
  await expect(git(tree, 'ls-remote', remote('acme/hello', `x-access-token:${tokenOf('none')}`))).rejects.toThrow('not found')
})

it('a webhook fetches the commit from the configured remote and starts its runs', async () => {
  const tree = await workTree()
  const after = (await git(tree, 'rev-parse', 'HEAD')).trim()
  world.webhooks.setWebhook('acme/hello', { remote: tree, secret: new Secret('s3cret-s3cret') })
  const body = JSON.stringify({ ref: 'refs/heads/main', before: '0'.repeat(40), after, pusher: { name: 'ana' } })
  const signature = `sha256=${createHmac('sha256', 's3cret-s3cret').update(body).digest('hex')}`
  const headers = { 'x-github-event': 'push', 'x-github-delivery': 'd-1', 'x-hub-signature-256': signature }
  for (let i = 0; i < 2; i++) {
    const answer = await fetch(`${world.url}/hooks/github/acme/hello`, { method: 'POST', body, headers })
    expect([answer.status, await answer.json()]).toEqual([200, { ok: true, runs: [{ id: 'r1', number: 1 }], problems: [] }])
  }
  expect(await world.repositories.resolve('acme/hello', 'main')).toBe(after)
  expect(world.engine.calls).toEqual([
    ['receivePush', { project: 'acme/hello', updates: [{ ref: 'refs/heads/main', before: null, after }], source: 'webhook' }, 'ana'],
  ])
})
