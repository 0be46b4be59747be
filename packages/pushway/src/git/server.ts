// Git's smart HTTP protocol (gitprotocol-http): discovery, clone and fetch, push. Bodies stream both ways.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { PushwayError } from '@pushway/core/reason/errors.ts'
import type { ProjectName } from '@pushway/core/text/ids.ts'
import type { Principal } from '../ports/principal.ts'
import type { RefUpdate } from '../ports/service.ts'
import { isProjectName } from './names.ts'
import { flushPacket, packetLine } from './packet.ts'
import { receivePush } from './receive.ts'
import type { Repositories } from './repositories.ts'
import { spawnGit } from './run-git.ts'

/** Who may what. A project that may not be read is answered as if it were not there. */
export interface GitAccess {
  /** Undefined: no credential, or a wrong one. Throws PushwayError `too-many-tries`. */
  authenticate(req: IncomingMessage): Promise<Principal | undefined>
  allowed(principal: Principal, project: ProjectName, what: 'read' | 'write' | 'create'): boolean
}

/** A push whose refs have moved. */
export interface GitPush {
  readonly project: ProjectName
  readonly updates: readonly RefUpdate[]
  readonly principal: Principal
  /** The pusher's `-o` options. */
  readonly options: readonly string[]
  /** Shows a line to the pusher at once (`remote: …`). */
  readonly say: (line: string) => void
  /** Aborted when the pusher is gone. */
  readonly signal: AbortSignal
}

export interface GitServer {
  readonly repositories: Repositories
  readonly access: GitAccess
  /** Makes a project that a push names for the first time; may be called again after a crash. Its repository comes next. */
  readonly onCreate: (project: ProjectName, principal: Principal) => void
  /** The pusher waits until it is done. An exception becomes a line for the pusher; the push itself has succeeded. */
  readonly onPush: (push: GitPush) => Promise<void>
  /** Told of exceptions of `onPush` that are mistakes of ours. */
  readonly onMistake: (error: unknown) => void
}

export interface GitRequest {
  readonly project: ProjectName
  readonly service: 'git-upload-pack' | 'git-receive-pack'
  readonly discovery: boolean
}

const route = /^\/([^/]+\/[^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack|HEAD|objects\/.*)$/

/** Whether a request's path belongs to git. */
export function isGitPath(path: string): boolean {
  return route.test(path) && !path.startsWith('/api/') && !path.startsWith('/v2/')
}

/** The handler of everything under `/{owner}/{repo}.git/`. */
export function createGitHandler(server: GitServer): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  return async (req, res) => {
    try {
      await answer(server, req, res)
    } catch (error) {
      if (!(error instanceof PushwayError) || res.headersSent) throw error
      refuse(res, error.http, `${error.message}\n${error.next}`)
    }
  }
}

async function answer(server: GitServer, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const request = readRequest(req)
  if (!request) return refuse(res, 404, 'This is not an address of a repository. Git must speak its smart HTTP protocol.')
  const principal = await server.access.authenticate(req)
  if (!principal) return refuseAnonymous(res)
  const problem = checkAccess(server, request, principal)
  if (problem) return refuse(res, problem.status, problem.text)
  if (request.discovery) return advertise(server, request, { req, res })
  if (req.method !== 'POST') return refuse(res, 405, 'Use POST.')
  if (request.service === 'git-receive-pack') return receivePush(server, { req, res, body: readBody(req), project: request.project, principal })
  return upload(server, request, { req, res })
}

function readRequest(req: IncomingMessage): GitRequest | undefined {
  const url = new URL(req.url ?? '/', 'http://localhost')
  const match = route.exec(decodeSafely(url.pathname))
  const project = match?.[1]
  if (!project || !isProjectName(project)) return undefined
  const discovery = match[2] === 'info/refs'
  const service = discovery ? url.searchParams.get('service') : match[2]
  if (service !== 'git-upload-pack' && service !== 'git-receive-pack') return undefined
  return { project, service, discovery }
}

function checkAccess(server: GitServer, request: GitRequest, principal: Principal): { status: number; text: string } | undefined {
  const { project, service } = request
  const push = service === 'git-receive-pack'
  const missing = { status: 404, text: `There is no project ${project}.` }
  if (!server.repositories.has(project)) return push && server.access.allowed(principal, project, 'create') ? undefined : missing
  if (!server.access.allowed(principal, project, 'read')) return missing
  if (push && !server.access.allowed(principal, project, 'write')) return { status: 403, text: `${principal.name} may not push to ${project}.` }
  return undefined
}

interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
}

async function advertise(server: GitServer, request: GitRequest, { req, res }: Exchange): Promise<void> {
  const { repositories } = server
  const folder = repositories.has(request.project) ? repositories.path(request.project) : await repositories.emptyPath()
  const protocol = readProtocol(req)
  const args = [request.service.slice('git-'.length), '--stateless-rpc', '--advertise-refs', folder]
  const child = spawnGit(repositories.context, args, { env: protocol })
  child.stdin.on('error', () => {})
  child.stdin.end()
  child.stderr.resume()
  res.writeHead(200, headers(`application/x-${request.service}-advertisement`))
  // Version 2 of the protocol begins without the service's name.
  if (request.service === 'git-receive-pack' || !/version=2/.test(protocol.GIT_PROTOCOL ?? '')) {
    res.write(packetLine(`# service=${request.service}\n`))
    res.write(flushPacket)
  }
  await pipeline(child.stdout, res).catch(() => child.kill())
}

async function upload(server: GitServer, request: GitRequest, { req, res }: Exchange): Promise<void> {
  const { repositories } = server
  const child = spawnGit(repositories.context, ['upload-pack', '--stateless-rpc', repositories.path(request.project)], { env: readProtocol(req) })
  child.stderr.resume()
  res.on('close', () => child.kill())
  res.writeHead(200, headers(`application/x-${request.service}-result`))
  // Git may end before it has read everything; its answer is what counts.
  pipeline(readBody(req), child.stdin).catch(() => {})
  await pipeline(child.stdout, res).catch(() => child.kill())
}

/** The request's body, decompressed. */
function readBody(req: IncomingMessage): Readable {
  const encoding = req.headers['content-encoding']
  if (encoding !== 'gzip' && encoding !== 'x-gzip') return req
  const plain = createGunzip()
  req.on('error', (error) => plain.destroy(error))
  req.on('aborted', () => plain.destroy(new Error('the client went away')))
  return req.pipe(plain)
}

function readProtocol(req: IncomingMessage): Record<string, string> {
  const value = req.headers['git-protocol']
  return typeof value === 'string' && /^[a-z0-9=:]{1,100}$/.test(value) ? { GIT_PROTOCOL: value } : {}
}

function headers(type: string): Record<string, string> {
  return { 'content-type': type, 'cache-control': 'no-cache, max-age=0, must-revalidate', pragma: 'no-cache', expires: 'Fri, 01 Jan 1980 00:00:00 GMT' }
}

function refuse(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', connection: 'close' })
  res.end(`${text}\n`)
}

function refuseAnonymous(res: ServerResponse): void {
  res.setHeader('www-authenticate', 'Basic realm="Pushway", charset="UTF-8"')
  refuse(res, 401, 'Sign in with your user name and password, or with a token as the password.')
}

function decodeSafely(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
