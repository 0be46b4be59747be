// What is taken from a GitHub push delivery, and nothing more.

import { fail } from '@pushway/core/reason/errors.ts'
import { z } from 'zod'
import type { RefUpdate } from '../ports/service.ts'
import { isCommitId, isRefName } from './names.ts'

const ZERO = '0'.repeat(40)
const commit = z.string().refine(isCommitId, 'must be 40 hexadecimal digits')
const push = z.object({
  ref: z.string().refine((ref) => /^refs\/(heads|tags)\//.test(ref) && isRefName(ref), 'must be refs/heads/… or refs/tags/…'),
  before: commit,
  after: commit,
  deleted: z.boolean().optional(),
  pusher: z.object({ name: z.string().max(200) }),
})

export interface WebhookPush {
  readonly update: RefUpdate
  readonly by: string
}

/** Reads the (verified) body of a push delivery. @throws PushwayError `webhook-invalid` naming the field */
export function parseWebhookPush(body: Buffer): WebhookPush {
  let json: unknown
  try {
    json = JSON.parse(body.toString('utf8'))
  } catch {
    throw fail('webhook-invalid', { problem: 'its body is not JSON' })
  }
  const parsed = push.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const field = issue?.path.join('.') || 'the body'
    throw fail('webhook-invalid', { problem: `${field}: ${issue?.message ?? 'is wrong'}` })
  }
  const { ref, before, after, deleted, pusher } = parsed.data
  const gone = deleted === true || after === ZERO
  return { update: { ref, before: before === ZERO ? null : before, after: gone ? null : after }, by: pusher.name }
}
