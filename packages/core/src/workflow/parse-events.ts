// The events of `on` besides push, pull requests, dispatches and calls: schedule, workflow_run, repository_dispatch, release, refs, deployments.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows

import { hasCronIntervalLessThan5Minutes, isValidCron } from '@actions/workflow-parser/model/converter/cron'
import { add } from './findings.ts'
import type { PatternFilter, ScheduleEntry, Trigger } from './types.ts'
import { type Entry, itemsOf, takeKeys, textOf, type Value } from './yaml-node.ts'
import type { YamlSource } from './yaml-source.ts'

/** What of GitHub's activity types happens to Pushway's pull requests; the others concern people and queues that they do not have. */
const pullActivities: ReadonlySet<string> = new Set([
  'opened',
  'edited',
  'closed',
  'reopened',
  'synchronize',
  'labeled',
  'unlabeled',
  'converted_to_draft',
  'ready_for_review',
])

/** `types` of a pull request's event; a warning for each that never comes. The schema has refused unknown ones. */
export function readPullTypes(source: YamlSource, entry: Entry | undefined): readonly string[] | undefined {
  if (!entry) return undefined
  return itemsOf(source, entry.value).map((item) => {
    const type = textOf(item)
    if (!pullActivities.has(type)) {
      const message = `\`${type}\` never happens here. Activities of pull requests are: ${[...pullActivities].join(', ')}.`
      add(source.findings, item.at, { code: 'activity-never', message, severity: 'warning' })
    }
    return type
  })
}

/** `on: schedule`: a list of `cron`, each in UTC or in the `timezone` beside it. */
export function readSchedule(source: YamlSource, value: Value): Trigger {
  return { event: 'schedule', entries: itemsOf(source, value).flatMap((item) => readScheduleEntry(source, item)) }
}

function readScheduleEntry(source: YamlSource, item: Value): readonly ScheduleEntry[] {
  const { cron: entry, timezone } = takeKeys(source, item, ['cron', 'timezone'])
  if (!entry) return []
  const cron = textOf(entry.value).trim()
  const problem = (at: Value['at'], code: string, message: string) => add(source.findings, at, { code, message })
  if (!isValidCron(cron)) {
    problem(entry.value.at, 'cron-invalid', `"${cron}" is no schedule. Write five fields, as in \`30 5 * * 1-5\`: minute, hour, day, month, weekday.`)
    return []
  }
  if (hasCronIntervalLessThan5Minutes(cron)) {
    const message = `"${cron}" asks for runs less than 5 minutes apart. As on GitHub, they are at least 5 minutes apart.`
    add(source.findings, entry.value.at, { code: 'cron-too-often', message, severity: 'warning' })
  }
  const zone = timezone && textOf(timezone.value)
  if (zone !== undefined && !isTimeZone(zone)) {
    problem(timezone?.value.at ?? item.at, 'timezone-unknown', `There is no time zone "${zone}". Name one of the IANA list, such as Europe/Berlin.`)
    return []
  }
  return [{ cron, ...(zone === undefined ? {} : { timezone: zone }) }]
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** `on: workflow_run`; `branches` is read by the caller, who has the filters. */
export function readWorkflowRun(source: YamlSource, entry: Entry, branches: PatternFilter | undefined): Trigger {
  const keys = takeKeys(source, entry.value, ['workflows', 'types', 'branches', 'branches-ignore'])
  const workflows = itemsOf(source, keys.workflows?.value).map(textOf)
  if (workflows.length === 0) {
    const message = '`workflow_run` needs `workflows`: the names of the workflows whose runs start this one.'
    add(source.findings, entry.keyAt, { code: 'workflows-missing', message })
  }
  return { event: 'workflow_run', workflows, types: keys.types && itemsOf(source, keys.types.value).map(textOf), branches }
}

/** An event with `types` alone: `release`, `repository_dispatch`. */
export function readTyped(source: YamlSource, event: 'release' | 'repository_dispatch', value: Value): Trigger {
  const { types } = takeKeys(source, value, ['types'])
  return { event, types: types && itemsOf(source, types.value).map(textOf) }
}

const noIssues = 'Pushway keeps no issues or discussions. Send it as a `repository_dispatch`'
const inside = 'Use `workflow_run` for runs, and `deployment_status` for deployments'

/** What to use in the place of an event of GitHub that never happens here. */
const instead: Readonly<Record<string, string>> = {
  issues: noIssues,
  issue_comment: noIssues,
  discussion: noIssues,
  discussion_comment: noIssues,
  label: noIssues,
  milestone: noIssues,
  project: noIssues,
  project_card: noIssues,
  project_column: noIssues,
  check_run: inside,
  check_suite: inside,
  status: inside,
  merge_group: 'There is no merge queue. Use `pull_request`, or `push` to the branch that is merged into',
  pull_request_comment: 'Use `pull_request`, or `repository_dispatch`',
  pull_request_review: 'Reviews are not kept. Use `pull_request` with `types: [labeled]`, or `repository_dispatch`',
  pull_request_review_comment: 'Reviews are not kept. Use `pull_request` with `types: [labeled]`, or `repository_dispatch`',
  registry_package: 'Use `workflow_run` after the workflow that pushes the image',
  image_version: 'Use `workflow_run` after the workflow that pushes the image',
  page_build: 'Pages are no part of Pushway. Use `push`',
  gollum: 'There is no wiki. Use `push` with `paths`',
}

/** The advice for an event that is refused. */
export function adviceFor(event: string): string {
  return instead[event] ?? 'It never happens here. Send what starts the workflow as a `repository_dispatch`'
}
