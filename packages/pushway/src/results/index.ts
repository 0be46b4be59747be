// The results service of a server or of one local run: artifacts, caches and identity tokens for the actions of jobs.

import { randomBytes, randomUUID } from 'node:crypto'
import { fail } from '@pushway/core/reason/errors.ts'
import { cacheLimits, cacheScopes } from '@pushway/core/results/cache.ts'
import { defaultAudience, idTokenClaims, idTokenTimes } from '@pushway/core/results/id-token.ts'
import type { JobServices } from '@pushway/core/run/types.ts'
import type { EpochMs, ProjectName, RunId } from '@pushway/core/text/ids.ts'
import type { ArtifactView } from '@pushway/core/views/types.ts'
import type { ArtifactRow, Artifacts, JobServiceIssuer, JobServiceRequest, SealedValues } from '../ports/results.ts'
import { Secret } from '../util/secret.ts'
import { type Exchange, readSmallBody, sendJson, sendTwirpError, TwirpError } from './answers.ts'
import { artifactMethods, type ServiceCall } from './artifact-service.ts'
import { answerBlob, type BlobFacts } from './blob-endpoint.ts'
import { cacheMethods, evictCaches } from './cache-service.ts'
import type { ResultsContext } from './context.ts'
import { createIdTokenKeys, type IdTokenKeys } from './id-token-keys.ts'
import { type BlobUse, blobPath, signUrl } from './signed-url.ts'
import { readIdTokenRequest, readRuntimeToken, signIdTokenRequest, signRuntimeToken } from './tokens.ts'
import { readContent, removeUpload, type UploadParts } from './uploads.ts'

export interface ResultsOptions extends UploadParts {
  readonly values: SealedValues
  readonly now: () => EpochMs
  /** The server's address: what jobs are told, and who issues identity tokens. */
  readonly url: () => string
  /** `refs/heads/main`. */
  readonly defaultBranch: (project: ProjectName) => Promise<string>
  /** Whether a run has not ended: its tokens are worthless then. */
  readonly isLive: (run: RunId) => boolean
  /** Bytes of one project's caches; GitHub's limit when absent. */
  readonly cacheBytes?: number
  /** Something failed that is our mistake. */
  readonly onMistake: (error: unknown) => void
}

export interface Results extends JobServiceIssuer {
  handle(exchange: Exchange): Promise<void>
  readonly artifacts: Artifacts
  readonly idTokenKeys: IdTokenKeys
  /** Removes what has expired or nobody uses any more; gives how many things. */
  sweep(): Promise<number>
}

const lifetimes = { write: 6 * 3_600_000, read: 3_600_000, graceAfterJob: 15 * 60_000 } as const
const largestBody = 256 * 1024
const twirpPath = '/twirp/github.actions.results.api.v1.'
const idTokenPath = '/results/id-token'

/** Whether the service answers this address. */
export function isResultsPath(path: string): boolean {
  return path.startsWith('/twirp/') || path.startsWith('/results/') || path.startsWith('/.well-known/')
}

export function createResults(options: ResultsOptions): Results {
  const { store, blobs, now } = options
  const key = createKey(options.values)
  const sign = (base: string, upload: string, use: BlobUse) => signUrl(key(), base, { upload, use, expiresAt: now() + lifetimes[use] })
  const context: ResultsContext = { store, blobs, now, sign, ...(options.cacheBytes === undefined ? {} : { cacheBytes: options.cacheBytes }) }
  const idTokenKeys = createIdTokenKeys(options.values, now)
  const parts: Parts = { options, context, key, idTokenKeys }
  return {
    handle: (exchange) => handle(parts, exchange),
    issue: (request) => issue(parts, request),
    artifacts: createArtifacts(parts),
    idTokenKeys,
    sweep: () => sweep(context),
  }
}

interface Parts {
  readonly options: ResultsOptions
  readonly context: ResultsContext
  readonly key: () => Uint8Array
  readonly idTokenKeys: IdTokenKeys
}

function createKey(values: SealedValues): () => Uint8Array {
  let key: Uint8Array | undefined
  return () => {
    const known = key ?? readKey(values)
    key = known
    return known
  }
}

function readKey(values: SealedValues): Uint8Array {
  const name = 'results.key'
  const text = values.read(name)?.reveal() ?? randomBytes(32).toString('hex')
  values.write(name, new Secret(text))
  return Buffer.from(text, 'hex')
}

async function issue({ options, key }: Parts, request: JobServiceRequest): Promise<JobServices> {
  const { project, job, spec, environment } = request
  const { github } = spec.contexts
  const now = options.now()
  const times = { now, expiresAt: now + spec.timeoutMs + lifetimes.graceAfterJob }
  const cause = { event: String(github.event_name), ref: String(github.ref), payload: (github.event ?? {}) as Readonly<Record<string, unknown>> }
  const scopes = cacheScopes(cause, await options.defaultBranch(project))
  const token = await signRuntimeToken(key(), { project, run: spec.run, attempt: spec.attempt, job, scopes }, times)
  const url = options.url()
  if (!request.idToken) return { url, token }
  const { jobWorkflowRef } = request
  const identity = idTokenClaims({ github, ...(environment === undefined ? {} : { environment }), ...(jobWorkflowRef === undefined ? {} : { jobWorkflowRef }) })
  const claims = { run: spec.run, audience: defaultAudience(url, project), identity }
  return { url, token, idToken: { url: `${url}${idTokenPath}?api-version=2.0`, token: await signIdTokenRequest(key(), claims, times) } }
}

