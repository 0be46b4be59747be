// kill -9 of each process of the program in the middle of things: services go on, and the same end is reached.

import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import type { TestServer } from '../support/server.ts'
import {
  agentPid,
  answering,
  ask,
  bothAnswer,
  deploymentEnds,
  deploymentIs,
  deploymentOf,
  isAlive,
  job,
  proxyPid,
  runEnds,
  runOf,
  startAgain,
  startSteady,
  steadyLoad,
  until,
  workerPid,
} from '../support/story.ts'
import { tempDir } from '../support/temp.ts'
import { quickCanary, type TinyProject, tinyProject, workflow } from '../support/tiny-project.ts'

const forgiving = { timeout: 60_000 }

let server: TestServer
let project: TinyProject

beforeAll(async () => {
  server = await startSteady()
  project = await tinyProject('acme/crash', { production: [...quickCanary, 'approval: { required: 1, self: true }'] })
  const push = await project.push(server, 'main')
  const first = await deploymentOf(server, project, push)
  await server.client.approve(first.id, { why: 'the first one' })
  expect(await deploymentEnds(server, first.id)).toMatchObject({ conclusion: 'success' })
})

/** Pushes the present commit to production and approves it; gives the deployment. */
async function release(): Promise<string> {
  const { id } = await deploymentOf(server, project, await project.push(server, 'main'))
  await server.client.approve(id, { why: 'looks good' })
  return id
}

describe('kill -9 of the control plane', forgiving, () => {
  test('while it waits for an approval: it still waits, for the same thing, and goes on when it is given', async () => {
    const load = steadyLoad(project.urls.production)
    await project.act({ version: '2' })
    const before = await deploymentOf(server, project, await project.push(server, 'main'))
    expect(before.status).toBe('waiting-for-approval')
    await server.kill()
    expect(await ask(project.urls.production)).toMatchObject({ status: 200, version: '1' })

    server = await startAgain(server)
    const after = await server.client.deployment(before.id)
    expect(after).toMatchObject({ status: 'waiting-for-approval', approval: { ...before.approval } })
    await server.client.approve(before.id, { why: 'still good' })
    expect(await deploymentEnds(server, before.id)).toMatchObject({ conclusion: 'success' })
    expect((await answering(project.urls.production)).versions).toEqual(['2'])
    expect(await load.stop()).toMatchObject({ failed: {} })
  })

  test('during a canary step: the step goes on and the release takes over', async () => {
    const load = steadyLoad(project.urls.production)
    await project.act({ version: '3' })
    const id = await release()
    await deploymentIs(server, id, (view) => view.rollout?.percent === 30)
    await server.kill()
    await sleep(500)
    expect((await answering(project.urls.production)).versions).toEqual(['2', '3'])

    server = await startAgain(server)
    expect(await deploymentEnds(server, id)).toMatchObject({ conclusion: 'success' })
    expect((await answering(project.urls.production)).versions).toEqual(['3'])
    expect(await load.stop()).toMatchObject({ failed: {} })
    const facts = (await server.client.explain(id)).facts.map((fact) => fact.type)
    for (const once of ['RolloutStarted', 'RolloutCompleted', 'DeploymentClosed', 'ApprovalGiven'])
      expect(facts.filter((type) => type === once)).toHaveLength(1)
  })

  test('during the way back from a bad release: the way back goes on', async () => {
    const load = steadyLoad(project.urls.production)
    await project.act({ version: '4', failEvery: 2 })
    const id = await release()
    await deploymentIs(server, id, (view) => view.status === 'aborting')
    await server.kill()
    await sleep(300)

    server = await startAgain(server)
    expect(await deploymentEnds(server, id)).toMatchObject({ conclusion: 'failure', why: { code: 'rolled-back' } })
    expect((await answering(project.urls.production)).versions).toEqual(['3'])
    // The bad release's own answers; nothing else failed.
    expect(Object.keys((await load.stop()).failed)).toEqual(['500'])
  })

  test('in mid-job: the job goes on, and its log and result are taken up once', async () => {
    const mark = join(sharedDir(), 'mark')
    const slow = `  slow:
    runs-on: ubuntu-latest
    outputs: { said: "\${{ steps.talk.outputs.said }}" }
    steps:
      - id: talk
        run: |
          echo begun >> ${mark}
          for i in $(seq 1 15); do echo "tick $i"; sleep 0.2; done
          echo "said=all of it" >> "$GITHUB_OUTPUT"
          echo ended >> ${mark}
`
    await project.commit({ '.github/workflows/slow.yml': workflow(['slow'], slow) })
    const run = await runOf(server, project, await project.push(server, 'slow'))
    const log = () => server.client.jobLog(project.name, run.number, { job: 'slow' })
    await until('the third line', async () => (await log()).lines.some((line) => line.text === 'tick 3'))
    await server.kill()
    await until('the job to end without its server', () => readFileSync(mark, 'utf8').includes('ended'))

    server = await startAgain(server)
    const ended = await runEnds(server, project, run)
    expect(job(ended, 'slow')).toMatchObject({ conclusion: 'success', attempt: 1, outputs: { said: 'all of it' } })
    expect((await log()).lines.map((line) => line.text).filter((text) => text.startsWith('tick'))).toEqual(
      Array.from({ length: 15 }, (_, i) => `tick ${i + 1}`),
    )
    expect(readFileSync(mark, 'utf8')).toBe('begun\nended\n')
  })
})

