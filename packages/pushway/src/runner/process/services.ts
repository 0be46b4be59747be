// The caller's side of the results service: its calls, and files to and from it. Speaks what GitHub's toolkit speaks.

import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { ActionFailure } from '../actions/types.ts'
import type { Env } from './kit.ts'

export interface Services {
  /** `method`: `CacheService/CreateCacheEntry`. `undefined`: refused with one of the codes in `allowed`. @throws ActionFailure */
  call(method: string, request: object, allowed?: readonly string[]): Promise<Record<string, unknown> | undefined>
  /** As the token says them: of this run and job. */
  readonly ids: { readonly workflow_run_backend_id: string; readonly workflow_job_run_backend_id: string }
}

const blockBytes = 16 << 20
const attempts = 4

/** @throws ActionFailure when the job has no such services */
export function connectServices(env: Env): Services {
  const { ACTIONS_RESULTS_URL: url, ACTIONS_RUNTIME_TOKEN: token } = env
  if (!url || !token) throw new ActionFailure('This job has no services for artifacts and caches.')
  const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as { scp?: string }
  const [, run = '', job = ''] = String(payload.scp).split(':')
  return {
    ids: { workflow_run_backend_id: run, workflow_job_run_backend_id: job },
    async call(method, request, allowed = []) {
      const address = new URL(`/twirp/github.actions.results.api.v1.${method}`, url)
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const answer = await repeat(() => fetch(address, { method: 'POST', headers, body: JSON.stringify(request) }))
      const body = (await answer.json()) as Record<string, unknown>
      if (answer.ok) return body
      if (allowed.includes(String(body.code))) return undefined
      throw new ActionFailure(`${method.split('/')[1]} was refused: ${String(body.msg)}.`)
    },
  }
}

/** Answers of 5xx and broken connections are tried again. */
async function repeat(send: () => Promise<Response>): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const answer = await send().catch((error: Error) => error)
    const good = answer instanceof Response && answer.status < 500
    if (good) return answer
    if (attempt === attempts) throw new ActionFailure(`The services did not answer: ${answer instanceof Response ? answer.status : reason(answer)}.`)
    await sleep(250 * 4 ** (attempt - 1))
  }
}

function reason(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message
}

/** Sends a file in blocks; gives its size and sha256. */
export async function sendFile(url: string, file: string): Promise<{ readonly size: number; readonly digest: string }> {
  const handle = await open(file, 'r')
  const hash = createHash('sha256')
  const blocks: string[] = []
  let size = 0
  try {
    for (;;) {
      const bytes = Buffer.alloc(blockBytes)
      const { bytesRead } = await handle.read(bytes, 0, blockBytes, size)
      if (bytesRead === 0) break
      const body = bytes.subarray(0, bytesRead)
      const id = Buffer.from(`block-${String(blocks.length).padStart(6, '0')}`).toString('base64')
      await put(`${url}&comp=block&blockid=${encodeURIComponent(id)}`, body)
      hash.update(body)
      blocks.push(id)
      size += bytesRead
    }
  } finally {
    await handle.close()
  }
  const list = blocks.map((id) => `<Latest>${id}</Latest>`).join('')
  await put(`${url}&comp=blocklist`, Buffer.from(`<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`))
  return { size, digest: `sha256:${hash.digest('hex')}` }
}

async function put(url: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
  const answer = await repeat(() => fetch(url, { method: 'PUT', body, headers: { 'x-ms-blob-type': 'BlockBlob' } }))
  const text = await answer.text()
  if (!answer.ok) throw new ActionFailure(`The upload was refused: ${/<Message>(.*?)<\/Message>/.exec(text)?.[1] ?? answer.status}`)
}

/** Writes what an address gives to a file; its sha256. @throws ActionFailure when less came than was announced */
export async function fetchFile(url: string, file: string): Promise<string> {
  const answer = await repeat(() => fetch(url))
  if (!answer.ok || !answer.body) throw new ActionFailure(`The download was refused with ${answer.status}.`)
  await pipeline(Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]), createWriteStream(file)).catch((error: Error) => {
    throw new ActionFailure(`The download broke off: ${reason(error)}.`)
  })
  const wanted = Number(answer.headers.get('content-length') ?? Number.NaN)
  const { size } = await stat(file)
  if (!Number.isNaN(wanted) && wanted !== size) throw new ActionFailure(`The download broke off: ${size} of ${wanted} bytes came.`)
  return digestFile(file)
}

async function digestFile(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return `sha256:${hash.digest('hex')}`
}
