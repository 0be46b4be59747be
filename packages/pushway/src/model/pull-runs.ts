// What an activity of a pull request starts: pull_request at the commit that merges it, pull_request_target at the default branch.

import { type PullContent, pullRequestPayload } from '@pushway/core/github/pull.ts'
import { pullFacts } from '@pushway/core/pull/state.ts'
import type { PullState } from '@pushway/core/pull/types.ts'
import { skipWord } from '@pushway/core/run/skip.ts'
import type { RunCause } from '@pushway/core/run/types.ts'
import type { CommitId } from '@pushway/core/text/ids.ts'
import { anyTrigger, runsForEvent } from './event-runs.ts'
import { defaultHead, repositoryFacts } from './repository-facts.ts'
import { type StartedRuns, startAll } from './start-runs.ts'
import type { Workshop } from './workshop.ts'

export interface PullActivity {
  /** GitHub's word: `opened`, `synchronize`, `closed`, … */
  readonly action: string
  readonly by: string
  /** What the payload of the action has besides: `before`, `after`, `label`, `changes`. */
  readonly more?: Readonly<Record<string, unknown>>
}

/** The commits and files of a pull request: what its head has, and its base has not. */
export async function pullContent(shop: Workshop, { project, head, base, merged }: PullState): Promise<PullContent & { readonly fork: CommitId | undefined }> {
  const { git } = shop.world
  const target = merged ? ((await git.commit(project, merged.commit))?.parents[0] ?? base.sha) : base.sha
  const fork = await git.mergeBase(project, target, head.sha)
  if (fork === undefined) return { commits: 0, additions: 0, deletions: 0, changedFiles: 0, fork }
  const [commits, files] = await Promise.all([git.commits(project, { to: head.sha, without: [target], limit: 10_000 }), git.diff(project, fork, head.sha)])
  const sum = (count: (file: (typeof files)[number]) => number) => files.reduce((total, file) => total + count(file), 0)
  return { commits: commits.length, additions: sum((file) => file.additions), deletions: sum((file) => file.deletions), changedFiles: files.length, fork }
}

/** The runs of an activity, not written yet. Without a commit that merges it (a conflict) `pull_request` starts nothing, as on GitHub. */
export async function runsForPull(shop: Workshop, pull: PullState, activity: PullActivity): Promise<StartedRuns> {
  const { git } = shop.world
  const { project, number, head, base } = pull
  const tip = await defaultHead(shop, project)
  const merge = mergeCommitOf(pull)
  const wanted = (merge && (await anyTrigger(shop, project, { commit: merge.sha, event: 'pull_request' }))) || false
  const targeted = (tip && (await anyTrigger(shop, project, { commit: tip.sha, event: 'pull_request_target' }))) || false
  if (!wanted && !targeted) return { runs: [], appends: [], problems: [] }
  const { fork, ...content } = await pullContent(shop, pull)
  const payload = pullRequestPayload(await repositoryFacts(shop, project), { ...pullFacts(pull), content }, { ...activity, actor: activity.by })
  const changedPaths = fork === undefined ? [] : await git.changedPaths(project, fork, head.sha)
  const trigger = { baseRef: base.ref, action: activity.action, changedPaths }
  const common = { actor: activity.by, payload, pull: number }
  const skipped = skipWord((await git.commitInfo(project, head.sha))?.message ?? '') !== undefined
  const causes: RunCause[] = []
  if (wanted && merge && !skipped) causes.push({ ...common, ...merge, event: 'pull_request', ...(pull.fork ? { untrusted: true } : {}) })
  if (targeted && tip) causes.push({ ...common, ...tip, event: 'pull_request_target' })
  const found = await Promise.all(causes.map((cause) => runsForEvent(shop, { project, cause, trigger, title: pull.title })))
  return startAll(
    shop,
    found.flatMap(({ requests }) => requests),
  )
}

/** Where `pull_request` runs: the commit that merges it; once it is merged, the base's branch; a closed one that conflicts, its head. */
function mergeCommitOf({ number, merged, base, trial, head, state }: PullState): { readonly ref: string; readonly sha: CommitId } | undefined {
  if (merged) return { ref: `refs/heads/${base.ref}`, sha: merged.commit }
  if (trial?.commit && trial.head === head.sha) return { ref: `refs/pull/${number}/merge`, sha: trial.commit }
  return state === 'closed' ? { ref: `refs/pull/${number}/head`, sha: head.sha } : undefined
}
