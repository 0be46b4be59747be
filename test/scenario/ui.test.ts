// The page in a real browser through the whole story: push, approve in the page, watch the canary, go back.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { needs } from '../support/needs.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { anotherUser, answering, deploymentOf, runEnds, runOf, steadyLoad, until } from '../support/story.ts'
import { type TinyProject, tinyProject } from '../support/tiny-project.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const web = join(root, 'packages/pushway/dist/web')
const chromiumFlags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']
const slow = { timeout: 90_000 }

/** Approved by somebody else, then a canary that leaves time to look. */
const carefully = [
  'approval: { required: 1, self: false }',
  'strategy: { canary: { steps: [30%], every: 4s, ready-within: 15s, analysis: { errors: "< 5%", min-requests: 20, no-data: hold } } }',
]

const flood = `name: Flood
on: { push: { branches: [flood] } }
jobs:
  flood:
    runs-on: ubuntu-latest
    steps:
      - name: Many lines
        run: seq -f 'number %.0f' 1 100000
`

function findChromium(): string {
  return spawnSync('which', ['chromium'], { encoding: 'utf8' }).stdout.trim()
}

describe.skipIf(needs('chromium').skip)('the page (needs package chromium)', () => {
  let server: TestServer
  let project: TinyProject
  let browser: Browser
  let context: BrowserContext
  let page: Page
  /** What the browser complained about: errors of scripts, and what the content security policy refused. */
  const complaints: string[] = []

  beforeAll(async () => {
    const built = spawnSync(process.execPath, ['tools/build-web.mjs', web], { cwd: root, encoding: 'utf8' })
    expect(built.stderr).toBe('')
    server = await startServer()
    project = await tinyProject('acme/page', { production: carefully })
    browser = await chromium.launch({
      executablePath: findChromium(),
      args: [...chromiumFlags, '--disable-component-update', '--disable-sync'],
    })
    context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })
    page = await context.newPage()
    page.setDefaultTimeout(20_000)
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (/Content.Security.Policy|Refused to/i.test(message.text())) complaints.push(message.text())
    })
  }, 90_000)

  afterAll(async () => {
    await browser?.close()
  })

  const text = (selector: string) => page.locator(selector).first().innerText()
  const open = (path: string) => page.goto(`${server.url}${path}`)

  test('its script is at most 100 kB on first load, and nothing in it stands inline', () => {
    const index = readFileSync(join(web, 'index.html'), 'utf8')
    const scripts = [...index.matchAll(/src="\/([^"]+\.js)"/g)].map(([, name]) => name ?? '')
    expect(scripts).toHaveLength(1)
    const size = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(web, name))).length, 0)
    expect(size).toBeLessThan(100_000)
    expect(index).not.toMatch(/<style|style=|<script>|onclick/)
    expect(
      readdirSync(web)
        .filter((name) => /\.(js|css)$/.test(name))
        .every((name) => /-[A-Z0-9]{8}\./.test(name)),
    ).toBe(true)
  })

  test('a stranger is asked to sign in, and told what was wrong', slow, async () => {
    await open('/acme/page/runs')
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(new URL(page.url()).searchParams.get('next')).toBe('/acme/page/runs')
    await page.getByLabel('User').fill('nobody')
    await page.getByLabel('Password').fill('not the password')
    await page.getByRole('button', { name: 'Sign in' }).click()
    const alert = page.getByRole('alert')
    expect(await alert.innerText()).toContain('sign-in-wrong')
    await alert.getByRole('button', { name: 'Dismiss' }).click()
    await alert.waitFor({ state: 'detached' })
  })

  test('a one-time address signs in, offers a password, and the empty home teaches', slow, async () => {
    const { signIn } = await server.client.createUser('grace', true)
    await page.goto(signIn.url)
    await page.getByRole('heading', { name: 'Welcome, grace' }).waitFor()
    expect(page.url()).not.toContain('#')
    await page.getByLabel(/New password/).fill('a long enough password')
    await page.getByRole('button', { name: 'Set password' }).click()
    await page.getByRole('heading', { name: 'Nothing has been pushed yet' }).waitFor()
    expect(await text('.command code')).toBe(`git remote add pushway ${server.url}/OWNER/NAME.git`)
  })

  test('a first push appears on the open page, with its way, its run and its log', slow, async () => {
    const push = await project.push(server, 'main')
    await page.getByRole('link', { name: 'acme/page' }).first().waitFor()
    const run = await runOf(server, project, push)
    const { id } = await deploymentOf(server, project, push)
    await page.locator('.station-waiting', { hasText: 'production' }).waitFor()
    expect(await text('.lane-why')).toMatch(/production: Waiting for 1 approval/)

    await open(`/acme/page/runs/${run.number}#build`)
    await page.getByRole('button', { name: /^build done/ }).waitFor()
    await page
      .getByRole('button', { name: /to-staging/ })
      .getByText('skipped')
      .waitFor()
    await page.getByRole('button', { name: /Build and push/ }).click()
    await page.getByText('digest: sha256:').first().waitFor()
    await page.locator('.log-number').nth(2).click()
    expect(page.url()).toMatch(/#build:\d+:\d+$/)
    await page.reload()
    await page.locator('.log-row.marked').waitFor()

    // The baseline of what follows.
    const linus = await anotherUser(server, project, 'linus')
    await linus.approve(id, { why: 'First.' })
    expect((await runEnds(server, project, run)).conclusion).toBe('success')
  })

  test('the approval sheet shows what would change; approving in the page starts the canary, which is watched to its end', slow, async () => {
    const load = steadyLoad(project.urls.production)
    await open('/acme/page')
    await project.act({ version: '2' })
    const push = await project.push(server, 'main')
    const { id, release } = await deploymentOf(server, project, push)
    await page.locator('.lanes > li').first().locator('.station-waiting', { hasText: 'production' }).getByRole('link').click()
    await page.waitForURL(`${server.url}/deployments/${id}`)
    await page.getByRole('heading', { name: new RegExp(`Deploy #${release?.number} to production`) }).waitFor()
    expect(await text('.diff')).toMatch(/image/)
    expect(await text('.approval')).toMatch(/1 approval, 1 missing/)
    expect(await page.getByRole('button', { name: 'Reject' }).isDisabled()).toBe(true)
    await page.getByLabel(/Reason/).fill('The diff is the one line I expected.')
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.getByText('approved by grace').waitFor()

    await page.getByRole('img', { name: 'New release: 30 % of the traffic; old release: 70 %' }).waitFor()
    const requests = async () => Number((await page.locator('.side-new .measure', { hasText: 'Requests' }).locator('dd').innerText()).replace(/\D/g, ''))
    const first = await until('requests to the new release', async () => (await requests()) || undefined)
    await until('more requests, live', async () => (await requests()) > first)
    expect(await text('.side-new')).toMatch(/Error rate\s+0 %/)
    await page.locator('.page-head').getByText('succeeded').waitFor()
    await page
      .getByText(/requests were served well/)
      .first()
      .waitFor()
    expect((await answering(project.urls.production)).versions).toEqual(['2'])
    expect(await load.stop()).toMatchObject({ failed: {} })
  })

  test('pause, resume and abort of a canary from the environment page', slow, async () => {
    const load = steadyLoad(project.urls.production)
    await project.act({ version: '3' })
    const { id } = await deploymentOf(server, project, await project.push(server, 'main'))
    await open('/acme/page/environments/production')
    await page.getByRole('link', { name: 'Look at it and decide' }).click()
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.getByText('approved by grace').waitFor()
    await open('/acme/page/environments/production')
    await page.getByRole('img', { name: /New release: 30 %/ }).waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('Paused by grace.').first().waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: 'Abort…' }).click()
    const dialog = page.getByRole('dialog')
    expect(await dialog.innerText()).toMatch(/All traffic goes back/)
    await dialog.getByLabel(/Reason/).fill('second thoughts')
    await dialog.getByRole('button', { name: 'Abort and go back' }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.locator('.deployment-row').first().getByText('Aborted by grace: second thoughts.').waitFor()
    expect(await server.client.deployment(id)).toMatchObject({ conclusion: 'cancelled' })
    expect((await answering(project.urls.production)).versions).toEqual(['2'])
    expect(await load.stop()).toMatchObject({ failed: {} })
  })

  test('roll back to the earlier release: says what it will do, asks once, and it is live', slow, async () => {
    await open('/acme/page/environments/production')
    await page.getByRole('button', { name: 'Roll back to…' }).click()
    const list = page.getByRole('dialog')
    await list.locator('.choice').first().waitFor()
    expect(await list.locator('.choice').count()).toBe(1)
    await list.locator('.choice button').first().click()
    const ask = page.getByRole('dialog')
    expect(await ask.innerText()).toMatch(/Roll production back to #1\?[\s\S]*takes the place of #2/)
    await ask.getByRole('button', { name: 'Roll back to #1' }).click()
    await ask.waitFor({ state: 'detached' })
    await page.locator('.env-head .release', { hasText: '#1' }).waitFor()
    await until('version 1 to answer', async () => (await answering(project.urls.production)).versions.join() === '1')
    await page.getByRole('link', { name: 'Timeline' }).last().click()
    await page.locator('.entry', { hasText: 'An earlier release is live again.' }).first().waitFor()
  })

  test('a log of 100,000 lines: only those in sight exist, the last is reached, a word is found', slow, async () => {
    await project.commit({ '.github/workflows/flood.yml': flood })
    const run = await runEnds(server, project, await runOf(server, project, await project.push(server, 'flood')), 60_000)
    expect(run.conclusion).toBe('success')
    await open(`/acme/page/runs/${run.number}#flood`)
    await page.getByRole('button', { name: /Many lines/ }).click()
    await page.getByText('number 1', { exact: true }).waitFor()
    await page.locator('.log-step', { hasText: /100,00\d/ }).waitFor()
    await page.locator('.log-scroll').press('End')
    await page.getByText('number 100000', { exact: true }).waitFor()
    expect(await page.locator('.log-row').count()).toBeLessThan(200)
    await page.getByLabel('Search the log').fill('number 54321')
    await page.locator('.log-row.marked', { hasText: 'number 54321' }).waitFor()
    expect(await text('.log-search [role=status]')).toBe('1/1')
  })

  test('the keyboard: search, shortcuts, lists, pages', slow, async () => {
    await open('/acme/page')
    await page.locator('.lanes').waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('/')
    await page.getByRole('searchbox', { name: 'Search' }).waitFor()
    await page.keyboard.type('production')
    await page.locator('.results .chosen', { hasText: 'production' }).waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL('**/acme/page/environments/production')
    await page.keyboard.press('g')
    await page.keyboard.press('r')
    await page.waitForURL('**/acme/page/runs')
    await page.locator('.run-row').first().waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/runs\/\d+$/)
  })

  test.each([
    ['light', 'rgb(247, 248, 250)'],
    ['dark', 'rgb(15, 18, 22)'],
  ] as const)('every page at 390 px in %s: nothing wider than the window', slow, async (scheme, background) => {
    const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, colorScheme: scheme, storageState: await context.storageState() })
    const small = await phone.newPage()
    const [last] = await server.client.history('acme/page', 'production')
    const below = ['', '/runs', '/runs/1', '/environments', '/environments/production', '/timeline', '/images', '/settings'].map((path) => `/acme/page${path}`)
    for (const path of ['/', '/timeline', '/users', '/account', `/deployments/${last?.id}`, ...below]) {
      await small.goto(`${server.url}${path}`)
      await small.locator('main h1').first().waitFor()
      await small.locator('.skeleton').first().waitFor({ state: 'detached' })
      const { wide, color } = (await small.evaluate(
        '({ wide: document.documentElement.scrollWidth - document.documentElement.clientWidth, color: getComputedStyle(document.body).backgroundColor })',
      )) as { wide: number; color: string }
      expect({ path, wide, color }).toEqual({ path, wide: 0, color: background })
    }
    await phone.close()
  })

  test('signing out ends it; a session that ended elsewhere is asked to sign in; the password works', slow, async () => {
    await open('/acme/page')
    await page.getByRole('button', { name: 'Menu of grace' }).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.getByLabel('User').fill('grace')
    await page.getByLabel('Password').fill('a long enough password')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('link', { name: 'acme/page' }).first().waitFor()
    await context.clearCookies()
    await page.getByRole('link', { name: 'acme/page' }).first().click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(new URL(page.url()).searchParams.get('next')).toBe('/acme/page')
  })

  test('the browser had nothing to complain about', () => {
    expect(complaints).toEqual([])
  })
})
