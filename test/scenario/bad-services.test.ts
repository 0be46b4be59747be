// Services that are not what they should be: the deployment fails with the sentence that says why, and the release before keeps serving.

import { createServer } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { answering, bothAnswer, job, type SteadyLoad, ship, shipped, steadyLoad } from '../support/story.ts'
import { type Act, settingsFile, type TinyProject, tinyProject } from '../support/tiny-project.ts'

const forgiving = { timeout: 60_000 }
const impatient = ['strategy: { rolling: { max-surge: 2, ready-within: 3s } }']

let server: TestServer
let project: TinyProject
let load: SteadyLoad

beforeAll(async () => {
  server = await startServer()
  project = await tinyProject('acme/services', { production: impatient })
  await shipped(server, project, 'main')
})

beforeEach(() => {
  load = steadyLoad(project.urls.production)
  return async () => void (await load.stop())
})

/** Ships what must not become production; gives why it did not. */
async function refused(act: Act): Promise<string> {
  await project.act(act)
  const run = await ship(server, project, 'main')
  expect(run.conclusion).toBe('failure')
  const deployment = await server.client.deployment(job(run, 'to-production').deployment as string)
  expect(deployment).toMatchObject({ conclusion: 'failure', why: { code: 'rolled-back' } })
  expect((await answering(project.urls.production)).versions).toEqual(['1'])
  expect(await load.stop()).toMatchObject({ failed: {} })
  return deployment.why.sentence
}

describe('a service that', forgiving, () => {
  test('exits at once', async () => {
    expect(await refused({ version: '2', exits: true })).toMatch(/web (stopped by itself \d+ times|was not ready within 3 seconds): .*(exit|code) .*3.*/)
  })

  test('never gets ready', async () => {
    expect(await refused({ version: '3', neverReady: true })).toMatch(/^Rolled back by itself\. web was not ready within 3 seconds: .*503.*\.$/)
  })

  test('listens on another port than it says', async () => {
    const port = await freePort()
    expect(await refused({ version: '4', listen: port })).toMatch(new RegExp(`web was not ready within 3 seconds: .*(3000|${port}).*`))
  })

  test('ignores SIGTERM: it is ended after its time to stop, without a failed request', async () => {
    await project.act({ version: '5', ignoresTerm: true })
    await shipped(server, project, 'main')
    await project.act({ version: '6' })
    await shipped(server, project, 'main')
    expect((await bothAnswer(project.urls.production)).versions).toEqual(['6'])
    expect(await load.stop()).toMatchObject({ failed: {} })
  })
})

describe('a published port that another program has', forgiving, () => {
  const other = createServer((_, res) => res.end('other'))
  afterAll(() => new Promise((resolve) => other.close(resolve)))

  test('fails the deployment with the port and who has it', async () => {
    const port = await freePort()
    await new Promise<void>((resolve) => other.listen(port, '0.0.0.0', resolve))
    await project.commit({ 'pushway.yml': settingsFile({ ...project.ports, staging: port }) })
    const run = await ship(server, project, 'develop')
    const deployment = await server.client.deployment(job(run, 'to-staging').deployment as string)
    expect(deployment.conclusion).toBe('failure')
    expect(deployment.why.sentence).toMatch(new RegExp(`Port ${port} is already used`))
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('other')
  })
})
