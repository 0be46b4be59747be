// JSON over a unix socket between Pushway's own processes.

import { mkdirSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { dirname } from 'node:path'

export interface JsonRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}

export interface JsonAnswer {
  readonly status: number
  readonly body: unknown
}

interface ServeOptions {
  readonly socket: string
  /** Bytes. */
  readonly maxBody: number
  readonly handle: (request: JsonRequest) => Promise<JsonAnswer>
}

/** Serves JSON on `socket`, for this user only. A socket file that is there is replaced: ask first whether somebody answers on it. */
export async function serveJson(options: ServeOptions): Promise<Server> {
  mkdirSync(dirname(options.socket), { recursive: true, mode: 0o700 })
  rmSync(options.socket, { force: true })
  const server = createServer((req, res) => {
    answerJson(req, res, options).catch((error: unknown) => send(res, { status: 500, body: { error: String(error) } }))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // With its mode from the first moment on: listening binds at once.
    const before = process.umask(0o177)
    server.listen(options.socket, resolve)
    process.umask(before)
  })
  return server
}

async function answerJson(req: IncomingMessage, res: ServerResponse, options: ServeOptions): Promise<void> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > options.maxBody) return send(res, { status: 413, body: { error: 'the request is too large' } })
    chunks.push(chunk)
  }
  let body: unknown
  try {
    body = size === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return send(res, { status: 400, body: { error: 'the request is not JSON' } })
  }
  send(res, await options.handle({ method: req.method ?? 'GET', path: req.url ?? '/', headers: req.headers, body }))
}

function send(res: ServerResponse, answer: JsonAnswer): void {
  res.writeHead(answer.status, { 'content-type': 'application/json' })
  res.end(JSON.stringify(answer.body ?? null))
}

export interface JsonCall {
  readonly socket: string
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** One call over `socket`. Rejects when nobody answers within `timeoutMs`. */
export function callJson(call: JsonCall): Promise<JsonAnswer> {
  const text = call.body === undefined ? undefined : JSON.stringify(call.body)
  const headers = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
  const options = { socketPath: call.socket, method: call.method, path: call.path, headers: { ...call.headers, ...headers }, agent: false, signal: call.signal }
  return new Promise((resolve, reject) => {
    const req = request(options, (res) => {
      let received = ''
      res.setEncoding('utf8')
      res.on('data', (chunk: string) => {
        received += chunk
      })
      res.on('error', reject)
      res.on('end', () => {
        try {
          resolve({ status: res.statusCode ?? 0, body: JSON.parse(received) })
        } catch (error) {
          reject(error)
        }
      })
    })
    req.setTimeout(call.timeoutMs, () => req.destroy(new Error(`no answer within ${call.timeoutMs} ms`)))
    req.on('error', reject)
    req.end(text)
  })
}
