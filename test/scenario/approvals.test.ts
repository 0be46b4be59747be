// Approval of a production release, through the whole program: given, refused, too late, and for something that is not there any more.

import { beforeAll, expect, test } from 'vitest'
import type { ApiClient } from '../../packages/pushway/src/http/client.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { anotherUser, ask, deploymentEnds, deploymentIs, deploymentOf, job, refusal, runEnds, runOf } from '../support/story.ts'
import { buildJob, deployJob, quickRolling, type TinyProject, tinyProject, workflow } from '../support/tiny-project.ts'

const forgiving = { timeout: 60_000 }
const asked = (rule: string) => ({ production: [...quickRolling, `approval: { ${rule} }`] })

let server: TestServer
let project: TinyProject
let grace: ApiClient

beforeAll(async () => {
  server = await startServer()
  project = await tinyProject('acme/approvals', asked('required: 1, reviewers: [grace]'))
  await server.client.createProject(project.name)
  grace = await anotherUser(server, project, 'grace')
})

test('who started a run may not approve it; a reviewer may, once they looked at what it is; it is kept who, when and why', forgiving, async () => {
  const push = await project.push(server, 'main')
  const { id, approval } = await deploymentOf(server, project, push)
  expect(approval).toMatchObject({ state: 'open', required: 1, reviewers: ['grace'], mine: false })
  expect((await grace.deployment(id)).approval).toMatchObject({ mine: true })
  expect(job(await runOf(server, project, push), 'to-production')).toMatchObject({ phase: 'waiting', steps: [], why: { code: 'waiting-for-clearance' } })

  expect(await refusal(server.client.approve(id, { why: 'mine' }))).toMatchObject({ code: 'approval-not-reviewer' })
  expect(await refusal(grace.approve(id, { why: 'old', contentDigest: `sha256:${'0'.repeat(64)}` }))).toMatchObject({ code: 'approval-stale' })
  await grace.approve(id, { why: 'looks good', contentDigest: approval?.contentDigest ?? '' })
  expect(await deploymentEnds(server, id)).toMatchObject({
    conclusion: 'success',
    approval: { state: 'given', given: [{ by: 'grace', why: 'looks good', at: expect.any(Number) }] },
  })
  expect(await ask(project.urls.production)).toMatchObject({ status: 200, version: '1' })
  expect(await refusal(grace.approve(id, { why: 'again' }))).toMatchObject({ code: 'approval-not-open' })
})

test('rejected: the job fails with who and why, its steps never run, and production stays as it is', forgiving, async () => {
  await project.act({ version: '2' })
  const push = await project.push(server, 'main')
  const { id } = await deploymentOf(server, project, push)
  await grace.reject(id, 'not on a Friday')
  expect(await deploymentEnds(server, id)).toMatchObject({
    conclusion: 'failure',
    why: { code: 'approval-rejected', sentence: 'Rejected by grace: not on a Friday.' },
  })
  const run = await runEnds(server, project, await runOf(server, project, push))
  expect(job(run, 'to-production')).toMatchObject({ conclusion: 'failure', steps: [] })
  expect(await ask(project.urls.production)).toMatchObject({ version: '1' })
})

test('nobody approves in time: it ends so', forgiving, async () => {
  await project.configure(asked('required: 1, reviewers: [grace], expires: 1s'))
  const push = await project.push(server, 'main')
  const { id } = await deploymentOf(server, project, push)
  expect(await deploymentEnds(server, id)).toMatchObject({ conclusion: 'failure', why: { code: 'approval-expired' }, approval: { state: 'expired' } })
  expect(await refusal(grace.approve(id, { why: 'too late' }))).toMatchObject({ code: 'approval-not-open' })
})

test('steps that push another image than the one that was approved: the approval is void and asked again', forgiving, async () => {
  const steps = `      - uses: actions/checkout@v4
      - run: |
          echo '{"version":"changed by the steps"}' > act.json
          docker build -t ghcr.io/\${{ github.repository }}:main .
          docker push ghcr.io/\${{ github.repository }}:main
`
  await project.configure(asked('required: 1, self: true'))
  await project.commit({ '.github/workflows/ship.yml': workflow(['main'], buildJob, deployJob('production', 'main', steps)) })
  const push = await project.push(server, 'main')
  const first = await deploymentOf(server, project, push)
  await server.client.approve(first.id, { why: 'for what it was' })
  const second = await deploymentIs(
    server,
    first.id,
    (view) => view.approval?.state === 'open' && view.approval.contentDigest !== first.approval?.contentDigest,
  )
  expect(second).toMatchObject({ status: 'waiting-for-approval', approval: { given: [] } })
  expect((await server.client.explain(first.id)).facts.map((fact) => fact.type)).toContain('ApprovalVoided')
  expect(await ask(project.urls.production)).toMatchObject({ version: '1' })

  await server.client.approve(first.id, { why: 'for what it is', contentDigest: second.approval?.contentDigest ?? '' })
  expect(await deploymentEnds(server, first.id)).toMatchObject({ conclusion: 'success' })
  expect(await ask(project.urls.production)).toMatchObject({ version: 'changed by the steps' })
})
