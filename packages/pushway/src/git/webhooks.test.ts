import { createHmac } from 'node:crypto'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RefUpdate } from '../ports/service.ts'
import type { AnsweredDelivery, WebhookStore } from '../ports/webhooks.ts'
import { Secret } from '../util/secret.ts'
import { createWebhookHandler } from './webhooks.ts'

const after = 'a'.repeat(40)
const push = {
  ref: 'refs/heads/main',
  before: '0'.repeat(40),
  after,
  deleted: false,
  pusher: { name: 'ana' },
  repository: { clone_url: 'http://evil.example/x' },
}

let server: Server
let url: string
let fetched: string[]
let pulls: unknown[]
let received: { project: string; updates: readonly RefUpdate[]; by: string }[]

function memoryStore(): WebhookStore {
  const deliveries = new Map<string, AnsweredDelivery>()
  return {
    setWebhook: () => {},
    webhook: (project) => (project === 'acme/hello' ? { remote: 'https://example.org/hello.git', secret: new Secret('s3cret') } : undefined),
    delivery: (_, id, hash) => deliveries.get(id) ?? [...deliveries.values()].find((d) => d.bodyHash === hash),
    rememberDelivery: (_, { id, bodyHash, status, answer }) => void deliveries.set(id, { bodyHash, status, answer }),
  }
}

