// The embedded registry: OCI Distribution 1.1, as one handler for everything under /v2/.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RegistryRight } from '../ports/registry-index.ts'
import { RegistryProblem, sendJson, sendProblem, toProblem } from './answer.ts'
import { serveBlob, serveUpload, startUpload } from './blobs.ts'
import { deleteBlob, deleteManifest } from './delete.ts'
import { createDocuments, type Documents } from './documents.ts'
import { serveCatalog, serveTags } from './lists.ts'
import { putManifest, serveManifest } from './manifests.ts'
import { serveReferrers } from './referrers.ts'
import { isRepositoryName, parseRoute, type RegistryRoute } from './route.ts'
import { createRegistryTokens, hasRegistryToken, type RegistryTokens, serveToken, signIn } from './token.ts'
import type { Exchange, RegistryOptions } from './types.ts'

export type { RegistryAccess, RegistryOptions, RegistryPush } from './types.ts'

/**
 * The handler for `/v2/`.
 * Bodies stream in and out; every route passes `access.allowed` first. A client without a credential is sent
 * for a token, as Docker expects; Basic and the program's own tokens are taken everywhere.
 */
export function createRegistry(options: RegistryOptions): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  const tokens = createRegistryTokens()
  const documents = createDocuments(options.blobs)
  return async (req, res) => {
    res.setHeader('docker-distribution-api-version', 'registry/2.0')
    try {
      await answer({ options, tokens, documents }, req, res)
    } catch (error) {
      if (req.destroyed && !req.complete) return void res.destroy()
      sendProblem(res, toProblem(error) ?? new RegistryProblem(500, 'UNKNOWN', 'The registry made a mistake; try again'))
      // What is left of a refused body is read and dropped, so that the client gets to see the answer.
      req.resume()
    }
  }
}

type NamedRoute = Extract<RegistryRoute, { readonly name: string }>

interface Desk {
  readonly options: RegistryOptions
  readonly tokens: RegistryTokens
  readonly documents: Documents
}

async function answer({ options, tokens, documents }: Desk, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://registry.invalid')
  const route = parseRoute(decodePath(url.pathname))
  if (!route) throw new RegistryProblem(404, 'UNSUPPORTED', 'The registry has no such path')
  const grant = tokens.read(req)
  if (!grant && hasRegistryToken(req)) throw signIn(req)
  const principal = grant ? grant.principal : await options.access.authenticate(req)
  const exchange: Exchange = { ...options, documents, req, res, url, principal }
  if (route.kind === 'token') return serveToken(exchange, tokens)
  // Somebody who has asked for a token without a credential is known to be nobody.
  const known = principal !== undefined || grant !== undefined
  if (!known && (route.kind === 'base' || route.kind === 'catalog' || req.headers.authorization !== undefined)) throw signIn(req, scopeOf(route, req))
  if (route.kind === 'base') return sendJson(res, {})
  if (route.kind === 'catalog') return serveCatalog(exchange)
  if (!isRepositoryName(route.name))
    throw new RegistryProblem(400, 'NAME_INVALID', `"${route.name}" can't be a repository's name: lower-case letters, digits, . _ - and /`)
  const elsewhere = await options.mirror?.serve(exchange, route)
  if (elsewhere === 'served') return
  const right = rightFor(req.method ?? '', route)
  if (!options.access.allowed(principal, route.name, right)) {
    throw principal === undefined ? signIn(req, scopeOf(route, req)) : new RegistryProblem(403, 'DENIED', `${principal.name} may not ${right} ${route.name}`)
  }
  await dispatch(exchange, route)
}

/** What a client should ask a token for. */
function scopeOf(route: RegistryRoute, req: IncomingMessage): { readonly repository: string; readonly right: RegistryRight } | undefined {
  return 'name' in route && isRepositoryName(route.name) ? { repository: route.name, right: rightFor(req.method ?? '', route) } : undefined
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw new RegistryProblem(400, 'NAME_INVALID', 'The path is not valid')
  }
}

function rightFor(method: string, route: NamedRoute): RegistryRight {
  if (route.kind === 'upload' || route.kind === 'uploads') return 'push'
  if (method === 'GET' || method === 'HEAD') return 'pull'
  return method === 'DELETE' ? 'delete' : 'push'
}

async function dispatch(exchange: Exchange, route: NamedRoute): Promise<void> {
  const method = exchange.req.method ?? ''
  const reading = method === 'GET' || method === 'HEAD'
  switch (route.kind) {
    case 'blob':
      if (reading) return serveBlob(exchange, route.name, route.digest)
      if (method === 'DELETE') return deleteBlob(exchange, route.name, route.digest)
      break
    case 'uploads':
      if (method === 'POST') return startUpload(exchange, route.name)
      break
    case 'upload':
      return serveUpload(exchange, route.name, route.id)
    case 'manifest':
      if (reading) return serveManifest(exchange, route.name, route.reference)
      if (method === 'PUT') return putManifest(exchange, route.name, route.reference)
      if (method === 'DELETE') return deleteManifest(exchange, route.name, route.reference)
      break
    case 'tags':
      if (reading) return serveTags(exchange, route.name)
      break
    case 'referrers':
      if (reading) return serveReferrers(exchange, route.name, route.digest)
      break
  }
  throw new RegistryProblem(405, 'UNSUPPORTED', `${method} is not supported here`)
}
