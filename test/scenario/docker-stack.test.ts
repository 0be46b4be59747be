// Two services that talk by name, on containers: a rolling update and a canary of the inner one lose no request, an engine that goes away
// in the middle is waited for, a container that dies is noticed.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { createEngine, findEngine } from '../../packages/pushway/src/util/engine-api/index.ts'
import { ensureNodeImage } from '../support/engine-images.ts'
import { type EngineRelay, openEngineRelay } from '../support/engine-relay.ts'
import { needs } from '../support/needs.ts'
import type { TestServer } from '../support/server.ts'
import { deploymentEnds, deploymentIs, deploymentOf, runEnds, runOf, startSteady, steadyLoad, until } from '../support/story.ts'
import { quickCanary, quickRolling, type TinyProject, tinyProject } from '../support/tiny-project.ts'

const docker = needs('docker')
const quiet = { env: { PUSHWAY_ISOLATION: 'none' } }

const compose = `services:
  web:
    build: .
    command: ["node", "web.js"]
    ports: ["8080:3000"]
    depends_on: { api: { condition: service_healthy } }
  api:
    build: .
    command: ["node", "api.js"]
    expose: ["4000"]
    healthcheck:
      test: ["CMD", "node", "-e", "fetch('http://127.0.0.1:4000/').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
      interval: 2s
    deploy: { replicas: 2 }
`

const api = `const { version } = require('./act.json')
const server = require('node:http').createServer((req, res) => res.end(JSON.stringify({ version }))).listen(4000)
process.on('SIGTERM', () => server.close(() => process.exit(0)))
`

const web = `const server = require('node:http').createServer(async (req, res) => {
  if (req.url === '/ready') return res.end('ok')
  try {
    const answer = await fetch('http://api:4000/')
    res.statusCode = answer.status
    res.end(JSON.stringify({ ...(await answer.json()), process: 'web', token: '' }))
  } catch (error) {
    res.statusCode = 502
    res.end(JSON.stringify({ version: String(error.cause?.code ?? error), process: 'web', token: '' }))
  }
}).listen(3000)
process.on('SIGTERM', () => server.close(() => process.exit(0)))
`

async function stack(name: string): Promise<TinyProject> {
  const project = await tinyProject(name, {
    staging: [...quickRolling, 'runtime: docker'],
    production: [...quickCanary, 'runtime: docker'],
  })
  const dockerfile = readFileSync(join(project.dir, 'Dockerfile'), 'utf8')
    .replace('COPY app.js act.json ./', 'COPY web.js api.js act.json ./')
    .replace('EXPOSE 3000\n', '')
  await project.commit({ 'docker-compose.yml': compose, 'web.js': web, 'api.js': api, Dockerfile: dockerfile })
  return project
}

async function shipped(server: TestServer, project: TinyProject, branch: string): Promise<void> {
  const run = await runEnds(server, project, await runOf(server, project, await project.push(server, branch)), 90_000)
  expect([run.conclusion, ...run.jobs.map((one) => one.why?.sentence)].join('; ')).toMatch(/^success/)
}

async function versionsOf(url: string): Promise<readonly string[]> {
  const answers = []
  for (let turn = 0; turn < 12; turn++) answers.push(((await (await fetch(url, { headers: { connection: 'close' } })).json()) as { version: string }).version)
  return [...new Set(answers)].sort()
}

/** Ids of the containers of a service in an environment. */
function containersOf(server: TestServer, environment: string, service: string): readonly string[] {
  const installation = readFileSync(join(server.data, 'docker/installation'), 'utf8').trim()
  const filters = [`installation=${installation}`, `environment=${environment}`, `service=${service}`].flatMap((one) => [
    '--filter',
    `label=dev.pushway.${one}`,
  ])
  return execFileSync('docker', ['ps', '-q', ...filters], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '')
}

describe.skipIf(docker.skip)(`a stack on a Docker Engine ${docker.reason}`, { timeout: 150_000 }, () => {
  let server: TestServer
  let project: TinyProject
  let relay: EngineRelay

  beforeAll(async () => {
    const address = findEngine({ env: process.env })
    if (address?.kind !== 'unix') throw new Error('no socket of an engine')
    await ensureNodeImage(createEngine(address), `node:${process.versions.node.split('.')[0]}-alpine`)
    relay = await openEngineRelay(address.path)
    server = await startSteady({ env: { ...quiet.env, DOCKER_HOST: `unix://${relay.path}` } })
    project = await stack('acme/stack')
    await shipped(server, project, 'develop')
    await shipped(server, project, 'main')
    return () => relay.close()
  }, 150_000)

  test('a service is reached by its name through the proxy, and names are in the hosts file', async () => {
    expect(await versionsOf(project.urls.staging)).toEqual(['1'])
    const hosts = execFileSync('docker', ['exec', containersOf(server, 'acme/stack/staging', 'web')[0] ?? '', 'cat', '/etc/hosts'], { encoding: 'utf8' })
    if (process.getuid?.() === 0) expect(hosts).toMatch(/198\.1[89]\.\d+\.\d+\s+api/)
  })

  test('updating the inner service under load, rolling and canary, loses no request', async () => {
    const load = steadyLoad(project.urls.staging, project.urls.production)
    await project.commit({ 'act.json': JSON.stringify({ version: '2' }) })
    await shipped(server, project, 'develop')
    const { id } = await deploymentOf(server, project, await project.push(server, 'main'))
    await deploymentIs(server, id, (view) => view.rollout?.percent === 30, { ms: 90_000 })
    // A canary of the inner service is met through the outer one.
    if (process.getuid?.() === 0) expect(await versionsOf(project.urls.production)).toEqual(['1', '2'])
    expect(await deploymentEnds(server, id, 90_000)).toMatchObject({ conclusion: 'success' })
    expect(await versionsOf(project.urls.staging)).toEqual(['2'])
    expect(await versionsOf(project.urls.production)).toEqual(['2'])
    expect(await load.stop()).toMatchObject({ failed: {} })
  })

  test('an engine that goes away in the middle of a rollout is waited for, and the rollout goes on', async () => {
    const load = steadyLoad(project.urls.production)
    await project.commit({ 'act.json': JSON.stringify({ version: '3' }) })
    const { id } = await deploymentOf(server, project, await project.push(server, 'main'))
    await deploymentIs(server, id, (view) => view.rollout?.percent === 30, { ms: 90_000 })
    await relay.cut()
    const waiting = await deploymentIs(server, id, (view) => view.why.code === 'waiting-for-engine', { ms: 20_000 })
    expect(waiting.why.sentence).toMatch(/does not answer/)
    await relay.restore()
    expect(await deploymentEnds(server, id, 60_000)).toMatchObject({ conclusion: 'success' })
    expect(await versionsOf(project.urls.production)).toEqual(['3'])
    expect(await load.stop()).toMatchObject({ failed: {} })
  })

  test('a container that somebody removes is made again; requests go to the other one meanwhile', async () => {
    const load = steadyLoad(project.urls.production)
    const [victim = '', other] = containersOf(server, 'acme/stack/production', 'api')
    execFileSync('docker', ['stop', '-t', '5', victim], { stdio: 'ignore' })
    execFileSync('docker', ['rm', '-f', victim], { stdio: 'ignore' })
    await until('another container', () => {
      const now = containersOf(server, 'acme/stack/production', 'api')
      return now.length === 2 && now.includes(other ?? '') && !now.includes(victim)
    })
    expect(await load.stop()).toMatchObject({ failed: {} })
  })
})
