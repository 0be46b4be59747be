// Pull requests change: decide on the newest state, try the merge, start what the activity starts, and write all of it at once.

import { streams } from '@pushway/core/event/types.ts'
import { evolvePull } from '@pushway/core/pull/state.ts'
import type { PullEvent, PullState } from '@pushway/core/pull/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { CommitId, ProjectName } from '@pushway/core/text/ids.ts'
import type { RefUpdate } from '../ports/service.ts'
import { type PullActivity, runsForPull } from './pull-runs.ts'
import { noRuns } from './start-runs.ts'
import type { Workshop } from './workshop.ts'

export interface PullPlace {
  readonly project: ProjectName
  readonly number: number
}

/** What is to happen. `quiet`: nothing is started (a run did it with its own token). */
export interface PullChange {
  readonly events: readonly PullEvent[]
  readonly activities?: readonly PullActivity[]
  readonly quiet?: boolean
}

/** A pull request as it is. @throws PushwayError `not-found` */
export function pullState(shop: Workshop, { project, number }: PullPlace): PullState {
  const { state } = shop.states.pull(project, number)
  if (!state) throw fail('not-found', { what: 'pull request', name: String(number) })
  return state
}

/** Writes what `decide` says of the newest state; decides again when somebody else wrote meanwhile. No events: nothing is done. */
export async function changePull(shop: Workshop, place: PullPlace, decide: (state: PullState) => Promise<PullChange> | PullChange): Promise<PullState> {
  for (;;) {
    const { seq } = shop.states.pull(place.project, place.number)
    const state = pullState(shop, place)
    const change = await decide(state)
    if (change.events.length === 0) return state
    if (await writePull(shop, { place, seq, before: state, change })) return pullState(shop, place)
  }
}

/** Opens a pull request under a number that was taken for it. */
export async function openPull(shop: Workshop, opened: Extract<PullEvent, { type: 'PullRequestOpened' }>, quiet: boolean): Promise<PullState> {
  const place = { project: opened.project, number: opened.number }
  const trial = await tryMerge(shop, place, { head: opened.head.sha, base: opened.base.sha })
  const change: PullChange = { events: [opened, trial], activities: [{ action: 'opened', by: opened.by }], quiet }
  if (!(await writePull(shop, { place, seq: 0, before: undefined, change })))
    throw fail('already-exists', { what: 'Pull request', name: String(opened.number) })
  return pullState(shop, place)
}

interface Writing {
  readonly place: PullPlace
  readonly seq: number
  readonly before: PullState | undefined
  readonly change: PullChange
}

async function writePull(shop: Workshop, { place, seq, before, change }: Writing): Promise<boolean> {
  const { world } = shop
  const now = world.clock.now()
  const after = change.events.reduce<PullState | undefined>((state, event) => evolvePull(state, event, now), before)
  const activities = after && !change.quiet ? (change.activities ?? []) : []
  const started = []
  for (const activity of activities) started.push({ activity, ...(after ? await runsForPull(shop, after, activity) : noRuns) })
  const told: readonly PullEvent[] = started.flatMap(({ activity, runs }) =>
    runs.length > 0 ? [{ type: 'PullRequestRunsStarted', activity: activity.action, runs }] : [],
  )
  const own = { stream: streams.pull(place.project, place.number), expected: seq, events: [...change.events, ...told], cause: streams.project(place.project) }
  return world.store.append([own, ...started.flatMap(({ appends }) => appends)]).ok
}

/** Git's trial of the merge; `refs/pull/N/head` and `refs/pull/N/merge` are brought to it. Doing it again gives the same. */
export async function tryMerge(
  shop: Workshop,
  { project, number }: PullPlace,
  at: { readonly head: CommitId; readonly base: CommitId },
): Promise<Extract<PullEvent, { type: 'PullRequestMergeTried' }>> {
  const { git } = shop.world
  const headCommit = await git.commit(project, at.head)
  const by = { name: 'pushway', email: 'pushway@localhost', at: headCommit?.committer.at ?? 0 }
  const merged = await git.merge(project, { ...at, message: `Merge ${at.head} into ${at.base}`, by })
  const commit = 'commit' in merged ? merged.commit : null
  await git.moveRef(project, { ref: `refs/pull/${number}/head`, after: at.head })
  await git.moveRef(project, { ref: `refs/pull/${number}/merge`, after: commit })
  return { type: 'PullRequestMergeTried', ...at, commit, conflicts: 'conflicts' in merged ? merged.conflicts : [] }
}

export interface FollowedPush {
  readonly project: ProjectName
  readonly update: RefUpdate
  readonly by: string
  readonly quiet: boolean
}

/** What a push means for the open pull requests of its branch: new commits, a merge, or the end of one whose branch is gone. */
export async function followPush(shop: Workshop, push: FollowedPush): Promise<void> {
  const { project, update } = push
  if (!update.ref.startsWith('refs/heads/')) return
  const branch = update.ref.slice('refs/heads/'.length)
  for (const number of shop.world.lists.pullsOf(project, branch)) {
    await changePull(shop, { project, number }, (state) => followOne(shop, state, { ...push, branch }))
  }
}

async function followOne(shop: Workshop, state: PullState, push: FollowedPush & { readonly branch: string }): Promise<PullChange> {
  const { update, by, quiet, branch } = push
  const { git } = shop.world
  const { after } = update
  const nothing: PullChange = { events: [] }
  if (state.state === 'closed') return nothing
  if (after === null) {
    const reason = `The branch ${branch} was deleted.`
    return { events: [{ type: 'PullRequestClosed', by, reason }], activities: [{ action: 'closed', by }], quiet }
  }
  // A fork's branch may have the same name.
  if (!state.fork && state.head.ref === branch) {
    if (state.head.sha === after) return nothing
    const before = state.head.sha
    const trial = await tryMerge(shop, state, { head: after, base: state.base.sha })
    return {
      events: [{ type: 'PullRequestSynchronized', before, after, by }, trial],
      activities: [{ action: 'synchronize', by, more: { before, after } }],
      quiet,
    }
  }
  if (state.base.ref !== branch || state.base.sha === after) return nothing
  if ((await git.mergeBase(state.project, state.head.sha, after)) === state.head.sha)
    return { events: [{ type: 'PullRequestMerged', by, commit: after, method: 'push' }], activities: [{ action: 'closed', by }], quiet }
  return { events: [await tryMerge(shop, state, { head: state.head.sha, base: after })] }
}
