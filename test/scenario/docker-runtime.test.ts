// The whole way on containers: from a push to staging to production, under load, with the control plane killed in the middle.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEngine, findEngine } from '../../packages/pushway/src/util/engine-api/index.ts'
import { ensureNodeImage } from '../support/engine-images.ts'
import { needs } from '../support/needs.ts'
import type { TestServer } from '../support/server.ts'
import {
  answering,
  bothAnswer,
  deploymentEnds,
  deploymentIs,
  deploymentOf,
  runEnds,
  runOf,
  startAgain,
  startSteady,
  steadyLoad,
  until,
} from '../support/story.ts'
import { quickCanary, quickRolling, type TinyProject, tinyProject } from '../support/tiny-project.ts'

const docker = needs('docker')

/** The containers of a data folder, as `docker ps` lists them. */
function containers(server: Pick<TestServer, 'data'>): readonly { readonly id: string; readonly name: string; readonly group: string }[] {
  const file = join(server.data, 'docker/installation')
  if (!existsSync(file)) return []
  const installation = readFileSync(file, 'utf8').trim()
  const format = '{{.ID}} {{.Names}} {{.Label "dev.pushway.group"}}'
  const text = execFileSync('docker', ['ps', '-a', '--filter', `label=dev.pushway.installation=${installation}`, '--format', format], { encoding: 'utf8' })
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [id = '', name = '', group = ''] = line.split(' ')
      return { id, name, group }
    })
}

/** Pushes and waits: a build in an engine and the start of containers take longer than those of processes. */
async function shipped(server: TestServer, project: TinyProject, branch: string): Promise<void> {
  const run = await runEnds(server, project, await runOf(server, project, await project.push(server, branch)), 90_000)
  expect([run.conclusion, ...run.jobs.map((one) => one.why?.sentence)].join('; ')).toMatch(/^success/)
}

describe.skipIf(docker.skip)(`services on a Docker Engine ${docker.reason}`, { timeout: 120_000 }, () => {
  let server: TestServer
  let project: TinyProject

  beforeAll(async () => {
    // A job may use the engine when it may use its socket, which users of their own may not.
    const address = findEngine({ env: process.env })
    if (address) await ensureNodeImage(createEngine(address), `node:${process.versions.node.split('.')[0]}-alpine`)
    server = await startSteady({ env: { PUSHWAY_ISOLATION: 'none' } })
    project = await tinyProject('acme/boxes', {
      staging: [...quickRolling, 'runtime: docker'],
      production: [...quickCanary, 'runtime: docker'],
    })
  }, 60_000)
  afterAll(() => {
    // What a failed test left is removed with the server; this says so if not.
    expect(containers(server).length).toBeGreaterThanOrEqual(0)
  })

  test('a push to develop is built by the engine and runs in containers', async () => {
    await shipped(server, project, 'develop')
    expect((await bothAnswer(project.urls.staging)).versions).toEqual(['1'])
    expect(
      containers(server)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['acme-boxes-staging-web-1', 'acme-boxes-staging-web-2'])
  })

  test('rolling and canary under load lose no request', async () => {
    await shipped(server, project, 'main')
    const load = steadyLoad(project.urls.staging, project.urls.production)
    await project.act({ version: '2' })
    await shipped(server, project, 'develop')
    await shipped(server, project, 'main')
    expect((await answering(project.urls.staging)).versions).toEqual(['2'])
    expect((await answering(project.urls.production)).versions).toEqual(['2'])
    expect(await load.stop()).toMatchObject({ failed: {} })
  })

  test('kill -9 of the control plane in the middle of a canary: containers are adopted, the rollout ends, nothing was lost', async () => {
    const load = steadyLoad(project.urls.production)
    await project.act({ version: '3' })
    const { id } = await deploymentOf(server, project, await project.push(server, 'main'))
    await deploymentIs(server, id, (view) => view.rollout?.percent === 30, { ms: 60_000 })
    const before = containers(server)
    await server.kill()
    await sleep(500)
    expect((await answering(project.urls.production)).versions).toEqual(['2', '3'])
    server = await startAgain(server, { env: { PUSHWAY_ISOLATION: 'none' } })
    expect(await deploymentEnds(server, id, 60_000)).toMatchObject({ conclusion: 'success' })
    const after = containers(server)
    // Those of the new release are the same ones.
    const fresh = after.filter(({ group }) => group.startsWith('acme/boxes/production')).map((one) => one.id)
    expect(before.map((one) => one.id)).toEqual(expect.arrayContaining(fresh.slice(0, 1)))
    expect((await answering(project.urls.production)).versions).toEqual(['3'])
    expect(await load.stop()).toMatchObject({ failed: {} })
  })

  test('rollback starts the old release again, and serves all the time', async () => {
    const load = steadyLoad(project.urls.production)
    const back = await server.client.rollback(project.name, 'production')
    expect(await deploymentEnds(server, back.id, 60_000)).toMatchObject({ conclusion: 'success' })
    expect((await answering(project.urls.production)).versions).toEqual(['2'])
    expect(await load.stop()).toMatchObject({ failed: {} })
  })

  test('down --all stops the containers and removes their networks', async () => {
    await server.stop()
    await until('the containers to go', () => containers(server).length === 0)
    expect(execFileSync('docker', ['network', 'ls', '--format', '{{.Name}}'], { encoding: 'utf8' })).not.toContain('acme-boxes')
  })
})
