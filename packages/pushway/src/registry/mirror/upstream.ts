// Talking to another registry: its token dance, its limits, and what it means when it does not answer.

import { fail, PushwayError } from '@pushway/core/reason/errors.ts'
import type { EpochMs, Milliseconds } from '@pushway/core/text/ids.ts'
import { z } from 'zod'
import { documentLimit, readStream } from '../../oci/read.ts'
import type { Mirror } from '../../ports/mirrors.ts'
import { createOutbound, type Outbound, type OutboundAnswer } from '../../util/outbound/index.ts'
import { type Challenge, parseChallenges } from './challenge.ts'

/** Why a registry did not answer: it can't be reached, it wants no more questions for a while, or it does not let us in. */
export type UpstreamTrouble = 'down' | 'limited' | 'denied'

export class UpstreamError extends Error {
  readonly trouble: UpstreamTrouble
  /** `limited`: how long it wants to be left alone. */
  readonly waitMs: Milliseconds | undefined

  constructor(trouble: UpstreamTrouble, message: string, waitMs?: Milliseconds) {
    super(message)
    this.trouble = trouble
    this.waitMs = waitMs
  }
}

export interface UpstreamCall {
  readonly method: 'GET' | 'HEAD'
  /** As the upstream names it. */
  readonly repository: string
  /** Below `/v2/NAME/`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
}

/** One registry. */
export interface Upstream {
  readonly mirror: Mirror
  /** The answer with a status of 2xx or 404. @throws UpstreamError for everything else */
  send(call: UpstreamCall): Promise<OutboundAnswer>
}

const silenceMs = 15_000
/** Who could not be reached is not asked again for this long: every pull would wait. */
const downMs = 10_000
const usualLimitMs = 60_000
const longestLimitMs = 3_600_000

interface Desk {
  readonly mirror: Mirror
  readonly outbound: Outbound
  readonly now: () => EpochMs
  readonly tokens: Map<string, { readonly token: string; readonly until: EpochMs }>
  /** It wants the credential itself with every request. */
  basic: boolean
  paused: { readonly until: EpochMs; readonly error: UpstreamError } | undefined
}

/** The client of a mirror; tokens and pauses are kept while it lives. */
export function createUpstream(mirror: Mirror, now: () => EpochMs): Upstream {
  const outbound = createOutbound({ silenceMs, allowPrivate: mirror.privateNetwork ? [addressOf(new URL(mirror.url))] : [] })
  const desk: Desk = { mirror, outbound, now, tokens: new Map(), basic: false, paused: undefined }
  return { mirror, send: (call) => send(desk, call) }
}

function addressOf(url: URL): string {
  return `${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`
}

async function send(desk: Desk, call: UpstreamCall): Promise<OutboundAnswer> {
  if (desk.paused && desk.paused.until > desk.now()) throw desk.paused.error
  desk.paused = undefined
  try {
    const first = await sendOnce(desk, call)
    if (first.status !== 401) return judge(desk, first)
    first.body.resume()
    await signIn(desk, call, parseChallenges(first.headers['www-authenticate']))
    return judge(desk, await sendOnce(desk, call))
  } catch (error) {
    if (error instanceof UpstreamError) throw pauseOn(desk, error)
    if (!(error instanceof PushwayError) || (error.code !== 'server-unreachable' && error.code !== 'address-refused')) throw error
    throw pauseOn(desk, new UpstreamError('down', error.message.replace(/\.$/, '')))
  }
}

function pauseOn(desk: Desk, error: UpstreamError): UpstreamError {
  const forMs = error.trouble === 'limited' ? (error.waitMs ?? usualLimitMs) : downMs
  if (error.trouble !== 'denied') desk.paused = { until: desk.now() + forMs, error }
  return error
}

function scopeOf({ repository }: UpstreamCall): string {
  return `repository:${repository}:pull`
}

async function sendOnce(desk: Desk, call: UpstreamCall): Promise<OutboundAnswer> {
  const { mirror, outbound, tokens } = desk
  const known = tokens.get(scopeOf(call))
  const bearer = known && known.until > desk.now() ? { authorization: `Bearer ${known.token}` } : undefined
  const authorization = bearer ?? (desk.basic ? basicOf(mirror) : {})
  const url = new URL(`${mirror.url.replace(/\/+$/, '')}/v2/${call.repository}/${call.path}`)
  return outbound({ url, method: call.method, headers: { 'user-agent': 'pushway', ...call.headers, ...authorization } })
}

function judge({ mirror }: Desk, answer: OutboundAnswer): OutboundAnswer {
  const { status, headers } = answer
  if ((status >= 200 && status < 300) || status === 404) return answer
  answer.body.resume()
  if (status === 429) throw new UpstreamError('limited', `${mirror.host} wants no more questions for now (429)`, waitOf(headers['retry-after']))
  if (status === 401 || status === 403) throw new UpstreamError('denied', `${mirror.host} does not let us in (${status})`)
  throw new UpstreamError('down', `${mirror.host} answered ${status}`)
}

/** Seconds, or a date. */
function waitOf(header: string | undefined): Milliseconds | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 1000), longestLimitMs)
}