beforeEach(async () => {
  fetched = []
  pulls = []
  received = []
  const handler = createWebhookHandler({
    webhooks: memoryStore(),
    now: () => 0,
    fetchCommit: async (_, remote, { ref, sha }) => void fetched.push(`${remote} ${ref} ${sha}`),
    receivePush: async (project, updates, by) => {
      received.push({ project, updates, by })
      return { runs: [], problems: [`push ${received.length}`] }
    },
    hasCommit: async (_, commit) => commit === after,
    receivePull: async (_, pull, activity) => {
      pulls.push({ pull, activity })
      return [{ id: 'r1', number: 1 }]
    },
  })
  server = createServer((req, res) => void handler(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

interface Sent {
  readonly body?: unknown
  readonly signature?: string | null
  readonly id?: string
  readonly event?: string
  readonly path?: string
}

async function send({ body = push, signature, id = 'd-1', event = 'push', path = '/hooks/github/acme/hello' }: Sent = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const right = `sha256=${createHmac('sha256', 's3cret').update(text).digest('hex')}`
  const sign: Record<string, string> = signature === null ? {} : { 'x-hub-signature-256': signature ?? right }
  const answer = await fetch(url + path, { method: 'POST', body: text, headers: { 'x-github-delivery': id, 'x-github-event': event, ...sign } })
  const json = (await answer.json()) as { error?: { code: string; message: string }; problems?: string[] }
  return { status: answer.status, code: json.error?.code, message: json.error?.message, problems: json.problems }
}

describe('a delivery', () => {
  it('fetches from the configured remote, never from the payload, and starts the push', async () => {
    expect(await send()).toMatchObject({ status: 200 })
    expect(fetched).toEqual([`https://example.org/hello.git refs/heads/main ${after}`])
    expect(received).toEqual([{ project: 'acme/hello', updates: [{ ref: 'refs/heads/main', before: null, after }], by: 'ana' }])
  })

  it('of a deleted branch', async () => {
    await send({ body: { ...push, before: after, after: '0'.repeat(40), deleted: true } })
    expect(received[0]?.updates).toEqual([{ ref: 'refs/heads/main', before: after, after: null }])
  })

  it('delivered again is answered alike and starts nothing', async () => {
    const [first, again] = [await send(), await send()]
    expect(again).toEqual(first)
    expect(received.length).toBe(1)
  })

  it('replayed under another id starts nothing either', async () => {
    const [first, replayed] = [await send(), await send({ id: 'd-2' })]
    expect(replayed).toEqual(first)
    expect(received.length).toBe(1)
  })

  it('sent twice at once is worked on once', async () => {
    await Promise.all([send(), send(), send({ id: 'd-3' })])
    expect(received.length).toBe(1)
  })

  it('with a known id and another body is refused', async () => {
    await send()
    expect(await send({ body: { ...push, ref: 'refs/heads/other' } })).toMatchObject({ status: 400, code: 'webhook-invalid' })
    expect(received.length).toBe(1)
  })

  it('ping and other events start nothing', async () => {
    expect(await send({ event: 'ping', body: { zen: 'x' } })).toMatchObject({ status: 200 })
    expect(await send({ event: 'issues', body: {} })).toMatchObject({ status: 202 })
    expect(received).toEqual([])
  })
})

describe('a bad delivery', () => {
  it.each<[string, Sent]>([
    ['missing', { signature: null }],
    ['wrong', { signature: `sha256=${'0'.repeat(64)}` }],
    ['of the wrong shape', { signature: 'sha1=abc' }],
    ['of a project without a webhook', { path: '/hooks/github/acme/none' }],
  ])('signature %s: 401, before anything is parsed', async (_, sent) => {
    expect(await send({ body: 'not json', ...sent })).toMatchObject({ status: 401, code: 'signature-wrong' })
    expect(received).toEqual([])
  })

  it.each<[string, unknown, string]>([
    ['no JSON', 'x', 'not JSON'],
    ['null', 'null', 'the body'],
    ['a null ref', { ...push, ref: null }, 'ref'],
    ['a number as commit', { ...push, after: 7 }, 'after'],
    ['a null pusher', { ...push, pusher: null }, 'pusher'],
    ['a ref that is an option', { ...push, ref: '--upload-pack=x' }, 'ref'],
    ['a ref that leads out', { ...push, ref: 'refs/heads/../../x' }, 'ref'],
  ])('%s: 400 with the field', async (_, body, field) => {
    const answer = await send({ body })
    expect(answer).toMatchObject({ status: 400, code: 'webhook-invalid' })
    expect(answer.message).toContain(field)
  })

  it.each(['gitea', 'gitlab'])('%s: not yet', async (provider) => {
    expect(await send({ path: `/hooks/${provider}/acme/hello` })).toMatchObject({ status: 501, code: 'not-yet' })
  })

  it.each([
    ['announced', true],
    ['unannounced', false],
  ])('50 MB %s: 413 without reading it all', async (_, announced) => {
    const size = 50 * 1024 * 1024
    const sent = await new Promise<{ status: number; bytes: number }>((resolve, reject) => {
      const req = request(
        `${url}/hooks/github/acme/hello`,
        { method: 'POST', headers: { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}`, ...(announced ? { 'content-length': size } : {}) } },
        (res) => {
          res.resume()
          const bytes = req.socket?.bytesWritten ?? 0
          req.destroy()
          resolve({ status: res.statusCode ?? 0, bytes })
        },
      )
      req.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' || error.code === 'ECONNRESET' ? undefined : reject(error)))
      const chunk = Buffer.alloc(1024 * 1024)
      const write = (left: number): void => {
        if (left > 0 && !req.destroyed) req.write(chunk, () => setImmediate(() => write(left - chunk.length)))
      }
      write(size)
    })
    expect(sent.status).toBe(413)
    expect(sent.bytes).toBeLessThan(size)
    expect(received).toEqual([])
  })
})

describe('a delivery of a pull request', () => {
  const head = 'b'.repeat(40)
  const side = (ref: string, sha: string, name: string | null) => ({
    ref,
    sha,
    repo: name === null ? null : { full_name: name, clone_url: 'http://evil.example/x' },
  })
  const pullOf = (from: string | null, more: object = {}) => ({
    action: 'opened',
    number: 7,
    sender: { login: 'eve' },
    pull_request: {
      title: 'T',
      body: null,
      state: 'open',
      draft: false,
      merged: false,
      head: side('topic', head, from),
      base: side('main', after, 'acme/hello'),
      ...more,
    },
  })

  it.each([
    ['acme/hello', undefined],
    ['eve/hello', 'eve/hello'],
    [null, 'unknown/unknown'],
  ])('of %s: its commit comes from the configured remote; fork: %s', async (from, fork) => {
    expect(await send({ event: 'pull_request', body: pullOf(from) })).toMatchObject({ status: 200 })
    expect(fetched).toEqual([`https://example.org/hello.git refs/pull/7/head ${head}`])
    expect(pulls).toEqual([
      {
        pull: {
          ...{ number: 7, title: 'T', body: '', state: 'open', draft: false, merged: null },
          ...{ head: { ref: 'topic', sha: head }, base: { ref: 'main', sha: after } },
          ...(fork ? { fork } : {}),
        },
        activity: { action: 'opened', by: 'eve' },
      },
    ])
  })

  it('fetches a base that is not known yet; a closed one fetches nothing', async () => {
    await send({ event: 'pull_request', id: 'd-2', body: pullOf('acme/hello', { base: side('main', 'c'.repeat(40), 'acme/hello') }) })
    expect(fetched[0]).toBe(`https://example.org/hello.git refs/heads/main ${'c'.repeat(40)}`)
    fetched = []
    await send({
      event: 'pull_request',
      id: 'd-3',
      body: { ...pullOf('acme/hello', { state: 'closed', merged: true, merge_commit_sha: after }), action: 'closed' },
    })
    expect(fetched).toEqual([])
    expect(pulls.at(-1)).toMatchObject({ pull: { merged: after } })
  })

  it.each([
    [{ ref: '../x', sha: head }, 'pull_request.head.ref: must be the name of a branch'],
    [{ ref: 'topic', sha: 'x' }, 'pull_request.head.sha: must be 40 hexadecimal digits'],
  ])('refuses %j', async (wrong, problem) => {
    expect(await send({ event: 'pull_request', body: pullOf('acme/hello', { head: { ...wrong, repo: null } }) })).toMatchObject({
      code: 'webhook-invalid',
      message: expect.stringContaining(problem),
    })
  })
})
