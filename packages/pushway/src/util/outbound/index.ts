// The one client for requests that leave this machine. The address that was checked is the one that is connected to; redirects are checked again.

import { lookup as resolveName } from 'node:dns'
import { type IncomingHttpHeaders, type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { Readable } from 'node:stream'
import { fail, PushwayError } from '@pushway/core/reason/errors.ts'
import type { Milliseconds } from '@pushway/core/text/ids.ts'
import { isPublicAddress } from './addresses.ts'

export interface OutboundRequest {
  readonly url: URL
  /** GET when absent. */
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes can be sent again after a redirect that asks for it. */
  readonly body?: Uint8Array
  readonly signal?: AbortSignal
}

export interface OutboundAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Read it to the end, or destroy it. It fails when nothing comes for the time of silence. */
  readonly body: Readable
  /** Where the answer came from, after redirects. */
  readonly url: URL
}

/** Sends a request. @throws PushwayError `address-refused`, `server-unreachable` */
export type Outbound = (request: OutboundRequest) => Promise<OutboundAnswer>

export interface OutboundRules {
  /** `host:port` of addresses that an administrator has configured and that may be private. */
  readonly allowPrivate?: readonly string[]
  /** 5 when absent; 0 gives redirects to the caller. */
  readonly mostRedirects?: number
  /** How long a connection may be silent; 30 s when absent. */
  readonly silenceMs?: Milliseconds
}

/** A client with its own connections, kept open between requests. */
export function createOutbound(rules: OutboundRules = {}): Outbound {
  const agents = new Map<string, PlainAgent | TlsAgent>()
  const allowed = new Set(rules.allowPrivate ?? [])
  const mostRedirects = rules.mostRedirects ?? 5
  const agentOf = (url: URL): PlainAgent | TlsAgent => {
    const open = allowed.has(addressOf(url))
    const key = `${url.protocol} ${open}`
    const known = agents.get(key)
    if (known) return known
    const options = { keepAlive: true, maxSockets: 64, timeout: rules.silenceMs ?? 30_000, ...(open ? {} : { lookup: publicLookup }) }
    const made = url.protocol === 'https:' ? new TlsAgent(options) : new PlainAgent(options)
    agents.set(key, made)
    return made
  }
  return async (first) => {
    let request = first
    for (let redirects = 0; ; redirects++) {
      checkUrl(request.url, allowed)
      const answer = await sendOnce(request, agentOf(request.url), rules.silenceMs ?? 30_000)
      const next = mostRedirects === 0 ? undefined : redirectOf(request, answer)
      if (!next) return { status: answer.statusCode ?? 0, headers: answer.headers, body: answer, url: request.url }
      answer.resume()
      if (redirects >= mostRedirects) throw fail('address-refused', { url: first.url.href, problem: `it redirects more than ${mostRedirects} times` })
      request = next
    }
  }
}

function addressOf(url: URL): string {
  return `${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`
}

/** What can be said without asking a name server; names are judged when they are resolved. */
function checkUrl(url: URL, allowed: ReadonlySet<string>): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw fail('address-refused', { url: url.href, problem: 'only http and https are' })
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && !isPublicAddress(host) && !allowed.has(addressOf(url)))
    throw fail('address-refused', { url: url.origin, problem: `${host} is not an address of the open Internet` })
}

/** The connection is made to what is checked here: a second question to the name server could be answered otherwise. */
const publicLookup: LookupFunction = (hostname, options, done) => {
  resolveName(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return done(error, '', 0)
    const found = addresses.find(({ address }) => isPublicAddress(address))
    const refused = fail('address-refused', { url: hostname, problem: `${addresses[0]?.address ?? 'it'} is not an address of the open Internet` })
    if (!found) return done(refused, '', 0)
    if (options.all) return done(null, [found])
    done(null, found.address, found.family)
  })
}

function sendOnce({ url, method = 'GET', headers = {}, body, signal }: OutboundRequest, agent: PlainAgent, silenceMs: Milliseconds): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const length = body || method === 'PUT' || method === 'POST' ? { 'content-length': String(body?.length ?? 0) } : {}
    const options = { method, agent, headers: { ...length, ...headers }, ...(signal ? { signal } : {}) }
    const req = url.protocol === 'https:' ? tlsRequest(url, options, resolve) : plainRequest(url, options, resolve)
    req.setTimeout(silenceMs, () => req.destroy(Object.assign(new Error(`silent for ${silenceMs / 1000} s`), { code: 'ETIMEDOUT' })))
    req.once('error', (error: NodeJS.ErrnoException) =>
      reject(error instanceof PushwayError ? error : fail('server-unreachable', { url: url.origin, problem: error.code ?? error.message })),
    )
    req.end(body)
  })
}

/** The request that an answer asks for instead. A credential stays with the origin it was meant for. */
function redirectOf(request: OutboundRequest, answer: IncomingMessage): OutboundRequest | undefined {
  const { statusCode = 0, headers } = answer
  if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined || !URL.canParse(headers.location, request.url.href)) return undefined
  const url = new URL(headers.location, request.url)
  const kept = Object.entries(request.headers ?? {}).filter(([name]) => url.origin === request.url.origin || !/^(authorization|cookie)$/i.test(name))
  const method = request.method ?? 'GET'
  // As browsers do: 301 to 303 turn everything but HEAD into GET.
  const asGet = statusCode <= 303 && method !== 'HEAD' && method !== 'GET'
  const { body, ...rest } = request
  return { ...rest, url, headers: Object.fromEntries(kept), method: asGet ? 'GET' : method, ...(body && !asGet ? { body } : {}) }
}
