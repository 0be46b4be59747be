// The command line against a real server: sign in, import a project, follow it to production, approve, go back, ask why.

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DeploymentSummary, DeploymentView, EnvironmentView, ExplainView, PlanView, RunView, TimelineEntry } from '@pushway/core/views/types.ts'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { runProgram, startServer, type TestServer } from '../support/server.ts'
import { tempDir } from '../support/temp.ts'
import { quickRolling, type TinyProject, tinyProject } from '../support/tiny-project.ts'

// Each command is a process of its own, several in a test: slow machines take their time.
vi.setConfig({ testTimeout: 120_000 })

let server: TestServer
let tiny: TinyProject
const name = 'acme/tiny'

/** A command that must succeed; gives what it printed. */
async function pushway(...args: string[]): Promise<string> {
  const { exit, stdout, stderr } = await server.cli(args, { env: { PUSHWAY_PROJECT: name } })
  if (exit !== 0) throw new Error(`pushway ${args.join(' ')} ended with ${exit}: ${stdout}${stderr}`)
  return stdout
}

async function json<T>(...args: string[]): Promise<T> {
  return JSON.parse(await pushway(...args, '-o', 'json')) as T
}

async function until<T>(read: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 90_000
  for (;;) {
    const value = await read()
    if (fits(value)) return value
    if (Date.now() > deadline) throw new Error(`not in time: ${JSON.stringify(value, null, 1).slice(0, 3000)}`)
    await sleep(300)
  }
}

beforeAll(async () => {
  server = await startServer()
  tiny = await tinyProject(name, { production: [...quickRolling, 'approval: { required: 1, self: true }'] })
})

afterAll(() => server?.stop())

