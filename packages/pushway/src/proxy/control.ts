// What the control plane may ask of the proxy: JSON over its unix socket.

import { readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import type { Server } from 'node:http'
import { basename } from 'node:path'
import { errorBody, PushwayError } from '@pushway/core/reason/errors.ts'
import { type ProxyHello, proxyProtocol } from '../util/control-socket.ts'
import { callJson, type JsonAnswer, type JsonRequest, serveJson } from '../util/json-socket.ts'
import { readLaunch, readRoute } from './schema.ts'
import type { RouteTable } from './table.ts'
import type { Traffic } from './traffic.ts'

export interface Controlled {
  readonly table: RouteTable
  readonly traffic: Traffic
  readonly hello: ProxyHello
  /** A successor serves: changes belong to it. */
  readonly leaving: () => boolean
  /** Replaces this process; gives the successor's pid. */
  handOver(launch: readonly string[], build: string): Promise<number>
  /** Finishes what is open, then ends. */
  stop(): void
}

/**
 * Serves the control plane on `socket`. The name is a link to a socket of this process alone, and is changed in one step:
 * a successor takes it over without a moment in which nobody answers.
 */
export async function serveControl(socket: string, proxy: Controlled): Promise<Server> {
  const own = `${socket}.${process.pid}`
  // One change after the other: a handover must not meet a half-made route.
  let last: Promise<unknown> = Promise.resolve()
  const handle = (request: JsonRequest): Promise<JsonAnswer> => {
    if (request.method === 'GET') return answer(request, proxy)
    const next = last.then(() => answer(request, proxy))
    last = next.catch(() => undefined)
    return next
  }
  const server = await serveJson({ socket: own, maxBody: 4 << 20, handle })
  const link = `${own}.link`
  rmSync(link, { force: true })
  symlinkSync(basename(own), link)
  const before = linkOf(socket)
  renameSync(link, socket)
  if (before !== undefined) removeDead(socket, before)
  return server
}

function linkOf(socket: string): string | undefined {
  try {
    return readlinkSync(socket)
  } catch {
    return undefined
  }
}

/** The socket file of a process that was killed stays: it goes when its process is gone. */
function removeDead(socket: string, name: string): void {
  const pid = Number(name.slice(name.lastIndexOf('.') + 1))
  try {
    process.kill(pid, 0)
  } catch {
    rmSync(`${socket}.${pid}`, { force: true })
  }
}

/** Who answers on `socket`, if anybody. */
export async function askHello(socket: string): Promise<boolean> {
  const found = await callJson({ socket, method: 'GET', path: '/v1/hello', timeoutMs: 2000 }).catch(() => undefined)
  return found?.status === 200
}

async function answer(request: JsonRequest, proxy: Controlled): Promise<JsonAnswer> {
  const spoken = request.headers['pushway-protocol']
  if (spoken !== undefined && Number(spoken) !== proxyProtocol && Number(spoken) !== proxyProtocol - 1)
    return refused(400, 'protocol', `this proxy speaks protocol ${proxyProtocol}, not ${spoken}`)
  if (proxy.leaving() && request.method !== 'GET') return refused(503, 'replaced', 'it has just been replaced: ask again')
  try {
    return await route(request, proxy)
  } catch (error) {
    if (error instanceof PushwayError) return { status: error.http, body: errorBody(error) }
    return refused(500, 'internal', error instanceof Error ? error.message : String(error))
  }
}

async function route(request: JsonRequest, proxy: Controlled): Promise<JsonAnswer> {
  const url = new URL(request.path, 'http://proxy')
  const id = url.pathname.startsWith('/v1/routes/') ? decodeURIComponent(url.pathname.slice('/v1/routes/'.length)) : undefined
  if (id !== undefined && request.method === 'PUT') {
    const wanted = readRoute(request.body)
    if (wanted === undefined || wanted.id !== id) return refused(400, 'bad-route', 'the request holds no route of this id')
    const { bound: _, ...asked } = wanted
    return { status: 200, body: await proxy.table.set(asked) }
  }
  if (id !== undefined && request.method === 'DELETE') {
    proxy.table.remove(id)
    return { status: 200, body: {} }
  }
  return routeProcess(request, url, proxy)
}

async function routeProcess(request: JsonRequest, url: URL, proxy: Controlled): Promise<JsonAnswer> {
  const environment = url.searchParams.get('environment')
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /v1/hello':
      return { status: 200, body: proxy.hello }
    case 'GET /v1/routes':
      return { status: 200, body: proxy.table.read(environment ?? undefined) }
    case 'GET /v1/counts': {
      // Group ids begin with their environment: groups that have just left a route still count.
      const prefix = `${environment ?? ''}~`
      const listed = proxy.table.groups(environment ?? '')
      const wanted = (group: string) => group.startsWith(prefix) || listed.has(group)
      return { status: 200, body: proxy.traffic.counts(Number(url.searchParams.get('since') ?? 0), wanted) }
    }
    case 'GET /v1/metrics':
      return {
        status: 200,
        body: { groups: proxy.traffic.totals(), routes: proxy.table.read().length, revision: proxy.table.revision, connections: proxy.table.open },
      }
    case 'POST /v1/handover': {
      const next = readLaunch(request.body)
      if (next === undefined) return refused(400, 'bad-launch', 'the request holds no argument array')
      return { status: 200, body: { pid: await proxy.handOver(next.launch, next.build) } }
    }
    case 'POST /v1/stop':
      // Its caller is answered first.
      setTimeout(() => proxy.stop(), 50)
      return { status: 200, body: {} }
    default:
      return refused(404, 'unknown', `there is no ${request.method} ${url.pathname}`)
  }
}

function refused(status: number, code: string, message: string): JsonAnswer {
  return { status, body: { error: { code, message } } }
}
