// Everything is gone at once, as after a power cut: the same start brings all of it back.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { processStartTime } from '../../packages/pushway/src/util/process-identity.ts'
import type { TestServer } from '../support/server.ts'
import { agentPid, answering, ask, bothAnswer, isAlive, job, proxyPid, runEnds, shipped, startAgain, startSteady, until } from '../support/story.ts'
import { runGit, type TinyProject, tinyProject } from '../support/tiny-project.ts'

const forgiving = { timeout: 60_000 }

let server: TestServer
let project: TinyProject

beforeAll(async () => {
  server = await startSteady()
  project = await tinyProject('acme/reboot')
  await shipped(server, project, 'develop')
  await shipped(server, project, 'main')
})

afterAll(() => server.stop())

test('after a power cut the services are started again from what is wanted, without a new deployment', forgiving, async () => {
  const before = await answering(project.urls.production)
  const history = await server.client.history(project.name, 'production')
  const instances = instancePids(server.data)
  expect(instances).toHaveLength(4)
  const helpers = [await agentPid(server.data), await proxyPid(server.data)]
  await server.kill()
  for (const pid of [...helpers, ...instances]) process.kill(pid, 'SIGKILL')
  await until('all of it to be gone', () => [...helpers, ...instances].every((pid) => !isAlive(pid)))
  await expect(ask(project.urls.production)).rejects.toThrow()

  server = await startAgain(server)
  await until('production to answer', async () => (await ask(project.urls.production)).status === 200)
  const after = await bothAnswer(project.urls.production)
  expect(after.versions).toEqual(['1'])
  expect(after.processes.some((one) => before.processes.includes(one))).toBe(false)
  await until('staging to answer', async () => (await ask(project.urls.staging)).status === 200)
  expect(await server.client.history(project.name, 'production')).toEqual(history)
})

test('a push that the server died on is taken up at the next start, once', forgiving, async () => {
  const commit = await project.act({ version: '2' })
  await server.kill()
  // What a push that was cut off leaves behind: git has the commit and the ref, nobody else knows of it.
  const bare = join(server.data, 'git', `${project.name}.git`)
  expect(await project.git('push', '-q', bare, 'HEAD:refs/heads/main')).toMatchObject({ exit: 0 })
  expect((await runGit(bare, ['rev-parse', 'refs/heads/main'])).stdout.trim()).toBe(commit)

  server = await startAgain(server)
  const runsOf = async () => (await server.client.runs(project.name)).filter((run) => run.sha === commit && run.workflowName === 'Ship')
  const [run] = await until('its run', async () => {
    const runs = await runsOf()
    return runs.length > 0 && runs
  })
  // Production judges its canary by requests.
  const ended = until('the run to end', async () => {
    await answering(project.urls.production)
    return run && (await server.client.run(project.name, run.number)).status === 'finished'
  })
  await ended
  expect(job(await runEnds(server, project, run as NonNullable<typeof run>), 'to-production')).toMatchObject({ conclusion: 'success' })
  expect((await answering(project.urls.production)).versions).toEqual(['2'])

  await server.kill()
  server = await startAgain(server)
  await answering(project.urls.production)
  expect(await runsOf()).toHaveLength(1)
})

/** The pids of all instances, from the agent's own record of what runs. */
function instancePids(data: string): readonly number[] {
  const { groups } = JSON.parse(readFileSync(join(data, 'agent', 'desired.json'), 'utf8')) as {
    groups: { instances: { process?: { pid: number } }[] }[]
  }
  return groups
    .flatMap((group) => group.instances.flatMap((one) => (one.process ? [one.process.pid] : [])))
    .filter((pid) => processStartTime(pid) !== undefined)
}