describe('signing in', () => {
  test('a one-time address signs in; the token is kept for this user alone; logout forgets it', async () => {
    const env = { XDG_CONFIG_HOME: tempDir('config') }
    const made = JSON.parse((await server.cli(['user', 'create', 'ana', '-o', 'json'])).stdout) as { signIn: { url: string } }
    const login = await runProgram(['login', made.signIn.url], { env })
    expect(login).toMatchObject({ exit: 0, stdout: '', stderr: `Signed in at ${server.url} as ana.\n` })
    const file = join(env.XDG_CONFIG_HOME, 'pushway', 'credentials.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await runProgram(['whoami'], { env })).toMatchObject({ exit: 0, stdout: `ana at ${server.url}\n` })
    expect(await runProgram(['login', made.signIn.url], { env })).toMatchObject({ exit: 4, stderr: expect.stringContaining('(sign-in-wrong)') })
    expect(readFileSync(file, 'utf8')).toContain(server.url)
    await runProgram(['logout'], { env })
    expect(await runProgram(['whoami', '--server', server.url], { env })).toMatchObject({ exit: 4, stderr: expect.stringContaining('(sign-in-required)') })
  })

  test('a token from standard input is checked before it is kept', async () => {
    const env = { XDG_CONFIG_HOME: tempDir('config') }
    expect(await runProgram(['login', server.url, '--token-stdin'], { env, input: 'wrong\n' })).toMatchObject({ exit: 4 })
    expect(await runProgram(['whoami', '--server', server.url], { env })).toMatchObject({ exit: 4 })
    expect(await runProgram(['login', server.url, '--token-stdin'], { env, input: `${server.token}\n` })).toMatchObject({ exit: 0 })
    expect(JSON.parse((await runProgram(['whoami', '-o', 'json'], { env })).stdout)).toMatchObject({ name: 'admin', admin: true, server: server.url })
  })

  test('without a terminal nothing is asked: it says what to write', async () => {
    const { exit, stderr } = await runProgram(['login', server.url])
    expect(exit).toBe(2)
    expect(stderr).toContain('--password-stdin')
  })

  test('a token that only reads is refused what changes', async () => {
    const token = (await pushway('token', 'create', '--scope', 'read', '--expires', '1d', '--label', 'reader', '-o', 'name')).trim()
    const env = { PUSHWAY_TOKEN: token }
    expect(await server.cli(['get', 'projects', '-o', 'name'], { env })).toMatchObject({ exit: 0 })
    expect(await server.cli(['project', 'create', 'acme/other'], { env })).toMatchObject({ exit: 4, stderr: expect.stringContaining('(not-allowed)') })
    expect(await pushway('token', 'ls')).toContain('reader')
  })
})

describe('a project on its way', () => {
  test('import brings all branches and tags through an ordinary push, and the run starts', { timeout: 120_000 }, async () => {
    await tiny.git('branch', 'side')
    await tiny.git('tag', 'v0')
    const made = await server.cli(['project', 'create', name, '--import', tiny.dir])
    expect(made.stderr).not.toContain(server.token)
    expect(made).toMatchObject({ exit: 0, stdout: expect.stringContaining(name) })
    const refs = await tiny.git('ls-remote', `${server.url.replace('//', `//x:${server.token}@`)}/${name}.git`)
    expect(refs.stdout.match(/refs\/(heads|tags)\/\S+/g)).toEqual(['refs/heads/main', 'refs/heads/side', 'refs/tags/v0'])
    const run = await until(
      () => json<RunView>('get', 'run', '1'),
      ({ jobs }) => jobs.some((job) => job.phase === 'waiting'),
    )
    expect(run).toMatchObject({ project: name, number: 1, ref: 'refs/heads/main' })
    expect(await pushway('get', 'runs')).toMatch(/RUN +STATUS[\s\S]*\n1 +waiting +Ship +main/)
    expect(await pushway('get', 'runs', '-o', 'name')).toBe('run/1\n')
  })

  test('whatever waits says why: in get, describe and explain', async () => {
    const why = 'Waiting for 1 approval'
    for (const args of [
      ['get', 'deployments'],
      ['get', 'envs'],
      ['describe', 'deployment', 'production'],
      ['explain', 'production'],
    ]) {
      expect(await pushway(...args), args.join(' ')).toContain(why)
    }
    expect(await pushway('get', 'runs')).toContain('Waiting for the protection rules of production.')
    expect(await pushway('describe', 'run', '1')).toContain('Waiting for the protection rules of production.')
  })

  test('logs of a job, of a run, and only the newest lines', async () => {
    expect(await pushway('logs', '1/build')).toContain('docker push')
    expect(await pushway('logs', '1')).toContain('docker push')
    expect((await pushway('logs', '1/build', '--tail', '2')).trimEnd().split('\n')).toHaveLength(2)
  })

  test('plan says what a deployment would do', async () => {
    const plan = await json<PlanView>('plan', 'production', '--ref', 'main')
    expect(plan.steps.length).toBeGreaterThan(1)
    expect(await pushway('plan', 'production')).toContain('in these steps:')
  })

  test('approve what was looked at; another digest is refused; then it goes to production', { timeout: 120_000 }, async () => {
    const id = (await json<DeploymentSummary[]>('get', 'deployments'))[0]?.id ?? ''
    const stale = await server.cli(['approve', id, '--digest', `sha256:${'0'.repeat(64)}`])
    expect(stale).toMatchObject({ exit: 3, stderr: expect.stringContaining('(approval-stale)') })
    expect(await server.cli(['reject', id])).toMatchObject({ exit: 2, stderr: expect.stringContaining('Say why') })
    await pushway('approve', id.slice(0, 12), '-m', 'looks good')
    const done = await until(
      () => json<DeploymentView>('get', 'deployment', id),
      ({ status }) => status === 'done',
    )
    expect(done).toMatchObject({ conclusion: 'success', approval: { given: [{ by: 'admin', why: 'looks good' }] } })
    expect(await (await fetch(tiny.urls.production)).json()).toMatchObject({ version: '1' })
    expect(await pushway('describe', 'environment', 'production')).toMatch(/web[\s\S]*2\/2 ready/)
  })

  test('rollback -w shows its progress and ends with 0; --to an unknown release is refused', { timeout: 180_000 }, async () => {
    await tiny.act({ version: '2' })
    await tiny.push(server, 'main')
    await until(
      () => json<EnvironmentView>('get', 'environment', 'production'),
      ({ deployments }) => deployments[0]?.status === 'waiting-for-approval',
    )
    await pushway('approve', 'production', '-m', 'second')
    await until(
      () => json<EnvironmentView>('get', 'environment', 'production'),
      ({ release, active }) => release?.number === 2 && active === undefined,
    )
    expect(await server.cli(['rollback', 'production', '--to', 'v99'], { env: { PUSHWAY_PROJECT: name } })).toMatchObject({
      exit: 5,
      stderr: expect.stringContaining('v99'),
    })
    const shown = await pushway('rollback', 'production', '-w')
    expect(shown).toContain('rollback of v1')
    expect(shown).toContain('success')
    expect(await (await fetch(tiny.urls.production)).json()).toMatchObject({ version: '1' })
    const history = await json<DeploymentSummary[]>('history', 'production')
    expect(history.map(({ kind, conclusion }) => [kind, conclusion])).toEqual([
      ['rollback', 'success'],
      ['deploy', 'success'],
      ['deploy', 'success'],
    ])
    expect(await pushway('get', 'releases')).toMatch(/v2 +- [\s\S]*v1 +production/)
  })

  test('the timeline is one tree: what a push led to stands below it', async () => {
    const entries = await json<TimelineEntry[]>('timeline', '--limit', '200')
    expect(entries.map((entry) => entry.kind)).toEqual(expect.arrayContaining(['push', 'run', 'image', 'approval', 'rollout', 'rollback', 'release']))
    const tree = await pushway('timeline')
    expect(tree).toMatch(/^\d\d:\d\d:\d\d {2}\S/m)
    expect(tree).toMatch(/^\d\d:\d\d:\d\d {5}\S/m)
    const only = await json<TimelineEntry[]>('timeline', '--env', 'production', '--kind', 'approval')
    expect(new Set(only.map(({ kind, environment }) => `${kind} ${environment}`))).toEqual(new Set(['approval production']))
  })

  test('explain gives the reason and the facts, of a run by number and of a deployment by id', async () => {
    const run = await json<ExplainView>('explain', '1')
    expect(run).toMatchObject({ stream: expect.stringMatching(/^run\//), now: { sentence: expect.any(String) } })
    expect(run.facts.length).toBeGreaterThan(3)
  })

  test('rerun, dispatch and cancel say what they did or why not', async () => {
    expect(await server.cli(['cancel', '1', '-p', name])).toMatchObject({ exit: 3, stderr: expect.stringContaining('(run-not-active)') })
    expect(await server.cli(['rerun', '1', '--failed', '--job', 'build', '-p', name])).toMatchObject({ exit: 2 })
    expect(await server.cli(['dispatch', 'none.yml', '-p', name])).toMatchObject({ exit: 5, stderr: expect.stringContaining('(not-found)') })
  })
})

describe('settings', () => {
  const name = 'acme/settings'
  const own = (...args: string[]) => pushway(...args, '-p', name)
  beforeAll(async () => {
    await server.client.createProject(name)
  })

  test('secrets come from standard input and are never shown; variables are', async () => {
    const env = { PUSHWAY_PROJECT: name }
    expect(await server.cli(['secret', 'set', 'TOKEN', '-e', 'production'], { env, input: 'hidden-value\n' })).toMatchObject({ exit: 0, stdout: '' })
    expect(await server.cli(['secret', 'set', 'EMPTY'], { env })).toMatchObject({ exit: 2 })
    expect(await own('secret', 'ls')).toMatch(/TOKEN +production +1/)
    expect(await own('secret', 'ls', '-o', 'json')).not.toContain('hidden-value')
    await own('var', 'set', 'COLOR', 'blue')
    expect(await server.cli(['var', 'set', 'SHAPE'], { env, input: 'round' })).toMatchObject({ exit: 0 })
    expect(await own('var', 'ls')).toMatch(/COLOR +\(all\) +blue\nSHAPE +\(all\) +round/)
  })

  test('members, users and the webhook', async () => {
    await pushway('user', 'create', 'ben')
    await own('member', 'set', 'ben', 'read')
    expect(await own('member', 'ls')).toMatch(/ben +read/)
    expect(await server.cli(['member', 'set', 'ben', 'owner', '-p', name])).toMatchObject({ exit: 2 })
    expect(await pushway('user', 'ls', '-o', 'name')).toContain('user/ben')
    await pushway('user', 'disable', 'ben')
    const hook = await pushway('project', 'webhook', name, '--remote', 'https://github.com/acme/tiny.git')
    expect(hook).toMatch(new RegExp(`Payload URL: +${server.url}/hooks/github/${name}[\\s\\S]*Secret: +\\S{20,}`))
  })
})

describe('the project of a folder', () => {
  test('is the git remote that points to the server', async () => {
    const dir = tempDir('clone')
    await runGitIn(dir, 'init', '-q')
    await runGitIn(dir, 'remote', 'add', 'origin', 'https://github.com/acme/elsewhere.git')
    expect(await server.cli(['get', 'runs'], { cwd: dir })).toMatchObject({ exit: 2, stderr: expect.stringContaining('Which project?') })
    await runGitIn(dir, 'remote', 'add', 'pushway', `${server.url.replace('127.0.0.1', 'localhost')}/${name}.git`)
    expect(await server.cli(['get', 'run', '1', '-o', 'name'], { cwd: dir })).toMatchObject({ exit: 0, stdout: 'run/1\n' })
  })
})

async function runGitIn(dir: string, ...args: string[]): Promise<void> {
  const { runGit } = await import('../support/tiny-project.ts')
  expect((await runGit(dir, args)).exit).toBe(0)
}
