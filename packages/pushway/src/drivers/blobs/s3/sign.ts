// AWS Signature Version 4 for S3, in the Authorization header: pure. Source: "Authenticating Requests (AWS Signature Version 4)" of the S3 API.

import { createHash, createHmac } from 'node:crypto'
import type { EpochMs } from '@pushway/core/text/ids.ts'
import type { Secret } from '../../../util/secret.ts'

export interface S3Key {
  readonly id: string
  readonly secret: Secret
  /** Of temporary credentials. */
  readonly session?: Secret
}

export interface Signing {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly region: string
  readonly key: S3Key
  readonly now: EpochMs
}

/** The headers to send: those given, and what the signature needs. The body's hash is in it: storage refuses bytes that changed on their way. */
export function signRequest(signing: Signing): Readonly<Record<string, string>> {
  const { method, url, region, key } = signing
  const date = `${new Date(signing.now).toISOString().replace(/[-:]/g, '').slice(0, 15)}Z`
  const bodyHash = createHash('sha256').update(signing.body).digest('hex')
  const headers: Record<string, string> = {
    ...signing.headers,
    ...{ host: url.host, 'x-amz-content-sha256': bodyHash, 'x-amz-date': date },
    ...(key.session ? { 'x-amz-security-token': key.session.reveal() } : {}),
  }
  const names = Object.keys(headers).sort()
  const signed = names.join(';')
  const lines = names.map((name) => `${name}:${headers[name]?.trim()}\n`).join('')
  const canonical = [method, url.pathname, canonicalQuery(url), lines, signed, bodyHash].join('\n')
  const scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`
  const text = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n')
  const steps = [date.slice(0, 8), region, 's3', 'aws4_request', text]
  const signature = steps.reduce<Buffer>((secret, step) => createHmac('sha256', secret).update(step).digest(), Buffer.from(`AWS4${key.secret.reveal()}`))
  return { ...headers, authorization: `AWS4-HMAC-SHA256 Credential=${key.id}/${scope},SignedHeaders=${signed},Signature=${signature.toString('hex')}` }
}

function canonicalQuery(url: URL): string {
  return [...url.searchParams]
    .map(([name, value]) => `${encodeStrict(name)}=${encodeStrict(value)}`)
    .sort()
    .join('&')
}

/** RFC 3986's unreserved characters stay; everything else is escaped, in upper case. */
export function encodeStrict(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}
