// Pull requests and schedules as text.

import type { PullSummary, PullView, ScheduleView } from '@pushway/core/views/types.ts'
import { plainLine, shortCommit } from '../format.ts'
import type { Shape } from '../output.ts'
import { type Screen, styleOf } from '../screen.ts'
import { indent, renderFields, renderTable } from '../table.ts'
import { runShape } from './runs.ts'

export const pullShape: Shape<PullSummary> = {
  name: (pull) => `pr/${pull.number}`,
  none: 'There are no such pull requests: pushway pr create opens one.',
  columns: [
    { title: 'PR', text: (pull) => String(pull.number) },
    { title: 'STATE', text: stateOf, state: true },
    { title: 'TITLE', text: (pull) => pull.title },
    { title: 'HEAD', text: headOf },
    { title: 'BASE', text: (pull) => pull.base.ref },
    { title: 'LABELS', text: (pull) => pull.labels.join(','), wide: true },
    { title: 'BY', text: (pull) => pull.by, wide: true },
    { title: 'AGE', text: (pull, screen) => screen.when(pull.createdAt) },
  ],
}

export const scheduleShape: Shape<ScheduleView> = {
  name: (schedule) => `schedule/${schedule.file}`,
  none: 'No workflow of the default branch has a schedule.',
  columns: [
    { title: 'WORKFLOW', text: (schedule) => schedule.file },
    { title: 'CRON', text: (schedule) => schedule.cron },
    { title: 'TIME ZONE', text: (schedule) => schedule.timezone },
    { title: 'LAST', text: (schedule, screen) => (schedule.lastAt === undefined ? undefined : screen.when(schedule.lastAt)) },
    { title: 'NEXT', text: (schedule) => (schedule.nextAt === undefined ? 'never' : new Date(schedule.nextAt).toISOString().replace(/\.\d+Z$/, 'Z')) },
  ],
}

function stateOf(pull: PullSummary): string {
  if (pull.state !== 'open') return pull.state
  return pull.mergeable === false ? 'conflict' : pull.draft ? 'draft' : 'open'
}

function headOf(pull: PullSummary): string {
  return pull.fork === undefined ? pull.head.ref : `${pull.fork}:${pull.head.ref}`
}

/** A pull request in a screenful. */
export function describePull(pull: PullView, screen: Screen): string {
  const files = pull.files.map((file) => `${file.status.padEnd(8)} ${file.path}  +${file.additions} -${file.deletions}`)
  const commits = pull.commits.map((commit) => `${shortCommit(commit.id)} ${plainLine(commit.message)}`)
  const thread = pull.thread.map((comment) => `${comment.by}, ${screen.when(comment.at)}: ${plainLine(comment.body)}`)
  const part = (title: string, lines: readonly string[]) => (lines.length === 0 ? [] : ['', title, indent(lines.join('\n'))])
  return [
    renderFields([
      ['Pull request', `${pull.number} of ${pull.project}`],
      ['Title', plainLine(pull.title)],
      ['State', screen.paint(styleOf(stateOf(pull)), stateOf(pull))],
      ['Merges', `${headOf(pull)} into ${pull.base.ref}`],
      ['By', pull.by],
      ['Labels', pull.labels.join(', ')],
      ['Conflicts', pull.conflicts.join(', ')],
      ['Merged', pull.mergeCommit && `${shortCommit(pull.mergeCommit)} by ${pull.mergedBy ?? ''}`],
    ]),
    ...(pull.body === '' ? [] : ['', indent(pull.body)]),
    ...part('Commits:', commits),
    ...part('Files:', files),
    ...(pull.runs.length === 0
      ? []
      : [
          '',
          'Runs:',
          indent(
            renderTable(
              runShape.columns.filter(({ wide }) => !wide),
              pull.runs,
              screen,
            ),
          ),
        ]),
    ...part('Comments:', thread),
  ].join('\n')
}

/** The difference as a patch. */
export function patchOf(pull: PullView): string {
  return pull.files
    .map((file) => [`diff --git a/${file.from ?? file.path} b/${file.path}`, file.patch ?? `${file.status}: no text to show`].join('\n'))
    .join('\n')
}
