// Receives GitHub's webhooks: the signature over the raw bytes first, then the delivery id, then the content.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorBody, fail, PushwayError } from '@pushway/core/reason/errors.ts'
import type { CommitId, EpochMs, ProjectName } from '@pushway/core/text/ids.ts'
import type { PushResult, RefUpdate, RemotePull } from '../ports/service.ts'
import type { WebhookSetting, WebhookStore } from '../ports/webhooks.ts'
import { sendAnswer } from '../util/early-answer.ts'
import { isProjectName } from './names.ts'
import { parseWebhookPull, parseWebhookPush } from './webhook-schema.ts'

/** GitHub's own limit of a delivery. */
const MAX_BODY = 25 * 1024 * 1024
/** A body that takes longer to come is refused. */
const MAX_MS = 60_000
const signatureForm = /^sha256=([0-9a-f]{64})$/

export interface WebhookServer {
  readonly webhooks: WebhookStore
  readonly now: () => EpochMs
  fetchCommit(project: ProjectName, remote: string, wanted: { readonly ref: string; readonly sha: CommitId | null }): Promise<void>
  hasCommit(project: ProjectName, commit: CommitId): Promise<boolean>
  receivePush(project: ProjectName, updates: readonly RefUpdate[], by: string): Promise<PushResult>
  /** Gives the runs that it started. */
  receivePull(
    project: ProjectName,
    pull: RemotePull,
    activity: { readonly action: string; readonly by: string },
  ): Promise<readonly { id: string; number: number }[]>
}

interface Answer {
  readonly status: number
  readonly body: string
}

/** The handler of `POST /hooks/{provider}/{owner}/{repo}`. */
export function createWebhookHandler(server: WebhookServer): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  const running = new Map<string, Promise<Answer>>()
  return async (req, res) => {
    const answer = await receive(server, running, req).catch((error: unknown) => {
      if (error instanceof PushwayError) return refusal(error)
      throw error
    })
    sendAnswer(req, res, { ...answer, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } })
  }
}

async function receive(server: WebhookServer, running: Map<string, Promise<Answer>>, req: IncomingMessage): Promise<Answer> {
  const [, , provider = '', owner = '', repo = ''] = (req.url ?? '').replace(/\?.*$/, '').split('/')
  const project = `${owner}/${repo}`
  if (provider === 'gitea' || provider === 'gitlab') throw fail('not-yet', { what: `A webhook of ${provider}` })
  if (provider !== 'github' || req.method !== 'POST') throw fail('not-found', { what: 'webhook', name: req.url ?? '' })
  // Without a signature the body is not even read.
  if (!signatureForm.test(header(req, 'x-hub-signature-256') ?? '')) throw fail('signature-wrong')
  const body = await readLimited(req, MAX_BODY)
  const setting = isProjectName(project) ? server.webhooks.webhook(project) : undefined
  if (!isSigned(setting, body, header(req, 'x-hub-signature-256')) || !setting) throw fail('signature-wrong')

  const event = header(req, 'x-github-event') ?? ''
  if (event === 'ping') return json(200, { ok: true, message: 'pong' })
  if (event !== 'push' && event !== 'pull_request') return json(202, { ok: true, message: `The event "${event.slice(0, 100)}" starts nothing.` })
  const id = header(req, 'x-github-delivery') ?? ''
  if (!/^[A-Za-z0-9-]{1,100}$/.test(id)) throw fail('webhook-invalid', { problem: 'the header X-GitHub-Delivery is missing' })
  return once(server, running, { project, id, body, setting, event })
}

interface Delivery {
  readonly project: ProjectName
  readonly id: string
  readonly body: Buffer
  readonly setting: WebhookSetting
  readonly event: 'push' | 'pull_request'
}

/** One delivery is worked on once: its repetition gets the same answer, also while the first is still on its way. */
async function once(server: WebhookServer, running: Map<string, Promise<Answer>>, delivery: Delivery): Promise<Answer> {
  const { project, id, body } = delivery
  const bodyHash = createHash('sha256').update(body).digest('hex')
  const known = server.webhooks.delivery(project, id, bodyHash)
  if (known) {
    if (known.bodyHash !== bodyHash) throw fail('webhook-invalid', { problem: `the delivery ${id} came before with another body` })
    return { status: known.status, body: known.answer }
  }
  const key = `${project} ${bodyHash}`
  const present = running.get(key)
  if (present) return present
  const work = deliver(server, delivery).then((answer) => {
    server.webhooks.rememberDelivery(project, { id, at: server.now(), bodyHash, status: answer.status, answer: answer.body })
    return answer
  })
  running.set(key, work)
  // A failure is not remembered: redelivering it is how it is tried again.
  return work.finally(() => running.delete(key))
}

async function deliver(server: WebhookServer, delivery: Delivery): Promise<Answer> {
  const { project, body, setting } = delivery
  if (delivery.event === 'pull_request') return deliverPull(server, delivery)
  const { update, by } = parseWebhookPush(body)
  await server.fetchCommit(project, setting.remote, { ref: update.ref, sha: update.after })
  const result = await server.receivePush(project, [update], by)
  return json(200, { ok: true, runs: result.runs.map((run) => ({ id: run.id, number: run.number })), problems: result.problems })
}

/** The commits come from the configured remote, where a fork's are under `refs/pull/N/head`; the address in the delivery is never asked. */
async function deliverPull(server: WebhookServer, { project, body, setting }: Delivery): Promise<Answer> {
  const { pull, action, by } = parseWebhookPull(body)
  if (pull.state === 'open') {
    // A base that is known may have moved on since the delivery was made.
    if (!(await server.hasCommit(project, pull.base.sha)))
      await server.fetchCommit(project, setting.remote, { ref: `refs/heads/${pull.base.ref}`, sha: pull.base.sha })
    await server.fetchCommit(project, setting.remote, { ref: `refs/pull/${pull.number}/head`, sha: pull.head.sha })
  }
  const runs = await server.receivePull(project, pull, { action, by })
  return json(200, { ok: true, runs, problems: [] })
}

/** Whether the header is the HMAC of exactly these bytes. Takes as long without a setting, so that it does not tell which projects have one. */
function isSigned(setting: WebhookSetting | undefined, body: Buffer, signature: string | undefined): boolean {
  const wanted = createHmac('sha256', setting?.secret.reveal() ?? 'none')
    .update(body)
    .digest()
  const given = signatureForm.exec(signature ?? '')?.[1]
  return given !== undefined && timingSafeEqual(Buffer.from(given, 'hex'), wanted) && setting !== undefined
}

/** The whole body; one that is larger is not read to its end. */
async function readLimited(req: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > limit) throw fail('body-too-large', { limit })
  const chunks: Buffer[] = []
  let size = 0
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(fail('webhook-invalid', { problem: 'its body did not come in time' })), MAX_MS)
    req.on('close', () => clearTimeout(timer))
    req.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) chunks.push(chunk)
      else {
        clearTimeout(timer)
        req.pause()
        req.removeAllListeners('data')
        reject(fail('body-too-large', { limit }))
      }
    })
    req.on('end', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks))
    })
    req.on('error', reject)
  })
}

function header(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name]
  return typeof value === 'string' ? value : undefined
}

function json(status: number, value: unknown): Answer {
  return { status, body: JSON.stringify(value) }
}

function refusal(error: PushwayError): Answer {
  return json(error.http, errorBody(error))
}