async function handle(parts: Parts, exchange: Exchange): Promise<void> {
  const url = new URL(exchange.req.url ?? '/', 'http://localhost')
  if (url.pathname.startsWith(blobPath)) return answerBlob(blobEndpoint(parts), exchange)
  try {
    sendJson(exchange, 200, await answerJson(parts, exchange, url))
  } catch (error) {
    if (exchange.res.destroyed) return
    if (!(error instanceof TwirpError)) parts.options.onMistake(error)
    sendTwirpError(exchange, error instanceof TwirpError ? error : new TwirpError('internal', 'the server failed'))
  }
}

async function answerJson(parts: Parts, exchange: Exchange, url: URL): Promise<unknown> {
  const reading = exchange.req.method === 'GET'
  if (reading && url.pathname === '/.well-known/openid-configuration') return discovery(parts.options.url())
  if (reading && url.pathname === '/.well-known/jwks') return parts.idTokenKeys.published()
  if (reading && url.pathname === idTokenPath) return { value: await idToken(parts, exchange, url) }
  if (exchange.req.method !== 'POST' || !url.pathname.startsWith(twirpPath)) throw new TwirpError('bad_route', `there is no ${url.pathname} here`)
  const [service = '', name = ''] = url.pathname.slice(twirpPath.length).split('/')
  const methods = service === 'ArtifactService' ? artifactMethods : service === 'CacheService' ? cacheMethods : {}
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined
  if (!method) throw new TwirpError('bad_route', `there is no method ${name} of ${service}`)
  const claims = await readRuntimeToken(parts.key(), bearer(exchange), parts.options.now())
  if (!claims || !parts.options.isLive(claims.run)) throw new TwirpError('unauthenticated', 'the runtime token is not valid, or its run has ended')
  const call: ServiceCall = { claims, body: await readSmallBody(exchange.req, largestBody), base: baseOf(exchange, parts.options.url()) }
  return method(parts.context, call)
}

function bearer({ req }: Exchange): string {
  return /^bearer\s+(\S+)$/i.exec(req.headers.authorization ?? '')?.[1] ?? ''
}

/** Signed addresses are for whoever asked: a container reaches the server by another name. */
function baseOf({ req }: Exchange, url: string): string {
  const host = req.headers.host ?? ''
  return /^(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?$/i.test(host) ? `${new URL(url).protocol}//${host}` : url
}

/** The document that verifiers of identity tokens look for. */
function discovery(issuer: string): object {
  return {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks`,
    subject_types_supported: ['public', 'pairwise'],
    response_types_supported: ['id_token'],
    claims_supported: ['sub', 'aud', 'exp', 'iat', 'iss', 'jti', 'nbf', ...Object.keys(idTokenClaims({ github: {}, environment: '' })).slice(1)],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid'],
  }
}

async function idToken(parts: Parts, exchange: Exchange, url: URL): Promise<string> {
  const { options, key, idTokenKeys } = parts
  const claims = await readIdTokenRequest(key(), bearer(exchange), options.now())
  if (!claims || !options.isLive(claims.run)) throw new TwirpError('unauthenticated', 'the request token is not valid, or its run has ended')
  const aud = url.searchParams.get('audience') || claims.audience
  if (aud.length > 1000) throw new TwirpError('invalid_argument', 'the audience is too long')
  return idTokenKeys.sign({ jti: randomUUID(), ...claims.identity, aud, iss: options.url(), ...idTokenTimes(options.now()) })
}

function blobEndpoint({ options, key, context }: Parts) {
  return { parts: context, key, now: options.now, describe: (upload: string) => describeUpload(options, upload) }
}

function describeUpload({ store, cacheBytes = cacheLimits.bytes }: ResultsOptions, upload: string): BlobFacts | undefined {
  const owner = store.ownerOf(upload)
  if (owner === undefined) return undefined
  if ('scope' in owner) return { mime: 'application/octet-stream', fileName: 'cache', writable: !owner.ready, limit: cacheBytes }
  return { mime: owner.mime, fileName: fileNameOf(owner), writable: !owner.ready, limit: Number.MAX_SAFE_INTEGER }
}

/** A zip gets its ending; a file that was kept as it is has its own name. */
function fileNameOf({ name, mime }: Pick<ArtifactRow, 'name' | 'mime'>): string {
  return mime === 'application/zip' && !name.endsWith('.zip') ? `${name}.zip` : name
}

function createArtifacts({ options, context }: Parts): Artifacts {
  const find = (run: RunId, id: number): ArtifactRow => {
    const row = options.store.artifact(id)
    if (!row || row.run !== run || !row.ready || row.expiresAt <= options.now()) throw fail('not-found', { what: 'artifact', name: String(id) })
    return row
  }
  return {
    list: (run) =>
      options.store
        .artifacts(run)
        .filter((row) => row.ready && row.expiresAt > options.now())
        .map(viewOf),
    async open(run, id) {
      const row = find(run, id)
      return { artifact: viewOf(row), mime: row.mime, fileName: fileNameOf(row), bytes: readContent(context, options.store.content(row.upload)) }
    },
    link: (run, id) => context.sign(options.url(), find(run, id).upload, 'read'),
    async remove(run, id) {
      const row = find(run, id)
      options.store.removeArtifact(row.id)
      await removeUpload(context, row.upload)
    },
  }
}

function viewOf({ id, name, job, attempt, size, digest, createdAt, expiresAt }: ArtifactRow): ArtifactView {
  return { id, name, job, attempt, size, createdAt, expiresAt, ...(digest === undefined ? {} : { digest }) }
}

async function sweep(context: ResultsContext): Promise<number> {
  const expired = context.store.expiredArtifacts(context.now())
  for (const row of expired) {
    context.store.removeArtifact(row.id)
    await removeUpload(context, row.upload)
  }
  let count = expired.length
  for (const project of context.store.cacheProjects()) count += await evictCaches(context, project)
  return count
}
