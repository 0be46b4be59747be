// Requests to S3-compatible storage: addresses, signatures, repetition, and the little XML there is.

import { setTimeout as sleep } from 'node:timers/promises'
import { fail, PushwayError } from '@pushway/core/reason/errors.ts'
import type { EpochMs } from '@pushway/core/text/ids.ts'
import { documentLimit, readStream } from '../../../oci/read.ts'
import type { Outbound, OutboundAnswer } from '../../../util/outbound/index.ts'
import { encodeStrict, type S3Key, signRequest } from './sign.ts'

/** Where blobs are kept. */
export interface S3Place {
  /** `https://s3.REGION.amazonaws.com`, or the server's own address. */
  readonly endpoint: URL
  readonly bucket: string
  /** Before every key: empty, or ends in a slash. */
  readonly prefix: string
  readonly region: string
  readonly key: S3Key
  /** `BUCKET.HOST` instead of `HOST/BUCKET`: what AWS wants. */
  readonly virtualHost?: boolean
}

export interface S3Call {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Below the prefix; absent: the bucket itself. */
  readonly key?: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

/** An object as lists have it; the key is without the prefix. */
export interface S3Object {
  readonly key: string
  readonly size: number
  readonly at: EpochMs
}

export interface S3Client {
  /** The answer with a status of 2xx or 404. @throws PushwayError `storage-refused` for every other, after some repetition */
  send(call: S3Call): Promise<OutboundAnswer>
  /** The same, with the whole body as text; undefined for a 404. */
  text(call: S3Call): Promise<string | undefined>
  list(prefix: string): AsyncIterable<S3Object>
  remove(key: string): Promise<void>
  readonly place: S3Place
  /** How another call names an object as its source. */
  source(key: string): string
}

const tries = 4
const firstPauseMs = 100

/** A client for one place. */
export function createS3Client(place: S3Place, outbound: Outbound): S3Client {
  const send = (call: S3Call) => sendRepeatedly(place, outbound, call)
  const text = async (call: S3Call) => {
    const answer = await send(call)
    const body = (await readStream(answer.body, 4 * documentLimit)).toString()
    if (answer.status === 404) return undefined
    // Some calls begin their answer before they know how it ends.
    if (/<Error>/.test(body)) throw refused(place, answer.status, body)
    return body
  }
  return {
    place,
    send,
    text,
    list: (prefix) => listObjects(place, text, prefix),
    async remove(key) {
      ;(await send({ method: 'DELETE', key })).body.resume()
    },
    source: (key) => `/${encodeStrict(place.bucket)}/${encodeKey(place.prefix + key)}`,
  }
}

function encodeKey(key: string): string {
  return key.split('/').map(encodeStrict).join('/')
}

function urlOf({ endpoint, bucket, prefix, virtualHost }: S3Place, { key, query = {} }: S3Call): URL {
  const base = virtualHost
    ? `${endpoint.protocol}//${bucket}.${endpoint.host}`
    : `${endpoint.origin}${endpoint.pathname.replace(/\/+$/, '')}/${encodeStrict(bucket)}`
  const url = new URL(`${base}/${key === undefined ? '' : encodeKey(prefix + key)}`)
  url.search = Object.entries(query)
    .map(([name, value]) => `${encodeStrict(name)}=${encodeStrict(value)}`)
    .join('&')
  return url
}

async function sendRepeatedly(place: S3Place, outbound: Outbound, call: S3Call): Promise<OutboundAnswer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await sendOnce(place, outbound, call)
    } catch (error) {
      if (attempt >= tries || !(error instanceof Passing)) throw error instanceof Passing ? error.reason : error
      await sleep(firstPauseMs * 2 ** attempt)
    }
  }
}

/** What may well go better a moment later. */
class Passing extends Error {
  readonly reason: PushwayError
  constructor(reason: PushwayError) {
    super(reason.message)
    this.reason = reason
  }
}

async function sendOnce(place: S3Place, outbound: Outbound, call: S3Call): Promise<OutboundAnswer> {
  const url = urlOf(place, call)
  const { method, headers = {}, body } = call
  const signed = signRequest({ method, url, headers, body: body ?? new Uint8Array(), region: place.region, key: place.key, now: Date.now() })
  let answer: OutboundAnswer
  try {
    answer = await outbound({ url, method, headers: signed, ...(body ? { body } : {}) })
  } catch (error) {
    if (!(error instanceof PushwayError) || error.code !== 'server-unreachable') throw error
    throw new Passing(fail('storage-refused', { where: whereOf(place), problem: error.message.replace(/\.$/, '') }))
  }
  if ((answer.status >= 200 && answer.status < 300) || answer.status === 404) return noBucket(place, call, answer)
  const problem = refused(place, answer.status, (await readStream(answer.body, documentLimit)).toString())
  throw answer.status === 429 || answer.status >= 500 ? new Passing(problem) : problem
}

/** A bucket that is not there must not look like an empty one. */
async function noBucket(place: S3Place, call: S3Call, answer: OutboundAnswer): Promise<OutboundAnswer> {
  if (answer.status !== 404 || (call.key !== undefined && call.method !== 'PUT')) return answer
  throw refused(place, answer.status, (await readStream(answer.body, documentLimit)).toString())
}

function whereOf({ bucket, endpoint }: S3Place): string {
  return `${bucket} at ${endpoint.origin}`
}

function refused(place: S3Place, status: number, body: string): PushwayError {
  const code = readTag(body, 'Code')
  const message = readTag(body, 'Message')
  return fail('storage-refused', { where: whereOf(place), problem: code ? `${message?.replace(/\.$/, '') || code} (${code})` : `it answered ${status}` })
}

async function* listObjects(place: S3Place, text: S3Client['text'], prefix: string): AsyncGenerator<S3Object> {
  for (let token: string | undefined; ; ) {
    const query = { 'list-type': '2', prefix: place.prefix + prefix, 'encoding-type': 'url', ...(token ? { 'continuation-token': token } : {}) }
    const body = (await text({ method: 'GET', query })) ?? ''
    for (const [, entry = ''] of body.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
      const key = decodeURIComponent((readTag(entry, 'Key') ?? '').replaceAll('+', ' ')).slice(place.prefix.length)
      yield { key, size: Number(readTag(entry, 'Size')), at: Date.parse(readTag(entry, 'LastModified') ?? '') }
    }
    token = readTag(body, 'IsTruncated') === 'true' ? readTag(body, 'NextContinuationToken') : undefined
    if (token === undefined) return
  }
}

/** The text of the first element of a name, with its entities read; undefined when there is none. */
export function readTag(xml: string, name: string): string | undefined {
  const found = new RegExp(`<${name}(?: [^>]*)?>([^<]*)</${name}>`).exec(xml)?.[1]
  const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&', '#34': '"', '#39': "'" }
  return found?.replace(/&([a-z]+|#\d+);/g, (whole, entity: string) => entities[entity] ?? whole)
}
