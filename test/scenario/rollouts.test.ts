// Rollouts through the whole program: paused, given up, one at a time, caught when they are bad, and the way back.

import { beforeAll, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'
import { answering, deploymentEnds, deploymentIs, deploymentOf, job, refusal, runEnds, runOf, ship, shipped, steadyLoad } from '../support/story.ts'
import { quickCanary, quickRolling, type TinyProject, tinyProject } from '../support/tiny-project.ts'

const forgiving = { timeout: 60_000 }

let server: TestServer
let project: TinyProject

beforeAll(async () => {
  server = await startServer()
  project = await tinyProject('acme/rollouts')
  await shipped(server, project, 'main')
})

const live = async () => (await answering(project.urls.production)).versions

test('pause holds a rollout where it is, resume lets it go on, abort takes it back', forgiving, async () => {
  const load = steadyLoad(project.urls.production)
  await project.act({ version: '2' })
  const { id } = await deploymentOf(server, project, await project.push(server, 'main'))
  await deploymentIs(server, id, (view) => view.rollout?.percent === 30)
  await server.client.pause(id)
  const paused = await deploymentIs(server, id, (view) => view.status === 'paused' && view.why.code === 'paused')
  expect(paused).toMatchObject({ why: { sentence: 'Paused by admin.' } })
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  expect(await server.client.deployment(id)).toMatchObject({ status: 'paused', rollout: { percent: 30 } })
  await server.client.resume(id)
  await deploymentIs(server, id, (view) => view.status === 'rolling')
  await server.client.abort(id, 'second thoughts')
  expect(await deploymentEnds(server, id)).toMatchObject({
    conclusion: 'cancelled',
    why: { code: 'aborted-by-user', sentence: 'Aborted by admin: second thoughts.' },
  })
  expect(await live()).toEqual(['1'])
  expect(await load.stop()).toMatchObject({ failed: {} })
  expect(await refusal(server.client.pause(id))).toMatchObject({ code: 'rollout-not-active' })
})

test('one rollout at a time: the next one waits, and gives way to a newer one', forgiving, async () => {
  const load = steadyLoad(project.urls.production)
  const next = async (version: string) => {
    await project.act({ version })
    return (await deploymentOf(server, project, await project.push(server, 'main'))).id
  }
  const first = await next('3')
  await deploymentIs(server, first, (view) => view.rollout?.percent === 30)
  await server.client.pause(first)
  const second = await next('4')
  await deploymentIs(server, second, (view) => view.why.code === 'waiting-for-rollout', { what: 'to wait' })
  const third = await next('5')
  expect(await deploymentEnds(server, second)).toMatchObject({ conclusion: 'cancelled', why: { code: 'superseded' } })
  await deploymentIs(server, third, (view) => view.why.code === 'waiting-for-rollout', { what: 'to wait' })
  await server.client.resume(first)
  expect(await deploymentEnds(server, first)).toMatchObject({ conclusion: 'success' })
  expect(await deploymentEnds(server, third)).toMatchObject({ conclusion: 'success' })
  expect(await live()).toEqual(['5'])
  expect(await load.stop()).toMatchObject({ failed: {} })
})

test('a bad release is caught by its error rate and goes back by itself; the run says so', forgiving, async () => {
  const load = steadyLoad(project.urls.production)
  await project.act({ version: '6', failEvery: 3 })
  const push = await project.push(server, 'main')
  const { id } = await deploymentOf(server, project, push)
  const ended = await deploymentEnds(server, id)
  expect(ended).toMatchObject({ conclusion: 'failure', why: { code: 'rolled-back' } })
  expect(ended.why.sentence).toMatch(
    /^Rolled back by itself\. \d+\.\d+ % of \d+ requests to the new release failed \(old release: 0\.00 %; allowed: 5\.00 %\)\.$/,
  )
  const run = await runEnds(server, project, await runOf(server, project, push))
  expect(run.conclusion).toBe('failure')
  expect(job(run, 'to-production')).toMatchObject({ conclusion: 'failure', why: { sentence: ended.why.sentence } })
  expect(await live()).toEqual(['5'])
  expect(Object.keys((await load.stop()).failed)).toEqual(['500'])
})

test('back to the release before, and to a named one: nothing is rebuilt', forgiving, async () => {
  const load = steadyLoad(project.urls.production)
  const images = await server.client.images(project.name)
  const runs = await server.client.runs(project.name)
  const { id } = await server.client.rollback(project.name, 'production')
  expect(await deploymentEnds(server, id)).toMatchObject({ kind: 'rollback', conclusion: 'success' })
  expect(await live()).toEqual(['3'])
  const first = (await server.client.history(project.name, 'production')).findLast((one) => one.conclusion === 'success')?.release
  const named = await server.client.rollback(project.name, 'production', String(first?.number))
  expect(await deploymentEnds(server, named.id)).toMatchObject({ conclusion: 'success', release: { id: first?.id } })
  expect(await live()).toEqual(['1'])
  expect(await server.client.images(project.name)).toEqual(images)
  expect(await server.client.runs(project.name)).toEqual(runs)
  expect(await refusal(server.client.rollback(project.name, 'production', '4711'))).toMatchObject({ code: 'not-found' })
  expect(await refusal(server.client.rollback(project.name, 'nowhere'))).toMatchObject({ code: 'not-found' })
  expect(await load.stop()).toMatchObject({ failed: {} })
})

test('a release that runs already: nothing to do', forgiving, async () => {
  await project.act({ version: '7' })
  await project.configure({ staging: quickRolling, production: quickRolling })
  const first = await shipped(server, project, 'main')
  const before = await answering(project.urls.production)
  await project.commit({ 'NOTES.md': 'not part of the image' })
  const second = await shipped(server, project, 'main')
  expect(second.images.map((image) => image.digest)).toEqual(first.images.map((image) => image.digest))
  const { deployment } = job(second, 'to-production')
  expect(await server.client.deployment(deployment as string)).toMatchObject({ conclusion: 'success', why: { code: 'nothing-to-do' } })
  expect(await answering(project.urls.production)).toEqual(before)
})

test('an end-to-end check that fails takes staging back', forgiving, async () => {
  const verify = `name: End to end
on: { workflow_call: { inputs: { url: { type: string, required: true } } } }
jobs:
  check:
    runs-on: ubuntu-latest
    env: { URL: "\${{ inputs.url }}" }
    steps:
      - run: |
          node -e 'fetch(process.env.URL).then((a) => a.json()).then((a) => { console.log(a.version); process.exit(a.version === "9" ? 1 : 0) })'
`
  await project.commit({ '.github/workflows/e2e.yml': verify })
  await project.configure({ staging: [...quickRolling, 'verify: { workflow: e2e.yml }'], production: quickCanary })
  await project.act({ version: '8' })
  await shipped(server, project, 'develop')
  await project.act({ version: '9' })
  const run = await ship(server, project, 'develop')
  const ended = await server.client.deployment(job(run, 'to-staging').deployment as string)
  expect(ended).toMatchObject({ conclusion: 'failure', why: { code: 'rolled-back', sentence: 'Rolled back by itself. The end-to-end check e2e.yml failed.' } })
  expect((await answering(project.urls.staging)).versions).toEqual(['8'])
})
