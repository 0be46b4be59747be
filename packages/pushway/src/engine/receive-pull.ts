// Pull requests of the host that a project follows: what its webhook tells becomes the same facts as our own.

import type { PullEvent, PullState } from '@pushway/core/pull/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { ProjectName, RunId } from '@pushway/core/text/ids.ts'
import { changePull, openPull, type PullChange, tryMerge } from '../model/pulls.ts'
import type { Workshop } from '../model/workshop.ts'
import type { RemotePull } from '../ports/service.ts'

interface Received {
  readonly pull: RemotePull
  readonly activity: { readonly action: string; readonly by: string }
}

/** Takes it in, and gives the runs it started. One that was not seen before is opened first. */
export async function receivePull(shop: Workshop, project: ProjectName, received: Received): Promise<readonly RunId[]> {
  const { pull, activity } = received
  const place = { project, number: pull.number }
  const { state } = shop.states.pull(project, pull.number)
  if (state && (state.fork ?? '') !== (pull.fork ?? '')) throw fail('already-exists', { what: 'Pull request', name: String(pull.number) })
  if (!state) {
    if (pull.state === 'closed') return []
    const { number, title, body, draft, head, base, fork } = pull
    const opened = { type: 'PullRequestOpened' as const, project, number, title, body, draft, head, base, by: activity.by, ...(fork ? { fork } : {}) }
    return (await openPull(shop, opened, false)).runs
  }
  const before = state.runs.length
  const after = await changePull(shop, place, (now) => changeOf(shop, now, received))
  return after.runs.slice(before)
}

async function changeOf(shop: Workshop, state: PullState, { pull, activity }: Received): Promise<PullChange> {
  const { action, by } = activity
  const events: PullEvent[] = []
  const moved = pull.head.sha !== state.head.sha
  if (action === 'closed' && state.state === 'open')
    events.push(pull.merged ? { type: 'PullRequestMerged', by, commit: pull.merged, method: 'push' } : { type: 'PullRequestClosed', by })
  if (action === 'reopened' && state.state === 'closed') events.push({ type: 'PullRequestReopened', by, head: pull.head.sha, base: pull.base.sha })
  if (action !== 'reopened' && moved && state.state === 'open')
    events.push({ type: 'PullRequestSynchronized', before: state.head.sha, after: pull.head.sha, by })
  if (pull.title !== state.title || pull.body !== state.body || pull.base.ref !== state.base.ref)
    events.push({ type: 'PullRequestEdited', by, title: pull.title, body: pull.body, base: pull.base })
  if (pull.draft !== state.draft) events.push({ type: 'PullRequestDraftSet', by, draft: pull.draft })
  if (pull.state === 'open' && (moved || pull.base.sha !== state.base.sha || action === 'reopened'))
    events.push(await tryMerge(shop, state, { head: pull.head.sha, base: pull.base.sha }))
  // Redelivered: it is known already.
  if (events.length === 0) return { events }
  const more = action === 'synchronize' ? { before: state.head.sha, after: pull.head.sha } : undefined
  return { events, activities: [{ action, by, ...(more ? { more } : {}) }] }
}
