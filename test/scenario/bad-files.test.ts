// What is wrong in a push, and what asks for things that are not there: said at once, at its place, and nothing else happens.

import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'
import { answering, job, refusal, runEnds, runOf, ship, shipped, until } from '../support/story.ts'
import { quickRolling, type TinyProject, tinyProject, workflow } from '../support/tiny-project.ts'

const forgiving = { timeout: 60_000 }

let server: TestServer
let project: TinyProject

beforeAll(async () => {
  server = await startServer()
  project = await tinyProject('acme/files', { production: quickRolling })
  await shipped(server, project, 'main')
})

/** Back to the first commit's files, whatever a test has done to them. */
async function mend(): Promise<void> {
  await project.git('rm', '-qr', '.')
  const first = (await project.git('rev-list', '--max-parents=0', 'HEAD')).stdout.trim()
  await project.git('checkout', '-q', first, '--', '.')
  await project.commit({})
}

test('an invalid workflow and an invalid pushway.yml: every mistake at its place, to the pusher and in the run', forgiving, async () => {
  await project.commit({
    '.github/workflows/ship.yml':
      'name: Ship\non: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    stepz: []\n  test:\n    needs: bild\n    runs-on: ubuntu-latest\n    steps:\n      - run: "echo ${{ githb.ref }}"\n',
    'pushway.yml': 'environments:\n  staging:\n    branh: develop\n    publish: { 8080: 99999 }\n',
  })
  const push = await project.push(server, 'main')
  expect(push.exit).toBe(0)
  for (const place of [
    '.github/workflows/ship.yml:6:5',
    '.github/workflows/ship.yml:8:12',
    '.github/workflows/ship.yml:11:',
    'pushway.yml:3:5',
    'pushway.yml:4:',
  ])
    expect(push.stderr).toContain(place)
  const run = await runEnds(server, project, await runOf(server, project, push))
  expect(run).toMatchObject({ conclusion: 'failure', jobs: [] })
  expect(run.problems.length).toBeGreaterThanOrEqual(3)
  for (const problem of run.problems) expect(problem).toMatch(/^\.github\/workflows\/ship\.yml:\d+:\d+: error: .+ \(\S+\)$/)
  expect((await answering(project.urls.production)).versions).toEqual(['1'])
  await mend()
})

test('an invalid compose file: every mistake at its place, and nothing is deployed', forgiving, async () => {
  await project.commit({ 'docker-compose.yml': 'services:\n  web:\n    build: .\n    ports: ["8080:http"]\n    privilegd: true\n    depends_on: [db]\n' })
  const push = await project.push(server, 'main')
  const run = await runEnds(server, project, await runOf(server, project, push))
  expect(run.conclusion).toBe('failure')
  const why = job(run, 'to-production').why?.sentence ?? ''
  for (const place of ['docker-compose.yml:4:', 'docker-compose.yml:5:5', 'docker-compose.yml:6:']) {
    expect(push.stderr).toContain(place)
    expect(why).toContain(place)
  }
  expect((await answering(project.urls.production)).versions).toEqual(['1'])
  await mend()
})

test('a push with no workflow, and one that no workflow applies to, say so', forgiving, async () => {
  const other = await project.push(server, 'feature')
  expect(other).toMatchObject({ exit: 0 })
  expect(other.stderr).toContain('No workflow applies to a push to refs/heads/feature.')
  await project.commit({ '.github/workflows/ship.yml': undefined })
  const none = await project.push(server, 'main')
  expect(none).toMatchObject({ exit: 0 })
  expect(none.stderr).toContain('No workflow: the repository has no file in .github/workflows/.')
  await mend()
})

