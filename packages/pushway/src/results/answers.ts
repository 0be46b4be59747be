// Answers of the results service: Twirp errors as JSON, storage errors as the blob protocol has them, small bodies read whole.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { sendAnswer } from '../util/early-answer.ts'

/** Twirp's codes with their HTTP status, those that are used. Follows https://twitchtv.github.io/twirp/docs/errors.html */
const statuses = {
  malformed: 400,
  invalid_argument: 400,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  bad_route: 404,
  already_exists: 409,
  failed_precondition: 412,
  resource_exhausted: 429,
  internal: 500,
  unavailable: 503,
} as const

/** A call that was refused; what the caller sees. */
export class TwirpError extends Error {
  readonly code: keyof typeof statuses

  constructor(code: keyof typeof statuses, message: string) {
    super(message)
    this.code = code
  }
}

/** A request to the blob endpoint that was refused, with the storage protocol's own code. */
export class BlobError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
}

export function sendJson({ req, res }: Exchange, status: number, value: unknown): void {
  sendAnswer(req, res, { status, body: JSON.stringify(value), headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } })
}

export function sendTwirpError(exchange: Exchange, error: TwirpError): void {
  sendJson(exchange, statuses[error.code], { code: error.code, msg: error.message })
}

export function sendBlobError({ req, res }: Exchange, { status, code, message }: BlobError): void {
  if (res.headersSent) return void res.destroy()
  const body = req.method === 'HEAD' ? '' : `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`
  sendAnswer(req, res, { status, body, headers: { 'content-type': 'application/xml', 'x-ms-error-code': code, 'cache-control': 'no-store' } })
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** The body as text. @throws TwirpError `invalid_argument` when it is larger than `limit` bytes or breaks off */
export async function readSmallBody(req: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of req.iterator({ destroyOnReturn: false })) {
      size += (chunk as Buffer).length
      if (size > limit) throw new TwirpError('invalid_argument', `the body is larger than ${limit} bytes`)
      chunks.push(chunk as Buffer)
    }
  } catch (error) {
    throw error instanceof TwirpError ? error : new TwirpError('malformed', 'the body broke off')
  }
  return Buffer.concat(chunks).toString('utf8')
}
