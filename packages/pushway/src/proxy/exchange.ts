// One HTTP request on its way through the proxy: to a target, and its answer back, both streaming.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import { systemClock } from '../util/clock.ts'
import { answerItself } from './answers.ts'
import { answeredHeaders, forwardedHeaders } from './headers.ts'
import type { LiveRoute, Target } from './route.ts'

const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])
const mostTries = 3

/** Says whether answers must end their connection: this process is leaving. */
export interface Leaving {
  readonly leaving: boolean
}

/** Brings a request to a target of `route`. */
export function forwardRequest(route: LiveRoute, req: IncomingMessage, res: ServerResponse & Leaving): void {
  const path = originForm(req.url ?? '')
  if (path === undefined) answerItself(req, res, 'bad-request')
  else new Exchange(route, { req, res }, path).start()
}

/** The path and query of a request target; absolute addresses lose their origin (RFC 9112 §3.2). */
function originForm(url: string): string | undefined {
  if (url.charCodeAt(0) === 47) return url
  const absolute = /^https?:\/\/[^/?#]+(.*)$/i.exec(url)
  if (absolute === null) return undefined
  const rest = absolute[1] as string
  return rest.startsWith('/') ? rest : `/${rest}`
}

class Exchange {
  readonly #route: LiveRoute
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #path: string
  readonly #hasBody: boolean
  readonly #begun = performance.now()
  #target: Target | undefined
  #tried: Set<Target> | undefined
  #tries = 0
  #ended = false
  #status = 0
  #abort: ((error?: Error) => void) | undefined
  #resume: (() => void) | undefined
  #stopWaiting: (() => void) | undefined

  constructor(route: LiveRoute, { req, res }: { req: IncomingMessage; res: ServerResponse }, path: string) {
    this.#route = route
    this.#req = req
    this.#res = res
    this.#path = path
    const length = req.headers['content-length']
    this.#hasBody = req.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
  }

  start(): void {
    this.#res.on('close', () => this.#clientClosed())
    this.#res.on('drain', () => this.#resume?.())
    this.#stopWaiting = this.#route.acquire((target) => this.#send(target))
  }

  #send(target: Target | undefined): void {
    this.#stopWaiting = undefined
    if (this.#ended) return
    if (target === undefined) {
      this.#ended = true
      answerItself(this.#req, this.#res, 'no-target')
      return
    }
    this.#target = target
    this.#tries++
    this.#route.begin(target)
    const options: Dispatcher.DispatchOptions = {
      path: this.#path,
      method: (this.#req.method ?? 'GET') as Dispatcher.HttpMethod,
      headers: forwardedHeaders(this.#req.rawHeaders, this.#req.socket.remoteAddress, this.#req.headers.host),
      body: this.#hasBody ? this.#req : null,
    }
    target.pool.dispatch(options, this)
  }

  // What undici calls while the target answers.

  onConnect(abort: (error?: Error) => void): void {
    if (this.#ended) abort()
    else this.#abort = abort
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void, message: string): boolean {
    // 1xx: only the final answer passes.
    if (status < 200) return true
    this.#status = status
    this.#resume = resume
    const res = this.#res as ServerResponse & Leaving
    if (res.leaving) res.shouldKeepAlive = false
    res.writeHead(status, message, answeredHeaders(raw))
    // The head must not wait for a body that may come much later.
    setImmediate(flushHead, res)
    return true
  }

  onData(chunk: Buffer): boolean {
    return this.#res.write(chunk)
  }

  onComplete(trailers: unknown): void {
    if (Array.isArray(trailers) && trailers.length > 0) this.#res.addTrailers(pairs(trailers))
    this.#res.end()
    this.#finish(this.#status >= 500)
  }

  onError(error: Error & { code?: string }): void {
    if (this.#ended) {
      this.#leave()
    } else if (this.#res.headersSent) {
      this.#finish(true)
      // The client must see that the answer is not whole.
      this.#res.socket?.resetAndDestroy()
    } else if (this.#mayRetry(error)) {
      this.#retry()
    } else {
      this.#finish(true)
      this.#answerFailure(error)
    }
  }

  #answerFailure(error: { code?: string }): void {
    answerItself(this.#req, this.#res, error.code === 'UND_ERR_HEADERS_TIMEOUT' ? 'target-slow' : 'target-failed')
  }

  #mayRetry(error: Error & { code?: string }): boolean {
    if (this.#tries >= mostTries) return false
    if (isRefusal(error)) {
      if (this.#target !== undefined) this.#route.putAside(this.#target)
      return !this.#req.readableDidRead || !this.#hasBody
    }
    const lost = error.code === 'UND_ERR_SOCKET' || error.code === 'ECONNRESET' || error.code === 'EPIPE'
    return lost && !this.#hasBody && idempotent.has(this.#req.method ?? '')
  }

  #retry(): void {
    const last = this.#target
    this.#leave()
    this.#abort = undefined
    this.#tried ??= new Set()
    if (last !== undefined) this.#tried.add(last)
    const other = this.#route.choose(this.#tried)
    if (other !== undefined) this.#send(other)
    else this.#stopWaiting = this.#route.acquire((target) => this.#send(target))
  }

  #clientClosed(): void {
    this.#stopWaiting?.()
    if (this.#ended) return
    // Its client is gone: nobody's failure, so nothing is counted.
    this.#ended = true
    if (this.#abort !== undefined) this.#abort()
    else this.#leave()
  }

  #finish(failed: boolean): void {
    if (this.#ended) return
    this.#ended = true
    this.#target?.counts.add(systemClock.now(), performance.now() - this.#begun, failed)
    this.#leave()
  }

  #leave(): void {
    const target = this.#target
    this.#target = undefined
    if (target !== undefined) this.#route.end(target)
  }
}

function flushHead(res: ServerResponse): void {
  if (!res.writableEnded && !res.destroyed) res.flushHeaders()
}

/** The connection was never made: nothing reached the target. */
export function isRefusal(error: Error & { code?: string }): boolean {
  return (
    error.code === 'ECONNREFUSED' ||
    error.code === 'UND_ERR_CONNECT_TIMEOUT' ||
    error.code === 'EHOSTUNREACH' ||
    error.code === 'ENETUNREACH' ||
    error.code === 'ENOTFOUND'
  )
}

function pairs(raw: readonly unknown[]): [string, string][] {
  const all: [string, string][] = []
  for (let i = 0; i + 1 < raw.length; i += 2) all.push([String(raw[i]), String(raw[i + 1])])
  return all
}
