import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ApiClient, createClient } from './client.ts'
import { type HttpWorld, startHttpWorld } from './test-support.ts'

let world: HttpWorld
let wim: ApiClient
let admin: ApiClient
beforeEach(async () => {
  world = await startHttpWorld()
  wim = createClient({ url: world.url, token: world.tokens.write })
  admin = createClient({ url: world.url, token: world.tokens.admin })
})
afterEach(() => world.close())

const api = (path: string, init: RequestInit = {}) => fetch(`${world.url}/api/v1${path}`, init)
const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', ...headers },
})
const code = async (answer: Response) => [answer.status, ((await answer.json()) as { error?: { code: string } }).error?.code]

describe('signing in', () => {
  it('with a one-time link gives a session that the page can use and end', async () => {
    const { signIn } = await admin.createUser('neu')
    expect(signIn.url).toBe(`${world.url}/sign-in#${signIn.token}`)
    const answer = await api('/sign-in', json({ token: signIn.token }))
    expect(await answer.json()).toEqual({ user: { name: 'neu', admin: false } })
    const set = answer.headers.get('set-cookie') ?? ''
    expect(set).toMatch(/^pushway_session=pws_[^;]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/)
    const cookie = set.split(';')[0] ?? ''
    expect((await api('/me', { headers: { cookie } })).status).toBe(200)
    expect(await code(await api('/sign-in', json({ token: signIn.token })))).toEqual([401, 'sign-in-wrong'])

    expect(await code(await api('/sign-out', { method: 'POST', headers: { cookie, origin: 'https://evil.example' } }))).toEqual([403, 'cross-site'])
    expect(await code(await api('/sign-out', { method: 'POST', headers: { cookie } }))).toEqual([403, 'cross-site'])
    expect((await api('/sign-out', { method: 'POST', headers: { cookie, origin: world.url } })).status).toBe(204)
    expect(await code(await api('/me', { headers: { cookie } }))).toEqual([401, 'sign-in-required'])
  })

  it('with a wrong password fails, and after some tries has to wait', async () => {
    const attempt = async () => code(await api('/sign-in', json({ user: 'admin', password: 'wrong' })))
    for (let i = 0; i < 5; i++) expect(await attempt()).toEqual([401, 'sign-in-wrong'])
    expect(await attempt()).toEqual([429, 'too-many-tries'])
  })

  it('has no address to register at', async () => {
    for (const path of ['/register', '/sign-up', '/users']) expect((await api(path, json({ name: 'x' }))).status).toBeGreaterThanOrEqual(401)
  })
})

describe('bad requests', () => {
  it.each<[string, string, RequestInit, number, string]>([
    ['no JSON', '/sign-in', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }, 400, 'body-invalid'],
    ['another type', '/sign-in', { method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } }, 400, 'body-invalid'],
    ['a wrong shape', '/sign-in', json({ user: 7 }), 400, 'body-invalid'],
    ['two megabytes', '/sign-in', json({ token: 'x'.repeat(2 * 1024 * 1024) }), 413, 'body-too-large'],
    ['an unknown address', '/nothing', {}, 404, 'not-found'],
    ['another method', '/sign-in', {}, 405, 'method-not-allowed'],
  ])('%s: one clear error', async (_, path, init, status, wanted) => {
    expect(await code(await api(path, init))).toEqual([status, wanted])
  })

  it('names the field', async () => {
    await expect(admin.createProject('no-owner')).rejects.toMatchObject({ code: 'body-invalid', message: expect.stringContaining('name: must be owner/name') })
  })

  it('tells nothing of a mistake of ours but an id that is in the log', async () => {
    Object.assign(world.engine.queries, {
      projects: () => {
        throw new Error('secret detail')
      },
    })
    const answer = await api('/projects', { headers: { authorization: `Bearer ${world.tokens.admin}` } })
    const text = await answer.text()
    expect([answer.status, text.includes('secret detail'), text.includes('at ')]).toEqual([500, false, false])
    const id = /under ([0-9a-f]{12})/.exec(text)?.[1]
    expect(JSON.stringify(world.errors)).toContain(id)
    expect(JSON.stringify(world.errors)).toContain('secret detail')
  })
})

