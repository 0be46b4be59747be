// Commands on pull requests.

import type { PullEvent, PullState } from '@pushway/core/pull/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { CommitId, ProjectName } from '@pushway/core/text/ids.ts'
import { changePull, openPull, type PullChange, tryMerge } from '../model/pulls.ts'
import type { Workshop } from '../model/workshop.ts'
import type { Asking, Commands, NewPull, PullCommands, PullEdit, PullMerge, PullPlace } from '../ports/service.ts'
import { receivePull } from './receive-pull.ts'
import { pullView } from './views/pulls.ts'

/** The commands that concern pull requests; merging pushes to the base through `receivePush`. */
export function createPullCommands(shop: Workshop, { receivePush }: Pick<Commands, 'receivePush'>): PullCommands {
  const change = async (place: PullPlace, decide: (state: PullState) => Promise<PullChange> | PullChange) => {
    await changePull(shop, place, decide)
    return pullView(shop, place)
  }
  return {
    openPull: async (project, pull, who) => pullView(shop, await open(shop, project, { pull, who })),
    receivePull: (project, pull, activity) => receivePull(shop, project, { pull, activity }),
    editPull: (place, edit, who) => change(place, (state) => editOne(shop, state, { edit, who })),
    closePull: (place, who) =>
      change(place, (state) => (state.state === 'closed' ? { events: [] } : { events: [{ type: 'PullRequestClosed', by: who.by }], ...told('closed', who) })),
    reopenPull: (place, who) => change(place, (state) => reopenOne(shop, state, who)),
    async mergePull(place, merge, who) {
      const done = await mergeOne(shop, place, { merge, who })
      await receivePush({ project: place.project, updates: [done], source: 'git', ...(who.byRun ? { byRun: true } : {}) }, who.by)
      return pullView(shop, place)
    },
    async labelPull(place, { add = [], remove = [] }, who) {
      for (const label of add) await changePull(shop, place, (state) => labelOne(state, { label, on: true, who }))
      for (const label of remove) await changePull(shop, place, (state) => labelOne(state, { label, on: false, who }))
      return pullView(shop, place)
    },
    async commentPull(place, body, who) {
      let comment = 0
      await changePull(shop, place, (state) => {
        comment = state.lastComment + 1
        return { events: [{ type: 'PullRequestCommented', by: who.by, comment, body }] }
      })
      return comment
    },
    async editComment(place, { id, body }, who) {
      await changePull(shop, place, ({ comments }) => {
        if (!comments.some((comment) => comment.id === id)) throw fail('not-found', { what: 'comment', name: String(id) })
        const event: PullEvent =
          body === null ? { type: 'PullRequestCommentDeleted', by: who.by, comment: id } : { type: 'PullRequestCommentEdited', by: who.by, comment: id, body }
        return { events: [event] }
      })
    },
  }
}

function told(action: string, { by, byRun }: Asking, more?: Readonly<Record<string, unknown>>): Pick<PullChange, 'activities' | 'quiet'> {
  return { activities: [{ action, by, ...(more ? { more } : {}) }], quiet: byRun === true }
}

async function branchAt(shop: Workshop, project: ProjectName, name: string): Promise<CommitId> {
  const sha = await shop.world.git.resolve(project, `refs/heads/${name}`)
  if (sha === undefined) throw fail('request-refused', { problem: `There is no branch ${name}.`, hint: 'Push it first.' })
  return sha
}

async function open(shop: Workshop, project: ProjectName, { pull, who }: { pull: NewPull; who: Asking }): Promise<PullState> {
  const { title, body, head, base, draft } = pull
  const { git, lists } = shop.world
  if (title.trim() === '') throw fail('request-refused', { problem: 'A pull request needs a title.', hint: 'Give one.' })
  if (head === base) throw fail('request-refused', { problem: `${head} can't be merged into itself.`, hint: 'Name another base.' })
  const [headSha, baseSha] = [await branchAt(shop, project, head), await branchAt(shop, project, base)]
  const present = lists.pulls(project, { state: 'open', head, base, limit: 1 })[0]
  if (present !== undefined)
    throw fail('request-refused', { problem: `A pull request already exists for ${head}: number ${present}.`, hint: 'Push to its branch instead.' })
  const fork = await git.mergeBase(project, baseSha, headSha)
  if (fork === undefined) throw fail('request-refused', { problem: `${head} and ${base} have no commit in common.`, hint: 'Start the branch from the base.' })
  if (fork === headSha) throw fail('request-refused', { problem: `No commits between ${base} and ${head}.`, hint: 'Commit and push something.' })
  const number = lists.takePullNumber(project)
  const sides = { head: { ref: head, sha: headSha }, base: { ref: base, sha: baseSha } }
  return openPull(shop, { type: 'PullRequestOpened', project, number, title, body, ...sides, draft, by: who.by }, who.byRun === true)
}

