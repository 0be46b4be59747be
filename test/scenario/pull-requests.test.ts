// Pull requests with a real server, real jobs and a real browser: opened from the command line, checked by a workflow that calls the API
// with its token, looked at on a phone's width, merged in the page.

import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { PullSummary, PullView, RunSummary, ScheduleView } from '@pushway/core/views/types.ts'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { needs } from '../support/needs.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { tempDir } from '../support/temp.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const root = fileURLToPath(new URL('../..', import.meta.url))
const project = 'acme/pulls'
const script = `const headers = { authorization: 'Bearer ' + process.env.TOKEN, 'content-type': 'application/json' }
const call = (path, init = {}) => fetch(process.env.GITHUB_API_URL + '/repos/' + process.env.GITHUB_REPOSITORY + path, { headers, ...init })
const event = JSON.parse(require('node:fs').readFileSync(process.env.GITHUB_EVENT_PATH, 'utf8'))
async function main() {
  const files = await (await call('/pulls/' + event.number + '/files')).json()
  const body = 'Merges ' + process.env.GITHUB_HEAD_REF + ' into ' + process.env.GITHUB_BASE_REF + ': ' + files.map((f) => f.filename).join(', ')
  const said = await call('/issues/' + event.number + '/comments', { method: 'POST', body: JSON.stringify({ body }) })
  const status = await call('/statuses/' + event.pull_request.head.sha, { method: 'POST', body: '{"state":"success"}' })
  console.log('comment', said.status, 'status', status.status)
}
main()
`
const workflow = `name: CI
on:
  pull_request:
  schedule:
    - cron: '30 5 * * 1-5'
permissions:
  contents: read
  pull-requests: write
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Both sides are there
        run: test -f base.txt && test -f topic.txt && test "$GITHUB_REF" = refs/pull/1/merge && test "$(git rev-parse HEAD)" = "$GITHUB_SHA"
      - run: node say.js
        env:
          TOKEN: \${{ github.token }}
`

let server: TestServer
const dir = tempDir('pulls')

async function git(...args: string[]): Promise<void> {
  const child = spawn('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })
  const out: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => out.push(chunk))
  const exit = await new Promise((resolve) => child.on('close', resolve))
  if (exit !== 0) throw new Error(`git ${args[0]}: ${Buffer.concat(out)}`)
}

async function pushway(...args: string[]): Promise<string> {
  const { exit, stdout, stderr } = await server.cli(args, { env: { PUSHWAY_PROJECT: project }, cwd: dir })
  if (exit !== 0) throw new Error(`pushway ${args.join(' ')} ended with ${exit}: ${stdout}${stderr}`)
  return stdout
}

const json = async <T>(...args: string[]): Promise<T> => JSON.parse(await pushway(...args, '-o', 'json')) as T

async function until<T>(read: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 90_000
  for (;;) {
    const value = await read()
    if (fits(value)) return value
    if (Date.now() > deadline) throw new Error(`not in time: ${JSON.stringify(value, null, 1).slice(0, 3000)}`)
    await sleep(300)
  }
}

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
}

beforeAll(async () => {
  server = await startServer()
  await git('init', '-q', '-b', 'main')
  const address = new URL(`${server.url}/${project}.git`)
  address.username = 'admin'
  address.password = server.token
  await git('remote', 'add', 'origin', address.href)
  write({ '.github/workflows/ci.yml': workflow, 'say.js': script, 'base.txt': 'base\n' })
  await git('add', '.')
  await git('commit', '-qm', 'Begin')
  await git('push', '-q', 'origin', 'main')
  await git('switch', '-qc', 'topic')
  write({ 'topic.txt': 'one\n' })
  await git('add', '.')
  await git('commit', '-qm', 'Add the topic')
  await git('push', '-q', 'origin', 'topic')
  await git('switch', '-q', 'main')
  write({ 'base.txt': 'moved\n' })
  await git('commit', '-qam', 'Move the base')
  await git('push', '-q', 'origin', 'main')
  await git('switch', '-q', 'topic')
})

afterAll(() => server?.stop())