function basicOf({ username, secret }: Mirror): Readonly<Record<string, string>> {
  if (username === undefined || !secret) return {}
  return { authorization: `Basic ${Buffer.from(`${username}:${secret.reveal()}`).toString('base64')}` }
}

const tokenAnswer = z.object({ token: z.string().optional(), access_token: z.string().optional(), expires_in: z.number().positive().optional() })

/** Does what the challenge asks: a token of its realm, or the credential itself. @throws UpstreamError `denied` */
async function signIn(desk: Desk, call: UpstreamCall, challenges: readonly Challenge[]): Promise<void> {
  const { mirror, tokens } = desk
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer')
  if (bearer) {
    const { token, lifeMs } = await fetchToken(desk, call, bearer)
    tokens.set(scopeOf(call), { token, until: desk.now() + lifeMs })
    return
  }
  if (!challenges.some(({ scheme }) => scheme === 'basic') || !mirror.secret || desk.basic)
    throw new UpstreamError('denied', mirror.secret ? `${mirror.host} does not take the credential` : `${mirror.host} wants a credential`)
  desk.basic = true
}

async function fetchToken(desk: Desk, call: UpstreamCall, { parameters }: Challenge): Promise<{ readonly token: string; readonly lifeMs: Milliseconds }> {
  const { mirror } = desk
  const own = new URL(mirror.url)
  const realm = URL.parse(parameters.realm ?? '')
  if (!realm || (realm.protocol !== 'https:' && realm.protocol !== own.protocol)) throw new UpstreamError('denied', `${mirror.host} says no place to sign in`)
  if (parameters.service !== undefined) realm.searchParams.set('service', parameters.service)
  realm.searchParams.set('scope', parameters.scope ?? scopeOf(call))
  // On a private network the place to sign in may be another port of the same host.
  const outbound = mirror.privateNetwork && realm.hostname === own.hostname ? createOutbound({ silenceMs, allowPrivate: [addressOf(realm)] }) : desk.outbound
  const answer = await outbound({ url: realm, headers: { 'user-agent': 'pushway', ...basicOf(mirror) } })
  const body = (await readStream(answer.body, documentLimit)).toString()
  if (answer.status === 429) throw new UpstreamError('limited', `${mirror.host} wants no more questions for now (429)`, waitOf(answer.headers['retry-after']))
  if (answer.status >= 500) throw new UpstreamError('down', `${realm.host} answered ${answer.status}`)
  const read = answer.status === 200 ? tokenAnswer.safeParse(parseJson(body)) : undefined
  const token = read?.data?.token ?? read?.data?.access_token
  if (!token) throw new UpstreamError('denied', `${realm.host} gives no token (${answer.status})`)
  // A little early: it must not end on the way.
  return { token, lifeMs: Math.max(5, (read?.data?.expires_in ?? 60) - 10) * 1000 }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What people hear who wanted something that is not kept here. */
export function toPushwayError(mirror: Mirror, error: UpstreamError): PushwayError {
  return fail('upstream-refused', { upstream: mirror.host, problem: error.message })
}
