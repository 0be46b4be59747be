// The tokens of a job for the results service: signed, bound to one job, and to one use. Follows what GitHub's toolkit reads of them.

import { createHash } from 'node:crypto'
import type { CacheScopes } from '@pushway/core/results/cache.ts'
import type { EpochMs, ProjectName, RunId } from '@pushway/core/text/ids.ts'
import { jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'

/** Which job a token is for, and what it may do. */
export interface JobClaims {
  readonly project: ProjectName
  readonly run: RunId
  readonly attempt: number
  readonly job: string
  readonly scopes: CacheScopes
}

/** Who asks for an identity token. */
export interface IdTokenClaims {
  readonly run: RunId
  readonly audience: string
  /** What the identity token will say. */
  readonly identity: Readonly<Record<string, string>>
}

const audiences = { runtime: 'pushway-results', idToken: 'pushway-id-token' } as const
const issuer = 'pushway'

/** How the toolkit and buildx read what a cache scope permits: 1 read, 2 write. */
const permissionBits = { read: 1, both: 3 } as const

/** The id of one execution of a job, as `scp` names it: no colon, no blank, nothing of the job's own name. */
export function jobBackendId({ run, job, attempt }: Pick<JobClaims, 'run' | 'job' | 'attempt'>): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([run, job, attempt]))
    .digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}

/** ACTIONS_RUNTIME_TOKEN. */
export function signRuntimeToken(key: Uint8Array, claims: JobClaims, times: { readonly now: EpochMs; readonly expiresAt: EpochMs }): Promise<string> {
  const access = claims.scopes.read.map((scope) => ({ Scope: scope, Permission: scope === claims.scopes.write ? permissionBits.both : permissionBits.read }))
  const body = { ...claims, scp: `Actions.Results:${claims.run}:${jobBackendId(claims)}`, ac: JSON.stringify(access) }
  return sign(key, audiences.runtime, { body, ...times })
}

/** ACTIONS_ID_TOKEN_REQUEST_TOKEN. */
export function signIdTokenRequest(key: Uint8Array, claims: IdTokenClaims, times: { readonly now: EpochMs; readonly expiresAt: EpochMs }): Promise<string> {
  return sign(key, audiences.idToken, { body: { run: claims.run, default_audience: claims.audience, identity: claims.identity }, ...times })
}

function sign(key: Uint8Array, audience: string, { body, now, expiresAt }: { body: object; now: EpochMs; expiresAt: EpochMs }): Promise<string> {
  return new SignJWT({ ...body })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(Math.floor(now / 1000))
    .setExpirationTime(Math.ceil(expiresAt / 1000))
    .sign(key)
}

const runtimeShape = z.object({
  project: z.string(),
  run: z.string(),
  attempt: z.number(),
  job: z.string(),
  scopes: z.object({ write: z.string(), read: z.array(z.string()) }),
})
const requestShape = z.object({ run: z.string(), default_audience: z.string(), identity: z.record(z.string(), z.string()) })

/** The job that a runtime token is for; undefined for anything that is none, or not valid any more. */
export async function readRuntimeToken(key: Uint8Array, token: string, now: EpochMs): Promise<JobClaims | undefined> {
  const payload = await verify(key, token, { audience: audiences.runtime, now })
  const parsed = runtimeShape.safeParse(payload)
  return parsed.success ? parsed.data : undefined
}

export async function readIdTokenRequest(key: Uint8Array, token: string, now: EpochMs): Promise<IdTokenClaims | undefined> {
  const parsed = requestShape.safeParse(await verify(key, token, { audience: audiences.idToken, now }))
  return parsed.success ? { run: parsed.data.run, audience: parsed.data.default_audience, identity: parsed.data.identity } : undefined
}

async function verify(key: Uint8Array, token: string, { audience, now }: { audience: string; now: EpochMs }): Promise<unknown> {
  try {
    return (await jwtVerify(token, key, { algorithms: ['HS256'], issuer, audience, currentDate: new Date(now) })).payload
  } catch {
    return undefined
  }
}
