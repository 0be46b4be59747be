// What the Twirp calls take. Clients send proto names or JSON names, and 64-bit numbers as text: both are read.

import { z } from 'zod'
import { TwirpError } from './answers.ts'

const text = z.string().max(4096)
const id = z.string().max(200)
/** A number of up to 64 bits. */
const long = z
  .union([z.string().regex(/^\d{1,19}$/), z.number().int().nonnegative()])
  .transform(Number)
  .default(0)
/** `google.protobuf.StringValue` as JSON: the text itself. */
const wrapped = text.nullish()
const stamp = z
  .union([z.iso.datetime({ offset: true }), z.object({ seconds: long })])
  .transform((value) => (typeof value === 'string' ? Date.parse(value) : value.seconds * 1000))
  .nullish()

const backend = { workflow_run_backend_id: id, workflow_job_run_backend_id: id }

export const createArtifact = z.object({ ...backend, name: text, expires_at: stamp, version: z.number().default(4), mime_type: wrapped })
export const finalizeArtifact = z.object({ ...backend, name: text, size: long, hash: wrapped })
export const listArtifacts = z.object({ ...backend, name_filter: wrapped, id_filter: long.nullish() })
export const nameArtifact = z.object({ ...backend, name: text })
export const createCache = z.object({ key: text, version: id })
export const finalizeCache = z.object({ key: text, version: id, size_bytes: long })
export const findCache = z.object({ key: text, restore_keys: z.array(text).max(20).default([]), version: id })

/** @throws TwirpError `malformed`, `invalid_argument` */
export function readRequest<T>(schema: z.ZodType<T>, body: string): T {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    throw new TwirpError('malformed', 'the body is not JSON')
  }
  const parsed = schema.safeParse(protoNames(value))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new TwirpError('invalid_argument', `${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'is wrong'}`)
}

function protoNames(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), inner]))
}