async function editOne(shop: Workshop, state: PullState, { edit, who }: { edit: PullEdit; who: Asking }): Promise<PullChange> {
  const { title, body, base, draft } = edit
  const events: PullEvent[] = []
  const activities = []
  const moved = base !== undefined && base !== state.base.ref ? { ref: base, sha: await branchAt(shop, state.project, base) } : undefined
  const changes = {
    ...(title !== undefined && title !== state.title ? { title: { from: state.title } } : {}),
    ...(body !== undefined && body !== state.body ? { body: { from: state.body } } : {}),
    ...(moved ? { base: { ref: { from: state.base.ref }, sha: { from: state.base.sha } } } : {}),
  }
  if (title?.trim() === '') throw fail('request-refused', { problem: 'A pull request needs a title.', hint: 'Give one.' })
  if (Object.keys(changes).length > 0) {
    const said = { ...('title' in changes ? { title } : {}), ...('body' in changes ? { body } : {}), ...(moved ? { base: moved } : {}) }
    events.push({ type: 'PullRequestEdited', by: who.by, ...said } as PullEvent)
    activities.push({ action: 'edited', by: who.by, more: { changes } })
  }
  if (moved && state.state === 'open') events.push(await tryMerge(shop, state, { head: state.head.sha, base: moved.sha }))
  if (draft !== undefined && draft !== state.draft) {
    events.push({ type: 'PullRequestDraftSet', by: who.by, draft })
    activities.push({ action: draft ? 'converted_to_draft' : 'ready_for_review', by: who.by })
  }
  return { events, activities, quiet: who.byRun === true }
}

async function reopenOne(shop: Workshop, state: PullState, who: Asking): Promise<PullChange> {
  if (state.state === 'open') return { events: [] }
  if (state.merged) throw fail('request-refused', { problem: `Pull request ${state.number} was merged.`, hint: 'Open a new one.' })
  const head = state.fork ? state.head.sha : await branchAt(shop, state.project, state.head.ref)
  const base = await branchAt(shop, state.project, state.base.ref)
  return { events: [{ type: 'PullRequestReopened', by: who.by, head, base }, await tryMerge(shop, state, { head, base })], ...told('reopened', who) }
}

function labelOne(state: PullState, { label, on, who }: { label: string; on: boolean; who: Asking }): PullChange {
  if (state.labels.includes(label) === on) return { events: [] }
  const more = { label: { name: label } }
  return {
    events: [{ type: on ? 'PullRequestLabeled' : 'PullRequestUnlabeled', by: who.by, label }],
    ...told(on ? 'labeled' : 'unlabeled', who, more),
  }
}

/** Moves the base and records the merge; gives the base's move, for what a push to it starts. */
async function mergeOne(shop: Workshop, place: PullPlace, { merge, who }: { merge: PullMerge; who: Asking }) {
  const { git, clock } = shop.world
  let update = { ref: '', before: '', after: '' }
  await changePull(shop, place, async (state) => {
    const refuse = (problem: string) => fail('pull-not-mergeable', { number: state.number, problem })
    if (state.merged) throw refuse('it was merged already')
    if (state.state === 'closed') throw refuse('it is closed')
    if (state.draft) throw refuse('it is a draft')
    if (merge.sha !== undefined && merge.sha !== state.head.sha) throw refuse('its head is another commit than the one you looked at')
    const base = await branchAt(shop, state.project, state.base.ref)
    const squash = merge.method === 'squash'
    const message = messageOf(state, merge)
    const by = { name: who.by, email: `${who.by}@localhost`, at: clock.now() }
    const merged = await git.merge(state.project, { base, head: state.head.sha, message, by, squash })
    if ('conflicts' in merged) throw refuse(`there are conflicts in ${merged.conflicts.join(', ')}`)
    update = { ref: `refs/heads/${state.base.ref}`, before: base, after: merged.commit }
    if (!(await git.moveRef(state.project, update))) throw refuse('its base has just moved')
    return { events: [{ type: 'PullRequestMerged', by: who.by, commit: merged.commit, method: merge.method }], ...told('closed', who) }
  })
  return update
}

function messageOf({ number, head, title }: PullState, { method, title: given, message }: PullMerge): string {
  const first = given ?? (method === 'squash' ? `${title} (#${number})` : `Merge pull request #${number} from ${head.ref}`)
  const rest = message ?? (method === 'squash' ? '' : title)
  return rest === '' ? first : `${first}\n\n${rest}`
}
