// Requests to the server: JSON in and out, failures as one kind of error with its code and next step.

import { signal } from '@preact/signals'
import type { ErrorBody } from '@pushway/core/reason/errors.ts'

/** The session has ended: the server asks to sign in. */
export const signInAsked = signal(false)

export interface ApiError {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly next: string
  /** Findings in files, one sentence each. */
  readonly findings: readonly string[]
}

class RequestFailed extends Error {
  readonly error: ApiError

  constructor(error: ApiError) {
    super(error.message)
    this.name = 'RequestFailed'
    this.error = error
  }
}

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly body?: unknown
  readonly signal?: AbortSignal
}

/** What the server answers at `/api/v1` + path. The server is of the same build, so its answer has the shape that its views promise. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const res = await send(path, options)
  if (!res.ok) throw new RequestFailed(await readError(res))
  return (res.status === 204 ? undefined : await res.json()) as T
}

/** The answer itself, for streams. */
export async function open(path: string, options: RequestOptions = {}): Promise<Response> {
  const res = await send(path, options)
  if (!res.ok) throw new RequestFailed(await readError(res))
  return res
}

/** Any failure as one that can be shown. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof RequestFailed) return error.error
  return { status: 0, code: 'page-error', message: error instanceof Error ? error.message : String(error), next: 'Load the page again.', findings: [] }
}

/** Whether it is the end of a request that nobody wants any more. */
export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

async function send(path: string, { method = 'GET', body, signal }: RequestOptions): Promise<Response> {
  try {
    return await fetch(`/api/v1${path}`, {
      method,
      credentials: 'same-origin',
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    })
  } catch (error) {
    if (isAborted(error)) throw error
    throw new RequestFailed({
      status: 0,
      code: 'server-away',
      message: 'The server does not answer.',
      next: 'Services go on without it. Start it again, or check the network; this page connects by itself.',
      findings: [],
    })
  }
}

async function readError(res: Response): Promise<ApiError> {
  const body = (await res.json().catch(() => undefined)) as Partial<ErrorBody> | undefined
  const error = body?.error
  if (error?.code === 'sign-in-required') signInAsked.value = true
  return {
    status: res.status,
    code: error?.code ?? `http-${res.status}`,
    message: error?.message ?? `The server answered ${res.status}.`,
    next: error?.next ?? 'Try again.',
    findings: (error?.diagnostics ?? []).map(({ at, message }) => (at ? `${at.file}:${at.line}:${at.column}: ${message}` : message)),
  }
}
