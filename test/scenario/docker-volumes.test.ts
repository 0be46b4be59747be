// What a compose file says besides programs, on containers: a volume and its ordered swap with requests held, files of the repository,
// secrets, networks that separate, a health condition; and what stays when everything is taken down.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEngine, findEngine } from '../../packages/pushway/src/util/engine-api/index.ts'
import { ensureNodeImage } from '../support/engine-images.ts'
import { freePort } from '../support/free-port.ts'
import { needs } from '../support/needs.ts'
import type { TestServer } from '../support/server.ts'
import { deploymentEnds, runEnds, runOf, startSteady, steadyLoad } from '../support/story.ts'
import { type TinyProject, tinyProject } from '../support/tiny-project.ts'

const docker = needs('docker')

const files = (generation: number, storePort: number) => ({
  'docker-compose.yml': `services:
  web:
    build: .
    command: ["node", "web.js"]
    ports: ["8080:3000"]
    volumes: ["./settings.json:/etc/app/settings.json:ro"]
    secrets: [{ source: key, target: /run/secrets/api-key }]
    networks: [front, back]
    depends_on: { store: { condition: service_healthy } }
  store:
    build: .
    command: ["node", "store.js"]
    environment: { GENERATION: "${generation}" }
    ports: ["${storePort}:4000"]
    volumes: ["data:/data"]
    networks: { back: { aliases: [keeper] } }
    healthcheck:
      test: ["CMD", "node", "-e", "fetch('http://127.0.0.1:4000/').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
      interval: 2s
    deploy: { resources: { limits: { memory: 128M } } }
  alone:
    build: .
    command: ["sleep", "3600"]
    networks: [apart]
networks: { front: {}, back: { internal: true }, apart: {} }
volumes: { data: { labels: { keep: "yes" } } }
secrets: { key: { environment: API_KEY } }
`,
  '.env': 'API_KEY=from-the-repository\n',
  'store.js': `const fs = require('node:fs')
fs.appendFileSync('/data/boots', process.env.GENERATION + '\\n')
const boots = fs.readFileSync('/data/boots', 'utf8').trim().split('\\n').join(',')
const server = require('node:http').createServer((req, res) => res.end(JSON.stringify({ version: boots, process: 'store', token: '' }))).listen(4000)
process.on('SIGTERM', () => server.close(() => process.exit(0)))
`,
  'web.js': `const fs = require('node:fs')
const server = require('node:http').createServer(async (req, res) => {
  if (req.url === '/ready') return res.end('ok')
  const store = await fetch('http://keeper:4000/').then((r) => r.json(), (e) => ({ version: String(e.cause?.code) }))
  const settings = fs.readFileSync('/etc/app/settings.json', 'utf8').trim()
  res.end(JSON.stringify({ version: settings, store: store.version, key: fs.readFileSync('/run/secrets/api-key', 'utf8'), process: 'web', token: '' }))
}).listen(3000)
process.on('SIGTERM', () => server.close(() => process.exit(0)))
`,
})

describe.skipIf(docker.skip)(`a stack with state on a Docker Engine ${docker.reason}`, { timeout: 150_000 }, () => {
  let server: TestServer
  let project: TinyProject
  let storePort = 0

  beforeAll(async () => {
    const address = findEngine({ env: process.env })
    if (address) await ensureNodeImage(createEngine(address), `node:${process.versions.node.split('.')[0]}-alpine`)
    server = await startSteady({ env: { PUSHWAY_ISOLATION: 'none' } })
    storePort = await freePort()
    project = await tinyProject('acme/state', {
      staging: ['strategy: { rolling: { ready-within: 60s } }', 'runtime: docker'],
      production: ['runtime: docker'],
    })
    const dockerfile = readFileSync(join(project.dir, 'Dockerfile'), 'utf8')
      .replace('COPY app.js act.json ./', 'COPY web.js store.js ./')
      .replace('EXPOSE 3000\n', '')
    await project.commit({ ...files(1, storePort), 'settings.json': '"first"\n', Dockerfile: dockerfile })
    await shipped()
  }, 150_000)
  afterAll(() => {
    execFileSync('docker', ['volume', 'rm', '-f', 'acme-state-staging_data'], { stdio: 'ignore' })
  })

  async function shipped(): Promise<void> {
    const run = await runEnds(server, project, await runOf(server, project, await project.push(server, 'develop')), 120_000)
    expect([run.conclusion, ...run.jobs.map((one) => one.why?.sentence)].join('; ')).toMatch(/^success/)
  }
  const web = async () => (await (await fetch(project.urls.staging)).json()) as { version: string; store: string; key: string }
  const idOf = (service: string) =>
    execFileSync('docker', ['ps', '-q', '--filter', 'label=dev.pushway.environment=acme/state/staging', '--filter', `label=dev.pushway.service=${service}`], {
      encoding: 'utf8',
    }).trim()

  test('files, secrets, volume and names are there', async () => {
    expect(await web()).toMatchObject({ version: '"first"', store: '1', key: 'from-the-repository' })
    const volume = JSON.parse(execFileSync('docker', ['volume', 'inspect', 'acme-state-staging_data'], { encoding: 'utf8' }))
    expect(volume[0].Labels).toMatchObject({ keep: 'yes', 'com.docker.compose.volume': 'data' })
  })

  test('networks separate: a service that shares none finds nobody', () => {
    const ask = (service: string) => {
      try {
        return execFileSync('docker', ['exec', idOf('alone'), 'getent', 'hosts', service], { encoding: 'utf8' })
      } catch {
        return 'nobody'
      }
    }
    expect([ask('store'), ask('web')]).toEqual(['nobody', 'nobody'])
  })

  test('a changed file of the repository replaces the service that mounts it, and no other', async () => {
    const [store, before] = [idOf('store'), idOf('web')]
    const load = steadyLoad(project.urls.staging)
    await project.commit({ 'settings.json': '"second"\n' })
    await shipped()
    expect(await web()).toMatchObject({ version: '"second"', store: '1' })
    expect(idOf('web')).not.toBe(before)
    expect((await load.stop()).failed).toEqual({})
    expect(idOf('store')).toBe(store)
  })

  test('the service with the volume stops before the next one starts; requests wait and none is lost', async () => {
    const boots = (await web()).store.split(',').length
    const load = steadyLoad(`http://127.0.0.1:${storePort}/`)
    await project.commit(files(2, storePort))
    await shipped()
    const { total, failed } = await load.stop()
    expect(failed).toEqual({})
    expect(total).toBeGreaterThan(100)
    expect((await web()).store.split(',')).toHaveLength(boots + 1)
    expect((await web()).store).toMatch(/,2$/)
  })

  test('a way back does it again the other way round, and the data is still there', async () => {
    const boots = (await web()).store.split(',').length
    const back = await server.client.rollback(project.name, 'staging')
    expect(await deploymentEnds(server, back.id, 90_000)).toMatchObject({ conclusion: 'success' })
    expect((await web()).store.split(',')).toHaveLength(boots + 1)
    expect((await web()).store).toMatch(/,1$/)
  })

  test('taken down, the volume stays and the networks go', async () => {
    await server.stop()
    expect(execFileSync('docker', ['ps', '-aq', '--filter', 'label=dev.pushway.environment=acme/state/staging'], { encoding: 'utf8' })).toBe('')
    expect(execFileSync('docker', ['network', 'ls', '--format', '{{.Name}}'], { encoding: 'utf8' })).not.toContain('acme-state')
    expect(execFileSync('docker', ['volume', 'ls', '--format', '{{.Name}}'], { encoding: 'utf8' })).toContain('acme-state-staging_data')
  })
})
