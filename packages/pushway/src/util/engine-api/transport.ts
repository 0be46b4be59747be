// HTTP to the engine, over a unix socket or TCP (with TLS), as node:http speaks it.

import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { type Readable, Readable as ReadableStream } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fail, PushwayError } from '@pushway/core/reason/errors.ts'
import { describeAddress, type EngineAddress } from './find.ts'

export interface EngineRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  /** Below the version: `/containers/json`. */
  readonly path: string
  /** Members that are undefined are left out; objects are written as JSON, as the engine's filters are. */
  readonly query?: Readonly<Record<string, string | number | boolean | object | undefined>>
  readonly headers?: Readonly<Record<string, string>>
  /** Anything JSON, or bytes as they are. */
  readonly body?: unknown
  readonly stream?: Readable
  /** How long the engine may be silent; it is not limited when absent. */
  readonly idleMs?: number
  readonly signal?: AbortSignal
}

/** `/v1.41/containers/json?all=true`. */
function requestPath(version: string, { path, query = {} }: Pick<EngineRequest, 'path' | 'query'>): string {
  const words = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) words.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value))
  }
  const text = words.toString()
  return `${version === '' ? '' : `/v${version}`}${path}${text === '' ? '' : `?${text}`}`
}

/** Sends a request; gives the answer's head, its body still to be read. @throws PushwayError `engine-unreachable` */
export async function sendRequest(address: EngineAddress, version: string, wanted: EngineRequest): Promise<IncomingMessage> {
  const { json, headers } = bodyOf(wanted)
  const req = open(address, version, { ...wanted, headers })
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    req.once('response', resolve)
    req.once('error', (error) => reject(unreachable(address, error, wanted.signal)))
  })
  if (wanted.stream === undefined) {
    req.end(json)
    return answer
  }
  // An engine that refuses early answers while we still send: its answer says more than the broken pipe.
  const sending = pipeline(wanted.stream, req).catch((error: unknown) => {
    if (error instanceof PushwayError) req.destroy(error)
  })
  const got = await answer
  void sending
  return got
}

/** Asks for a raw connection (`Upgrade: tcp`): attach and exec. Engines answer 101, older ones and Podman 200. */
export function hijackRequest(address: EngineAddress, version: string, wanted: EngineRequest): Promise<{ socket: Socket; head: Buffer } | IncomingMessage> {
  const { json, headers } = bodyOf(wanted)
  const req = open(address, version, { ...wanted, headers: { ...headers, connection: 'Upgrade', upgrade: 'tcp' } })
  return new Promise((resolve, reject) => {
    req.once('upgrade', (_res, socket: Socket, head: Buffer) => resolve({ socket, head }))
    req.once('response', (res) => resolve(res))
    req.once('error', (error) => reject(unreachable(address, error, wanted.signal)))
    req.end(json)
  })
}

function bodyOf({ body, headers = {} }: EngineRequest): { readonly json: string | Uint8Array | undefined; readonly headers: Record<string, string> } {
  if (body === undefined) return { json: undefined, headers: { ...headers } }
  const json = body instanceof Uint8Array ? body : JSON.stringify(body)
  const type = body instanceof Uint8Array ? 'application/x-tar' : 'application/json'
  return { json, headers: { 'content-type': type, 'content-length': String(Buffer.byteLength(json)), ...headers } }
}

function open(address: EngineAddress, version: string, wanted: EngineRequest): ClientRequest {
  const { method, signal, headers } = wanted
  const common: RequestOptions = {
    method,
    path: requestPath(version, wanted),
    agent: false,
    headers: { host: 'engine', ...headers },
    ...(signal ? { signal } : {}),
  }
  const req = address.kind === 'unix' ? httpRequest({ ...common, socketPath: address.path }) : openTcp(address, common)
  if (wanted.idleMs !== undefined) req.setTimeout(wanted.idleMs, () => req.destroy(new Error(`no answer within ${wanted.idleMs} ms`)))
  return req
}

function openTcp(address: Extract<EngineAddress, { kind: 'tcp' }>, common: RequestOptions): ClientRequest {
  const place = { ...common, host: address.host, port: address.port }
  const { tls } = address
  if (tls === undefined) return httpRequest(place)
  return httpsRequest({ ...place, ca: tls.ca, cert: tls.cert, key: tls.key, rejectUnauthorized: tls.verify })
}

/** What a broken connection is called; an abort stays what it is. */
export function unreachable(address: EngineAddress, error: Error, signal?: AbortSignal): Error {
  if (signal?.aborted || error instanceof PushwayError) return error
  const { code } = error as NodeJS.ErrnoException
  const said: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such socket',
    ECONNREFUSED: 'nobody listens there',
    EACCES: 'this user may not use the socket',
    ECONNRESET: 'the connection broke',
    EPIPE: 'the connection broke',
  }
  return fail('engine-unreachable', { where: describeAddress(address), problem: said[code ?? ''] ?? error.message })
}

/** An answer's body whose break is named. */
export function namedBody(address: EngineAddress, res: IncomingMessage, signal?: AbortSignal): Readable {
  const read = async function* () {
    try {
      for await (const chunk of res) yield chunk as Buffer
    } catch (error) {
      throw unreachable(address, error as Error, signal)
    }
  }
  return ReadableStream.from(read(), { objectMode: false })
}
