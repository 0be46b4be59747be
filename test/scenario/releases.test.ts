// What a release is and where it may go: secrets by version, proof in staging, promotion, branch rules, environments that deploy nothing.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'
import { answering, ask, deploymentEnds, deploymentIs, deploymentOf, filesBelow, job, refusal, runEnds, ship, shipped, until } from '../support/story.ts'
import { buildJob, deployJob, quickRolling, type TinyProject, tinyProject, workflow } from '../support/tiny-project.ts'

const forgiving = { timeout: 60_000 }

let server: TestServer
let project: TinyProject

beforeAll(async () => {
  server = await startServer()
  project = await tinyProject('acme/releases', { production: [...quickRolling, 'promote: { from: staging }'] })
  await server.client.createProject(project.name)
})

test('what staging has not proven waits in front of production, and goes on when staging has', forgiving, async () => {
  const push = await project.push(server, 'main')
  const { id } = await deploymentOf(server, project, push)
  const waiting = await deploymentIs(server, id, (view) => view.why.code === 'not-proven-in-staging', { what: 'to wait' })
  expect(waiting.why.sentence).toMatch(/^acme\/releases@sha256:\w+ was never verified in staging\.$/)
  await shipped(server, project, 'develop')
  expect(await deploymentEnds(server, id)).toMatchObject({ conclusion: 'success' })
  expect(await ask(project.urls.production)).toMatchObject({ version: '1' })
})

test('promote takes what runs in staging to production: the same digest, nothing rebuilt', forgiving, async () => {
  await project.act({ version: '2' })
  await shipped(server, project, 'develop')
  const images = await server.client.images(project.name)
  const { id } = await server.client.promote(project.name, 'staging', 'production')
  const ended = await deploymentEnds(server, id)
  expect(ended).toMatchObject({ kind: 'promote', conclusion: 'success' })
  const { release } = await server.client.environment(project.name, 'staging')
  expect(ended.release?.services.map((service) => service.digest)).toEqual(release?.services.map((service) => service.digest))
  expect(await server.client.images(project.name)).toEqual(images)
  expect(await ask(project.urls.production)).toMatchObject({ version: '2' })
  expect(await refusal(server.client.promote(project.name, 'nowhere', 'production'))).toMatchObject({ code: 'not-found' })
  expect(await refusal(server.client.promote(project.name, 'staging', 'nowhere'))).toMatchObject({ code: 'not-found' })
})

test('a secret is pinned by version; a new version rolls with the next deployment; its value is nowhere to be seen', forgiving, async () => {
  const seen = (value: string) => createHash('sha256').update(value).digest('hex').slice(0, 8)
  const [first, second] = ['first-secret-4711', 'second-secret-4712']
  await server.client.setSecret(project.name, 'TOKEN', { value: first, environment: 'staging' })
  await project.commit({ 'CHANGES.md': 'one' })
  const run = await shipped(server, project, 'develop')
  expect(await ask(project.urls.staging)).toMatchObject({ token: seen(first) })
  const before = await answering(project.urls.staging)

  await server.client.setSecret(project.name, 'TOKEN', { value: second, environment: 'staging' })
  expect(await answering(project.urls.staging)).toEqual(before)
  await server.client.rerun(project.name, run.number, { which: 'all' })
  await until('the run to begin again', async () => (await server.client.run(project.name, run.number)).status !== 'finished')
  const again = await runEnds(server, project, run)
  expect(again.conclusion).toBe('success')
  expect(await ask(project.urls.staging)).toMatchObject({ token: seen(second) })
  const deployment = await server.client.deployment(job(again, 'to-staging').deployment as string)
  expect(JSON.stringify(deployment.changes)).toContain('TOKEN')

  const { client } = server
  const views = await Promise.all([
    client.project(project.name),
    client.environments(project.name),
    client.secrets(project.name),
    client.timeline({ project: project.name }),
    client.explain(run.id),
    client.explain(deployment.id),
    client.plan(project.name, 'staging', 'develop'),
    client.jobLog(project.name, run.number, { job: 'to-staging' }),
    deployment,
  ])
  expect(JSON.stringify(views)).not.toMatch(/-secret-471/)
  const files = filesBelow(server.data).filter((file) => /pushway\.db|\/logs\/|\/jobs\/|\/git\//.test(file))
  expect(files.length).toBeGreaterThan(5)
  for (const file of files)
    expect(
      [first, second].filter((value) => readFileSync(file).includes(value)),
      file,
    ).toEqual([])
  // A release from before keeps the version that it was made with.
  const back = await client.rollback(project.name, 'staging')
  expect(await deploymentEnds(server, back.id)).toMatchObject({ conclusion: 'success' })
  expect(await ask(project.urls.staging)).toMatchObject({ token: seen(first) })
})

test('an environment without files gives a record, and says that nothing is deployed', forgiving, async () => {
  await project.commit({ '.github/workflows/qa.yml': workflow(['qa'], buildJob, deployJob('qa', 'qa')) })
  const run = await shipped(server, project, 'qa')
  const deployment = await server.client.deployment(job(run, 'to-qa').deployment as string)
  expect(deployment).toMatchObject({ conclusion: 'success', why: { code: 'nothing-is-deployed' } })
  expect(deployment.why.sentence).toContain('nothing is deployed')
  expect(await server.client.history(project.name, 'qa')).toHaveLength(1)
})

test('an environment takes releases of its branch only', forgiving, async () => {
  const anywhere = deployJob('production', 'main').replace(/ {4}if: .*\n/, '')
  await project.commit({ '.github/workflows/side.yml': workflow(['side'], buildJob, anywhere) })
  const before = await answering(project.urls.production)
  const run = await ship(server, project, 'side')
  expect(run.conclusion).toBe('failure')
  expect(job(run, 'to-production').why?.sentence).toMatch(/^production takes releases of branch main only, not of \S*side\.$/)
  expect(job(run, 'to-production').steps).toEqual([])
  expect(await answering(project.urls.production)).toEqual(before)
})