describe('the client', () => {
  it('turns refusals back into the same errors', async () => {
    await expect(wim.project('acme/secret')).rejects.toMatchObject({ name: 'PushwayError', code: 'not-found', exit: 5 })
    await expect(createClient({ url: world.url }).me()).rejects.toMatchObject({ code: 'sign-in-required' })
    await expect(createClient({ url: 'http://127.0.0.1:1' }).me()).rejects.toMatchObject({ code: 'server-unreachable' })
  })

  it('lists only what the caller may see', async () => {
    expect((await wim.projects()).map((project) => project.name)).toEqual(['acme/hello'])
    expect((await wim.timeline({})).map((entry) => entry.project)).toEqual(['acme/hello'])
    expect((await admin.projects()).length).toBe(2)
  })

  it('hands commands on with the name of the caller', async () => {
    await wim.cancelRun('acme/hello', 1, true)
    await wim.rerun('acme/hello', 1, { which: { job: 'test' }, debug: true })
    await wim.approve('d1', { why: 'looks good', contentDigest: 'sha256:1' })
    await wim.abort('d1', 'bad')
    await wim.rollback('acme/hello', 'production', '3')
    await wim.promote('acme/hello', 'staging', 'production')
    await wim.setVariable('acme/hello', 'COLOUR', { value: 'blue', environment: 'staging' })
    await wim.dispatch('acme/hello', { workflow: 'ci.yml', ref: 'main' })
    expect(world.engine.calls).toEqual([
      ['cancelRun', 'r1', true, 'wim'],
      ['rerun', 'r1', { which: { job: 'test' }, debug: true }, 'wim'],
      ['approve', 'd1', { why: 'looks good', contentDigest: 'sha256:1' }, 'wim'],
      ['abort', 'd1', 'bad', 'wim'],
      ['rollback', { project: 'acme/hello', environment: 'production' }, '3', 'wim'],
      ['promote', 'acme/hello', { from: 'staging', to: 'production' }, 'wim'],
      ['setVariable', { project: 'acme/hello', environment: 'staging' }, { name: 'COLOUR', value: 'blue' }, 'wim'],
      ['dispatchWorkflow', 'acme/hello', { workflow: 'ci.yml', ref: 'main', inputs: {} }, 'wim'],
    ])
  })

  it('hands a secret over as one, and never reads it back', async () => {
    expect(await wim.setSecret('acme/hello', 'TOKEN', { value: 'hush' })).toEqual({ version: 1 })
    expect(JSON.stringify(world.engine.calls)).not.toContain('hush')
    expect(await wim.secrets('acme/hello')).toEqual([{ name: 'TOKEN', version: 1 }])
    await expect(wim.setSecret('acme/hello', 'no-dash', { value: 'x' })).rejects.toMatchObject({ code: 'name-invalid' })
  })

  it('creates a project with its repository, administered by its creator', async () => {
    await admin.createProject('acme/new')
    expect(world.repositories.has('acme/new')).toBe(true)
    expect(world.accounts.members('acme/new')).toEqual([{ user: 'admin', role: 'admin' }])
    await expect(admin.createProject('acme/new')).rejects.toMatchObject({ code: 'already-exists' })
    await expect(wim.createProject('wim/mine', world.dir)).rejects.toMatchObject({ code: 'not-allowed' })
    expect((await wim.createProject('wim/mine')).name).toBe('wim/mine')
  })

  it('sets the webhook; the secret is shown only when it was made here', async () => {
    const ada = createClient({ url: world.url, token: world.tokens.projectAdmin })
    const made = await ada.setWebhook('acme/hello', { remote: 'https://me:pw@example.org/x.git' })
    expect(made).toEqual({ url: `${world.url}/hooks/github/acme/hello`, remote: 'https://example.org/x.git', secret: expect.any(String) })
    expect(await ada.webhook('acme/hello')).toEqual({ url: made.url, remote: made.remote })
    await expect(ada.setWebhook('acme/hello', { remote: '/etc' })).rejects.toMatchObject({ code: 'not-allowed' })
  })
})

describe('tokens', () => {
  it('are made, listed without their text, and revoked by their owner', async () => {
    const { token } = await wim.createToken('wim', { label: 'laptop', scope: 'read', days: 1 })
    const made = (await wim.tokens('wim')).find((view) => view.label === 'laptop')
    expect(made).toMatchObject({ scope: 'read', expiresAt: expect.any(Number) })
    expect(JSON.stringify(made)).not.toContain(token)
    expect(await createClient({ url: world.url, token }).me()).toMatchObject({ name: 'wim', kind: 'token', scope: 'read' })
    await expect(wim.tokens('ada')).rejects.toMatchObject({ code: 'not-allowed' })
    await wim.revokeToken('wim', made?.id ?? '')
    await expect(createClient({ url: world.url, token }).me()).rejects.toMatchObject({ code: 'sign-in-required' })
  })
})

