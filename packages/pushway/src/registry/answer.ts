// The registry's answers: OCI error bodies, and the error that carries one.

import type { ServerResponse } from 'node:http'
import { PushwayError } from '@pushway/core/reason/errors.ts'

/** The codes of the OCI Distribution specification 1.1. */
export type RegistryCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'UNAUTHORIZED'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'TAG_INVALID'
  | 'PAGINATION_NUMBER_INVALID'
  | 'TOOMANYREQUESTS'
  | 'UNKNOWN'

/** An answer that is an error; `headers` go with it. */
export class RegistryProblem extends Error {
  readonly status: number
  readonly code: RegistryCode
  readonly headers: Readonly<Record<string, string>>

  /** `detail`: the sentence, or the sentence and headers. */
  constructor(status: number, code: RegistryCode, detail: string | { readonly message: string; readonly headers: Readonly<Record<string, string>> }) {
    super(typeof detail === 'string' ? detail : detail.message)
    this.status = status
    this.code = code
    this.headers = typeof detail === 'string' ? {} : detail.headers
  }
}

/** The problem that a thrown thing is to the client; undefined when it is a mistake of ours. */
export function toProblem(error: unknown): RegistryProblem | undefined {
  if (error instanceof RegistryProblem) return error
  if (!(error instanceof PushwayError)) return undefined
  if (error.code === 'digest-mismatch') return new RegistryProblem(400, 'DIGEST_INVALID', error.message)
  if (error.code === 'body-too-large') return new RegistryProblem(413, 'SIZE_INVALID', error.message)
  if (error.code === 'image-in-use') return new RegistryProblem(error.http, 'DENIED', error.message)
  return new RegistryProblem(error.http, 'UNKNOWN', error.message)
}

/** Sends a problem as the specification's error body. */
export function sendProblem(res: ServerResponse, problem: RegistryProblem): void {
  if (res.headersSent) {
    res.destroy()
    return
  }
  const body = JSON.stringify({ errors: [{ code: problem.code, message: problem.message }] })
  res.writeHead(problem.status, { ...problem.headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  res.end(res.req.method === 'HEAD' ? undefined : body)
}

/** Sends JSON. */
export function sendJson(res: ServerResponse, value: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const body = JSON.stringify(value)
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers })
  res.end(res.req.method === 'HEAD' ? undefined : body)
}
