// The Engine API (docs.docker.com/reference/api/engine), as Docker 20.10 and later and Podman's service speak it.

import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import type { z } from 'zod'
import { describeAddress, type EngineAddress } from './find.ts'
import { type EngineInfo, errorMessage, infoAnswer, parseJson, versionAnswer } from './schema.ts'
import { type EngineRequest, hijackRequest, namedBody, sendRequest, unreachable } from './transport.ts'

/** The newest version of the API that this code was written for. Older ones down to 1.41 (Engine 20.10) do. */
const newest = '1.47'
const oldest = '1.41'

export interface EngineVersion {
  readonly engine: 'docker' | 'podman'
  /** Of the engine: `20.10.24`. */
  readonly version: string
  /** Of the API, as it is spoken with this engine. */
  readonly api: string
  readonly os: string
  readonly arch: string
}

/** A raw connection to what runs in a container: written bytes are its input, read ones its output. */
export interface RawConnection {
  readonly input: NodeJS.WritableStream
  readonly output: Readable
  /** Ends the input, the output goes on. */
  endInput(): void
  destroy(): void
}

/** An answer of the engine that is no success. Callers turn those they expect into facts; others reach people as `engine-refused`. */
export class EngineRefusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'EngineRefusal'
    this.status = status
  }
}

/**
 * One engine. Every method throws `engine-unreachable` when it does not answer or goes away in the middle, and `EngineRefusal` with
 * the status and the engine's own words when it says no.
 */
export interface Engine {
  readonly address: EngineAddress
  version(): Promise<EngineVersion>
  info(signal?: AbortSignal): Promise<EngineInfo>
  /** A call whose answer is JSON of that shape. */
  call<T extends z.ZodType>(schema: T, request: EngineRequest): Promise<z.infer<T>>
  /** A call whose answer does not matter. */
  tell(request: EngineRequest): Promise<void>
  /** As `call`; undefined for 404. */
  find<T extends z.ZodType>(schema: T, request: EngineRequest): Promise<z.infer<T> | undefined>
  /** A call whose answer is a stream of bytes. */
  open(request: EngineRequest): Promise<Readable>
  /** Attach and exec. */
  hijack(request: EngineRequest): Promise<RawConnection>
}

/** How long an engine may think about a plain call. */
const answerMs = 60_000

/** A client of the engine at `address`; nothing is asked yet. */
export function createEngine(address: EngineAddress): Engine {
  let known: Promise<EngineVersion> | undefined
  const version = () => {
    known ??= negotiate(address)
    // Not remembered when it fails: the engine may come back.
    known.catch(() => {
      known = undefined
    })
    return known
  }
  const send = async (request: EngineRequest) => checked(address, await sendRequest(address, (await version()).api, request), request)
  const read = async <T extends z.ZodType>(schema: T, request: EngineRequest) => {
    const text = await textOf(address, await send({ idleMs: answerMs, ...request }), request.signal)
    return checkAnswer(schema, text, request)
  }
  return {
    address,
    version,
    info: (signal) => read(infoAnswer, { method: 'GET', path: '/info', ...(signal ? { signal } : {}) }),
    call: read,
    tell: async (request) => void (await textOf(address, await send({ idleMs: answerMs, ...request }), request.signal)),
    find: (schema, request) => read(schema, request).catch(unlessMissing),
    open: async (request) => namedBody(address, await send(request), request.signal),
    hijack: async (request) => openRaw(address, await hijackRequest(address, (await version()).api, request), request),
  }
}

/** For `catch`: a 404 is "not there". Podman says 500 of a container that goes just now. */
export function unlessMissing(error: unknown): undefined {
  if (error instanceof EngineRefusal && (error.status === 404 || /no such container/i.test(error.message))) return undefined
  throw error
}

/** Whether an engine answers at `address` within `timeoutMs`. */
export async function enginePings(address: EngineAddress, timeoutMs: number): Promise<boolean> {
  try {
    const res = await sendRequest(address, '', { method: 'GET', path: '/_ping', idleMs: timeoutMs, signal: AbortSignal.timeout(timeoutMs) })
    res.resume()
    return res.statusCode === 200
  } catch {
    return false
  }
}

async function negotiate(address: EngineAddress): Promise<EngineVersion> {
  const request: EngineRequest = { method: 'GET', path: '/version', idleMs: answerMs }
  const res = await checked(address, await sendRequest(address, '', request), request)
  const answer = checkAnswer(versionAnswer, await textOf(address, res), request)
  const api = older(answer.ApiVersion, newest)
  if (older(api, oldest) !== oldest) throw fail('engine-too-old', { where: describeAddress(address), found: answer.ApiVersion, needed: oldest })
  const podman = (answer.Components ?? []).some(({ Name }) => /podman/i.test(Name))
  return { engine: podman ? 'podman' : 'docker', version: answer.Version, api, os: answer.Os, arch: answer.Arch }
}

/** The lower one of two versions such as `1.41`. */
export function older(a: string, b: string): string {
  const [[majorA = 0, minorA = 0], [majorB = 0, minorB = 0]] = [a.split('.').map(Number), b.split('.').map(Number)]
  return majorA < majorB || (majorA === majorB && minorA < minorB) ? a : b
}

async function checked(address: EngineAddress, res: IncomingMessage, request: EngineRequest): Promise<IncomingMessage> {
  const status = res.statusCode ?? 0
  // 304: it is so already (start, stop).
  if ((status >= 200 && status < 300) || status === 304) return res
  const text = await textOf(address, res, request.signal)
  throw new EngineRefusal(status, errorMessage(text) || `status ${status}`)
}

async function textOf(address: EngineAddress, res: IncomingMessage, signal?: AbortSignal): Promise<string> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of res) chunks.push(chunk as Buffer)
  } catch (error) {
    throw unreachable(address, error as Error, signal)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function checkAnswer<T extends z.ZodType>(schema: T, text: string, { method, path }: EngineRequest): z.infer<T> {
  const result = schema.safeParse(parseJson(text))
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw fail('engine-refused', {
    what: `${method} ${path}`,
    problem: `its answer is not as the API says: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim(),
  })
}

async function openRaw(address: EngineAddress, got: Awaited<ReturnType<typeof hijackRequest>>, request: EngineRequest): Promise<RawConnection> {
  if ('head' in got) {
    const { socket, head } = got
    if (head.length > 0) socket.unshift(head)
    return { input: socket, output: socket, endInput: () => socket.end(), destroy: () => socket.destroy() }
  }
  const res = await checked(address, got, request)
  return { input: res.socket, output: res, endInput: () => res.socket.end(), destroy: () => res.destroy() }
}

/** What people read when the engine says no. */
export function refused(what: string, error: unknown): unknown {
  if (!(error instanceof EngineRefusal)) return error
  if (/no space left on device/i.test(error.message)) return fail('disk-full', { where: 'the container engine’s storage' })
  return fail('engine-refused', { what, problem: error.message })
}
