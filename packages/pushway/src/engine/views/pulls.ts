// Views of pull requests.

import { isMergeable } from '@pushway/core/pull/state.ts'
import type { PullState } from '@pushway/core/pull/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { nextDue } from '@pushway/core/run/schedule.ts'
import type { ProjectName } from '@pushway/core/text/ids.ts'
import type { PullSummary, PullView, RunSummary, ScheduleView } from '@pushway/core/views/types.ts'
import { pullState } from '../../model/pulls.ts'
import type { Workshop } from '../../model/workshop.ts'
import type { PullFilter } from '../../ports/lists.ts'
import type { PullPlace } from '../../ports/service.ts'
import { runSummary } from './runs.ts'

/** One line a pull request, newest first. */
export function pullSummaries(shop: Workshop, project: ProjectName, wanted: PullFilter): readonly PullSummary[] {
  if (!shop.world.lists.hasProject(project)) throw fail('not-found', { what: 'project', name: project })
  return shop.world.lists.pulls(project, wanted).map((number) => summaryOf(pullState(shop, { project, number })))
}

function summaryOf(state: PullState): PullSummary {
  const { project, number, title, draft, head, base, fork, by, labels, comments, createdAt, updatedAt } = state
  return {
    project,
    number,
    title,
    state: state.merged ? 'merged' : state.state,
    draft,
    head,
    base,
    ...(fork ? { fork } : {}),
    by,
    labels,
    comments: comments.length,
    mergeable: isMergeable(state) ?? null,
    createdAt,
    updatedAt,
  }
}

/** A pull request whole. @throws PushwayError `not-found` */
export async function pullView(shop: Workshop, place: PullPlace): Promise<PullView> {
  const state = pullState(shop, place)
  const { git } = shop.world
  const { project, head, merged } = state
  const target = merged ? ((await git.commit(project, merged.commit))?.parents[0] ?? state.base.sha) : state.base.sha
  const fork = await git.mergeBase(project, target, head.sha)
  const [commits, files] = await Promise.all([
    git.commits(project, { to: head.sha, without: [target], limit: 250 }),
    fork === undefined ? [] : git.diff(project, fork, head.sha),
  ])
  return {
    ...summaryOf(state),
    body: state.body,
    ...(merged ? { mergedAt: merged.at, mergedBy: merged.by, mergeCommit: merged.commit } : {}),
    conflicts: state.state === 'open' ? (state.trial?.conflicts ?? []) : [],
    commits: commits.toReversed().map(({ id, message, author }) => ({ id, message: message.split('\n', 1)[0] ?? '', author: author.name, at: author.at })),
    files: files.map(({ blob: _, ...file }) => file),
    thread: state.comments.map(({ id, by, body, at }) => ({ id, by, body, at })),
    runs: runsOfPull(shop, state),
  }
}

/** Those that it started, and those of a push of its head. */
function runsOfPull(shop: Workshop, { project, number, head }: PullState): readonly RunSummary[] {
  const ids = shop.world.lists.runs(project, 500).filter((id) => {
    const { cause } = shop.states.run(id).state
    return cause?.pull === number || (cause?.event === 'push' && cause.sha === head.sha)
  })
  return ids.slice(0, 50).map((id) => runSummary(shop, id))
}

/** When the project's scheduled workflows run next, soonest first. */
export function scheduleViews(shop: Workshop, project: ProjectName): readonly ScheduleView[] {
  const rows = shop.world.lists.schedules().filter((row) => row.project === project)
  const views = rows.map(({ file, cron, timezone = 'UTC', since, hasRun }): ScheduleView => {
    const next = nextDue({ cron, timezone }, since, hasRun)
    return { file, cron, timezone, ...(hasRun ? { lastAt: since } : {}), ...(next === undefined ? {} : { nextAt: next }) }
  })
  return views.toSorted((a, b) => (a.nextAt ?? Number.POSITIVE_INFINITY) - (b.nextAt ?? Number.POSITIVE_INFINITY))
}
