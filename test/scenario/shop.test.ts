// The whole shop from a push to staging and to an update, on this machine alone: its pipeline unmodified, its databases as programs of the machine.

import { execFileSync, spawn } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { freePorts } from '../support/free-port.ts'
import { needs, needsLinux } from '../support/needs.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { steadyLoad, until } from '../support/story.ts'
import { tempDir } from '../support/temp.ts'

const shop = fileURLToPath(new URL('../../examples/shop', import.meta.url))
const programs = [needs('pg_lsclusters', 'postgresql'), needs('redis-server'), needs('rabbitmqctl', 'rabbitmq-server'), needs('prometheus')]
const missing = [needsLinux(), ...programs].flatMap(({ reason }) => (reason === '' ? [] : [reason]))

function git(dir: string, ...args: string[]): string {
  return execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
    cwd: dir,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** A copy as a repository of its own, on free ports. */
async function checkout(): Promise<{ readonly dir: string; readonly url: string }> {
  const dir = tempDir('shop')
  cpSync(shop, dir, { recursive: true, filter: (path) => !path.includes('node_modules') })
  const [web = 0, page = 0, metrics = 0] = await freePorts(3)
  const file = join(dir, 'pushway.yml')
  writeFileSync(file, readFileSync(file, 'utf8').replace('{ 80: 18080, 15672: 25672, 9090: 19090 }', `{ 80: ${web}, 15672: ${page}, 9090: ${metrics} }`))
  git(dir, 'init', '--quiet', '--initial-branch', 'develop', '.')
  git(dir, 'add', '--all')
  git(dir, 'commit', '--quiet', '--message', 'The shop')
  return { dir, url: `http://127.0.0.1:${web}` }
}

function push(dir: string, { url, token }: TestServer): Promise<number | null> {
  const remote = url.replace('http://', `http://admin:${token}@`)
  const child = spawn('git', ['push', '--quiet', `${remote}/acme/shop.git`, 'develop'], { cwd: dir, stdio: 'ignore' })
  return new Promise((resolve) => child.once('exit', resolve))
}

/** The newest run of the pipeline, once it has ended. */
async function pipelineEnds(server: TestServer, commit: string) {
  return until(
    'the pipeline to end',
    async () => {
      const found = (await server.client.runs('acme/shop')).find((run) => run.sha === commit && run.workflowName === 'CI/CD Pipeline')
      if (!found) return undefined
      const run = await server.client.run('acme/shop', found.number)
      return run.status === 'finished' && run
    },
    400_000,
  )
}

const endToEnd = (dir: string, url: string) =>
  new Promise((resolve) =>
    spawn(process.execPath, ['e2e/check.mjs'], { cwd: dir, env: { ...process.env, TARGET_URL: url }, stdio: 'ignore' }).once('exit', resolve),
  )

test.skipIf(missing.length > 0)(
  `a push brings up the shop with its databases; a push that changes two services rolls both, and no request fails${missing.length > 0 ? ` (${missing.join('; ')})` : ''} (Linux only)`,
  { timeout: 900_000 },
  async () => {
    const server = await startServer()
    const { dir, url } = await checkout()
    expect(await push(dir, server)).toBe(0)
    const first = await pipelineEnds(server, git(dir, 'rev-parse', 'HEAD').trim())
    expect([first.conclusion, ...first.jobs.map(({ key, conclusion }) => `${key} ${conclusion}`)]).toEqual([
      'success',
      'test success',
      'build success',
      'deploy-staging success',
      'deploy-prod skipped',
    ])
    expect(await endToEnd(dir, url)).toBe(0)
    const before = await server.client.environment('acme/shop', 'staging')

    for (const service of ['user-service', 'order-service']) {
      const file = join(dir, service, 'package.json')
      writeFileSync(file, readFileSync(file, 'utf8').replace('"version": "1.0.0"', '"version": "1.1.0"'))
    }
    git(dir, 'commit', '--all', '--quiet', '--message', 'Version 1.1.0 of users and orders')
    const load = steadyLoad(`${url}/api/users`)
    expect(await push(dir, server)).toBe(0)
    const second = await pipelineEnds(server, git(dir, 'rev-parse', 'HEAD').trim())
    const { total, failed, first: how } = await load.stop()
    expect([second.conclusion, failed, how]).toEqual(['success', {}, undefined])
    expect(total).toBeGreaterThan(500)

    const after = await server.client.environment('acme/shop', 'staging')
    const digests = ({ release }: typeof after) => Object.fromEntries((release?.services ?? []).map(({ name, digest }) => [name, digest]))
    const changed = Object.keys(digests(after)).filter((name) => digests(after)[name] !== digests(before)[name])
    expect(changed.toSorted()).toEqual(['order-service', 'user-service'])
    // The data is still there.
    expect(((await (await fetch(`${url}/api/users`)).json()) as { users: unknown[] }).users.length).toBeGreaterThan(0)
    await server.stop()
  },
)