test('what is not there: project, run, environment, branch, deployment, job', forgiving, async () => {
  const { client } = server
  const { name } = project
  const calls = [
    client.project('acme/nowhere'),
    client.run(name, 4711),
    client.environment(name, 'nowhere'),
    client.history(name, 'nowhere'),
    client.rollback(name, 'nowhere'),
    client.rollback(name, 'production', '4711'),
    client.plan(name, 'production', 'no-such-branch'),
    client.plan(name, 'nowhere', 'main'),
    client.dispatch(name, { workflow: 'ship.yml', ref: 'no-such-branch' }),
    client.dispatch(name, { workflow: 'nothing.yml', ref: 'main' }),
    client.deployment('nothing'),
    client.approve('nothing', { why: 'x' }),
    client.jobLog(name, 1, { job: 'nothing' }),
    client.explain('nothing'),
  ]
  const codes = await Promise.all(calls.map(async (call) => (await refusal(call)).code))
  expect(codes).toEqual(calls.map(() => 'not-found'))
})

test('a workflow that never ends: stopped by its timeout, by a cancel, and at once by a second one', forgiving, async () => {
  const endless = (name: string, lines: string) => workflow([name], `  endless:\n    runs-on: ubuntu-latest\n${lines}`)
  await project.commit({
    '.github/workflows/a.yml': endless('timeout', '    timeout-minutes: 0.03\n    steps: [{ run: sleep 600 }]\n'),
    '.github/workflows/b.yml': endless('cancel', '    steps: [{ run: echo begun; sleep 600 }]\n'),
    '.github/workflows/c.yml': endless(
      'force',
      '    steps:\n      - run: |\n          trap "" INT TERM\n          echo begun\n          while true; do sleep 1; done\n',
    ),
  })
  const timed = await ship(server, project, 'timeout')
  expect(timed.conclusion).toBe('failure')
  expect(job(timed, 'endless').why).toMatchObject({ code: 'job-timed-out', sentence: expect.stringMatching(/0\.03 minutes/) })

  const begun = async (branch: string) => {
    const run = await runOf(server, project, await project.push(server, branch))
    await until('the step to begin', async () =>
      (await server.client.jobLog(project.name, run.number, { job: 'endless' })).lines.some((line) => line.text === 'begun'),
    )
    return run
  }
  const cancelled = await begun('cancel')
  await server.client.cancelRun(project.name, cancelled.number)
  expect(await runEnds(server, project, cancelled)).toMatchObject({ conclusion: 'cancelled' })
  expect(await refusal(server.client.cancelRun(project.name, cancelled.number))).toMatchObject({ code: 'run-not-active' })

  const forced = await begun('force')
  await server.client.cancelRun(project.name, forced.number)
  await server.client.cancelRun(project.name, forced.number, true)
  const since = Date.now()
  expect(await runEnds(server, project, forced)).toMatchObject({ conclusion: 'cancelled' })
  expect(Date.now() - since).toBeLessThan(5_000)
  await mend()
})

test('a webhook fetches the commit from the configured remote and starts its run; delivered again, it starts nothing', forgiving, async () => {
  const name = 'acme/mirror'
  await server.client.createProject(name)
  const { url, secret = '' } = await server.client.setWebhook(name, { remote: project.dir })
  const after = (await project.git('rev-parse', 'HEAD')).stdout.trim()
  const branch = (await project.git('symbolic-ref', 'HEAD')).stdout.trim()
  const body = JSON.stringify({
    ref: branch,
    before: '0'.repeat(40),
    after,
    pusher: { name: 'ada' },
    repository: { clone_url: 'https://example.org/elsewhere' },
  })
  const deliver = (signature: string) =>
    fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'x-github-event': 'push', 'x-github-delivery': 'one', 'x-hub-signature-256': signature },
    })
  expect((await deliver(`sha256=${'0'.repeat(64)}`)).status).toBe(401)
  const right = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  expect((await deliver(right)).status).toBeLessThan(300)
  const [run] = await until('the run', async () => {
    const runs = await server.client.runs(name)
    return runs.length > 0 && runs
  })
  expect(run).toMatchObject({ sha: after, ref: branch })
  expect((await deliver(right)).status).toBeLessThan(300)
  expect(await server.client.runs(name)).toHaveLength(1)
  await server.client.cancelRun(name, run?.number ?? 0).catch(() => undefined)
  expect(readFileSync(join(server.data, 'git', `${name}.git`, 'HEAD'), 'utf8')).toContain('refs/heads/')
})