describe('kill -9 of the others', forgiving, () => {
  test('the proxy: the server starts it again, and all routes are back', async () => {
    const before = await proxyPid(server.data)
    process.kill(before, 'SIGKILL')
    const after = await until('another proxy', async () => {
      const pid = await proxyPid(server.data)
      return pid !== before && pid
    })
    expect(isAlive(after)).toBe(true)
    await until('production to answer', async () => (await ask(project.urls.production)).status === 200)
    expect((await answering(project.urls.production)).versions).toEqual(['3'])
  })

  test('the agent: the one that follows adopts the instances as they are', async () => {
    const load = steadyLoad(project.urls.production)
    const { processes } = await bothAnswer(project.urls.production)
    const before = await agentPid(server.data)
    process.kill(before, 'SIGKILL')
    await until('another agent', async () => (await agentPid(server.data)) !== before)
    await sleep(2_000)
    expect(await answering(project.urls.production)).toEqual({ processes, versions: ['3'] })
    expect(await load.stop()).toMatchObject({ failed: {} })
  })

  test('a job worker: the job fails as lost, naming its step, and is not repeated by itself', async () => {
    const mark = join(sharedDir(), 'mark')
    const long = `  long:
    runs-on: ubuntu-latest
    steps:
      - run: echo first
      - { name: The long step, run: "echo begun >> ${mark}; sleep 60" }
`
    await project.commit({
      '.github/workflows/slow.yml': undefined,
      '.github/workflows/long.yml': workflow(['long'], long),
    })
    const run = await runOf(server, project, await project.push(server, 'long'))
    await until('the long step', () => readFileSync(mark, 'utf8') !== '')
    const worker = await workerPid(server.data, run.id, 'long')
    process.kill(worker, 'SIGKILL')
    const ended = await runEnds(server, project, run)
    expect(ended.conclusion).toBe('failure')
    expect(job(ended, 'long')).toMatchObject({ conclusion: 'failure', attempt: 1 })
    expect(job(ended, 'long').why).toMatchObject({ code: 'runner-lost', sentence: expect.stringContaining('during step "The long step" without a result') })
    await sleep(1_500)
    expect(readFileSync(mark, 'utf8')).toBe('begun\n')
  })
})

/** A folder that steps may write, whoever they run as. */
function sharedDir(): string {
  const dir = tempDir('shared')
  chmodSync(dir, 0o777)
  return dir
}