describe('logs', () => {
  it('come as pages after a cursor, as text, and as a stream until the job has ended', async () => {
    world.engine.log.push('one', 'two', 'three')
    const page = await wim.jobLog('acme/hello', 1, { job: 'test' })
    expect([page.lines.map((line) => line.text), page.cursor]).toEqual([['one', 'two'], 2])
    const raw = await api('/projects/acme/hello/runs/1/jobs/test/log?raw=1', { headers: { authorization: `Bearer ${world.tokens.read}` } })
    expect(await raw.text()).toMatch(/^1970-01-01T00:00:00.000Z one\n.* two\n.* three\n$/)
    const seen: string[] = []
    for await (const { lines } of wim.followJobLog('acme/hello', 1, { job: 'test' })) {
      seen.push(...lines.map((line) => line.text))
      if (seen.length === 3) {
        world.engine.log.push('four')
        world.engine.run = { ...world.engine.run, status: 'finished' }
      }
    }
    expect(seen).toEqual(['one', 'two', 'three', 'four'])
    await expect(wim.jobLog('acme/hello', 1, { job: 'none' })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('of instances come as lines', async () => {
    const seen = []
    for await (const line of wim.instanceLogs('acme/hello', 'production', { tail: 5 })) seen.push(line.text)
    expect(seen).toEqual(['hello'])
  })
})

describe('the event stream', () => {
  it('sends what a tab asked for and may see, and resumes after its cursor', async () => {
    const stop = new AbortController()
    world.engine.emit('run/r1', { type: 'RunPlanned', plan: { jobs: [] } })
    world.engine.emit('project/acme/secret', { type: 'ProjectCreated', project: 'acme/secret', by: 'admin' })
    const seen: string[] = []
    for await (const message of wim.events(['run:r1', 'project:acme/hello'], 0, stop.signal)) {
      seen.push(`${message.cursor} ${message.topic} ${message.type}`)
      if (seen.length === 2) world.engine.emit('run/r1', { type: 'RunFinished', conclusion: 'success' })
      if (seen.length === 4) break
    }
    stop.abort()
    expect(seen).toEqual(['1 run:r1 RunPlanned', '1 project:acme/hello RunPlanned', '3 run:r1 RunFinished', '3 project:acme/hello RunFinished'])
  })

  it('refuses topics of foreign projects', async () => {
    const next = wim.events(['project:acme/secret'], undefined, new AbortController().signal)[Symbol.asyncIterator]().next()
    await expect(next).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('the rest of the port', () => {
  it('answers /healthz to anybody, /metrics on this machine, the registry and no UI', async () => {
    expect(await (await fetch(`${world.url}/healthz`)).json()).toEqual({ status: 'ok', version: '1.2.3' })
    expect(await (await fetch(`${world.url}/v2/`)).text()).toBe('registry')
    world.engine.emit('run/r1', { type: 'RunFinished', conclusion: 'failure' })
    const metrics = await (await fetch(`${world.url}/metrics`)).text()
    expect(metrics).toContain('pushway_http_requests_total{part="system",method="GET",code="200"} 1')
    expect(metrics).toContain('pushway_runs_finished_total{conclusion="failure"} 1')
    expect(metrics).toContain('pushway_proxy_requests_total{environment="acme/hello/production",service="web",release="r1"} 7')
    expect((await fetch(`${world.url}/metrics`, { headers: { 'x-forwarded-for': '203.0.113.9' } })).status).toBe(401)
    expect((await fetch(`${world.url}/`)).status).toBe(404)
  })

  it('does not let a path lead anywhere else', async () => {
    const status = (path: string) =>
      new Promise<number>((resolve, reject) => {
        request(`${world.url}/`, { path }, (res) => resolve(res.resume().statusCode ?? 0))
          .on('error', reject)
          .end()
      })
    for (const path of ['/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/api/v2/projects', '/%61pi/v1/projects', '//x']) expect(await status(path)).toBe(404)
  })
})
