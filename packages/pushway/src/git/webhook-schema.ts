// What is taken from a GitHub delivery of a push or a pull request, and nothing more.

import { fail } from '@pushway/core/reason/errors.ts'
import { z } from 'zod'
import type { RefUpdate, RemotePull } from '../ports/service.ts'
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

const branch = z.string().refine((name) => isRefName(`refs/heads/${name}`), 'must be the name of a branch')
const side = z.object({ ref: branch, sha: commit, repo: z.object({ full_name: z.string().max(300) }).nullable() })
const pullRequest = z.object({
  action: z.string().max(100),
  number: z.number().int().min(1).max(1_000_000_000),
  pull_request: z.object({
    title: z.string().max(1000),
    body: z.string().max(300_000).nullish(),
    state: z.enum(['open', 'closed']),
    draft: z.boolean().default(false),
    merged: z.boolean().nullish(),
    merge_commit_sha: commit.nullish(),
    head: side,
    base: side,
  }),
  sender: z.object({ login: z.string().max(200) }),
})

export interface WebhookPull {
  readonly pull: RemotePull
  readonly action: string
  readonly by: string
}

/** Reads the (verified) body of a pull_request delivery. A head whose repository is gone counts as a fork. @throws PushwayError `webhook-invalid` */
export function parseWebhookPull(body: Buffer): WebhookPull {
  const { action, number, pull_request: pull, sender } = check(pullRequest, body)
  const { title, state, draft, head, base } = pull
  const own = head.repo !== null && head.repo.full_name === base.repo?.full_name
  return {
    action,
    by: sender.login,
    pull: {
      ...{ number, title, state, draft, body: pull.body ?? '' },
      merged: pull.merged === true ? (pull.merge_commit_sha ?? null) : null,
      head: { ref: head.ref, sha: head.sha },
      base: { ref: base.ref, sha: base.sha },
      ...(own ? {} : { fork: head.repo?.full_name ?? 'unknown/unknown' }),
    },
  }
}

/** Reads the (verified) body of a push delivery. @throws PushwayError `webhook-invalid` naming the field */
export function parseWebhookPush(body: Buffer): WebhookPush {
  const { ref, before, after, deleted, pusher } = check(push, body)
  const gone = deleted === true || after === ZERO
  return { update: { ref, before: before === ZERO ? null : before, after: gone ? null : after }, by: pusher.name }
}

function check<T>(schema: z.ZodType<T>, body: Buffer): T {
  let json: unknown
  try {
    json = JSON.parse(body.toString('utf8'))
  } catch {
    throw fail('webhook-invalid', { problem: 'its body is not JSON' })
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw fail('webhook-invalid', { problem: `${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'is wrong'}` })
}