describe('a pull request', () => {
  test('opened by command: its run has both sides, comments through the API, and may do no more than its permissions', async () => {
    const opened = await json<PullView>('pr', 'create')
    expect(opened).toMatchObject({ number: 1, title: 'Add the topic', head: { ref: 'topic' }, base: { ref: 'main' }, mergeable: true })
    const [run] = await until(
      () => json<RunSummary[]>('get', 'runs'),
      ([newest]) => newest?.status === 'finished',
    )
    expect(run).toMatchObject({ event: 'pull_request', conclusion: 'success', title: 'Add the topic' })
    const view = await json<PullView>('pr', 'view', '1')
    expect(view.thread).toMatchObject([{ body: 'Merges topic into main: topic.txt' }])
    expect(view.runs).toMatchObject([{ conclusion: 'success' }])
    expect(await pushway('logs', 'run/1')).toContain('comment 201 status 403')
    expect(await pushway('pr', 'view', '1')).toContain('added    topic.txt  +1 -0')
    expect(await pushway('pr', 'diff', '1')).toContain('+one')
  })

  test('listed, edited, closed and reopened by command; mistakes are one sentence', async () => {
    expect(await pushway('pr', 'list')).toMatch(/1\s+open\s+Add the topic\s+topic\s+main/)
    await pushway('pr', 'edit', '1', '--title', 'Add a topic', '--add-label', 'good,new')
    await pushway('pr', 'close', '1')
    expect(await json<PullSummary[]>('pr', 'list')).toEqual([])
    await pushway('pr', 'reopen', '1')
    expect(await json<PullSummary[]>('pr', 'list')).toMatchObject([{ title: 'Add a topic', labels: ['good', 'new'], state: 'open' }])
    const fails = (...args: string[]) => server.cli(args, { env: { PUSHWAY_PROJECT: project }, cwd: dir })
    expect(await fails('pr', 'create')).toMatchObject({ exit: 2, stderr: expect.stringContaining('already exists for topic: number 1') })
    expect(await fails('pr', 'view', '9')).toMatchObject({ exit: 5, stderr: expect.stringContaining('no pull request 9') })
    expect(await fails('pr', 'view', 'x')).toMatchObject({ exit: 2 })
    expect(await fails('pr', 'merge', '1', '-s', '-m')).toMatchObject({ exit: 2 })
  })

  test('schedules say when they run next', async () => {
    expect(await json<ScheduleView[]>('get', 'schedules')).toMatchObject([{ file: '.github/workflows/ci.yml', cron: '30 5 * * 1-5', timezone: 'UTC' }])
    expect(await pushway('get', 'schedules')).toMatch(/30 5 \* \* 1-5\s+UTC\s+-\s+\d{4}-\d\d-\d\dT05:30:00Z/)
  })

  test.skipIf(needs('chromium').skip)('in the page, on a phone: list, changes, comment, merge (needs package chromium)', async () => {
    const built = spawnSync(process.execPath, ['tools/build-web.mjs', join(root, 'packages/pushway/dist/web')], { cwd: root, encoding: 'utf8' })
    expect(built.stderr).toBe('')
    const executablePath = spawnSync('which', ['chromium'], { encoding: 'utf8' }).stdout.trim()
    const browser = await chromium.launch({
      executablePath,
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
    })
    try {
      const context = await browser.newContext({ viewport: { width: 390, height: 844 }, reducedMotion: 'reduce' })
      const page = await context.newPage()
      page.setDefaultTimeout(20_000)
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(error.message))
      const made = JSON.parse((await server.cli(['user', 'create', 'ana', '-o', 'json'])).stdout) as { signIn: { url: string } }
      await server.client.setMember(project, 'ana', 'write')
      await page.goto(made.signIn.url)
      await page.getByRole('heading', { name: 'Welcome, ana' }).waitFor()
      const fits = () => page.evaluate<boolean>('document.documentElement.scrollWidth <= document.documentElement.clientWidth')
      await page.goto(`${server.url}/${project}/runs`)
      await page.getByRole('heading', { name: 'Scheduled' }).waitFor()
      await page.goto(`${server.url}/${project}/pulls`)
      await page.getByRole('link', { name: 'Add a topic' }).waitFor()
      expect(await fits()).toBe(true)
      await page.getByRole('link', { name: 'Add a topic' }).click()
      await page.getByText('+one').waitFor()
      await page.getByRole('heading', { name: 'Changed files (1)' }).waitFor()
      await page.getByText('Merges topic into main: topic.txt').first().waitFor()
      expect(await fits()).toBe(true)
      await page.getByLabel('Comment').fill('Looks right')
      await page.getByRole('button', { name: 'Comment' }).click()
      await page.getByText('Looks right').waitFor()
      await page.getByRole('button', { name: 'Squash…' }).click()
      await page.getByRole('button', { name: 'Squash and merge' }).click()
      await page.getByText('merged by ana').waitFor()
      expect(complaints).toEqual([])
    } finally {
      await browser.close()
    }
    const view = await json<PullView>('pr', 'view', '1')
    expect(view).toMatchObject({ state: 'merged', mergedBy: 'ana' })
    await git('fetch', '-q', 'origin')
    await git('merge-base', '--is-ancestor', view.mergeCommit ?? '', 'origin/main')
  })
})
