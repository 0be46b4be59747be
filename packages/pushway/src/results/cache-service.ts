// github.actions.results.api.v1.CacheService: caches of a project, each job within its scopes.

import { cacheKeyProblem, cacheLimits, cachesToEvict, findCache } from '@pushway/core/results/cache.ts'
import type { ProjectName } from '@pushway/core/text/ids.ts'
import type { CacheRow } from '../ports/results.ts'
import { TwirpError } from './answers.ts'
import type { ServiceCall } from './artifact-service.ts'
import type { ResultsContext } from './context.ts'
import * as shapes from './schema.ts'
import { newUploadId, removeUpload, sizeOf } from './uploads.ts'

type Method = (context: ResultsContext, call: ServiceCall) => Promise<object> | object

/** The methods of the service, by name. */
export const cacheMethods: Readonly<Record<string, Method>> = {
  CreateCacheEntry: createEntry,
  FinalizeCacheEntryUpload: finalizeEntry,
  GetCacheEntryDownloadURL: findEntry,
}

/** A reservation that nobody has finished by then is free again. */
const reservedMs = 60 * 60_000

async function createEntry(context: ResultsContext, call: ServiceCall): Promise<object> {
  const { key, version } = shapes.readRequest(shapes.createCache, call.body)
  const problem = cacheKeyProblem(key)
  if (problem !== undefined) throw new TwirpError('invalid_argument', problem)
  const { project, scopes } = call.claims
  const at = context.now()
  const taken = own(context, call, { key, version })
  if (taken && !taken.ready && taken.createdAt < at - reservedMs) await removeCache(context, taken)
  const row = context.store.addCache({ project, scope: scopes.write, key, version, upload: newUploadId(), at })
  if (!row) throw new TwirpError('already_exists', 'cache entry with the same key, version, and scope already exists')
  return { ok: true, signed_upload_url: context.sign(call.base, row.upload, 'write') }
}

/** The entry of the job's own scope. */
function own(context: ResultsContext, { claims }: ServiceCall, { key, version }: { key: string; version: string }): CacheRow | undefined {
  return context.store.caches(claims.project).find((row) => row.scope === claims.scopes.write && row.key === key && row.version === version)
}

async function finalizeEntry(context: ResultsContext, call: ServiceCall): Promise<object> {
  const request = shapes.readRequest(shapes.finalizeCache, call.body)
  const row = own(context, call, request)
  if (!row || row.ready) throw new TwirpError('not_found', 'no cache of this key and version is being uploaded')
  const size = sizeOf(context.store.content(row.upload))
  if (size !== request.size_bytes) {
    await removeCache(context, row)
    throw new TwirpError('failed_precondition', `the upload has ${size} bytes, not ${request.size_bytes}: it is not whole`)
  }
  context.store.finishCache(row.id, { size, at: context.now() })
  await evictCaches(context, row.project)
  return { ok: true, entry_id: String(row.id) }
}

function findEntry(context: ResultsContext, call: ServiceCall): object {
  const request = shapes.readRequest(shapes.findCache, call.body)
  const { project, scopes } = call.claims
  const rows = context.store.caches(project).filter((row) => row.ready)
  const keys = [request.key, ...request.restore_keys].filter((key) => key !== '')
  const found = findCache(rows, { keys, version: request.version, scopes: scopes.read })
  const row = found && rows.find(({ id }) => id === found.id)
  if (!row) return { ok: false, signed_download_url: '', matched_key: '' }
  context.store.touchCache(row.id, context.now())
  return { ok: true, signed_download_url: context.sign(call.base, row.upload, 'read'), matched_key: row.key }
}

/** Makes room: by the limit of the project, the time nobody has used an entry, and reservations that were left. */
export async function evictCaches(context: ResultsContext, project: ProjectName): Promise<number> {
  const now = context.now()
  const rows = context.store.caches(project)
  const gone = cachesToEvict(
    rows.filter((row) => row.ready),
    now,
    context.cacheBytes ?? cacheLimits.bytes,
  ).map(({ id }) => id)
  const left = rows.filter((row) => gone.includes(row.id) || (!row.ready && row.createdAt < now - 24 * reservedMs))
  for (const row of left) await removeCache(context, row)
  return left.length
}

async function removeCache(context: ResultsContext, row: CacheRow): Promise<void> {
  context.store.removeCache(row.id)
  await removeUpload(context, row.upload)
}
