// Scheduled workflows: what the default branch asks for, and starting what is due.

import type { ProjectSchedule, StoredEvent } from '@pushway/core/event/types.ts'
import { streams } from '@pushway/core/event/types.ts'
import { schedulePayload } from '@pushway/core/github/dispatch.ts'
import { nextDue } from '@pushway/core/run/schedule.ts'
import type { RunCause } from '@pushway/core/run/types.ts'
import type { EpochMs, ProjectName } from '@pushway/core/text/ids.ts'
import { defaultHead, repositoryFacts } from '../model/repository-facts.ts'
import { firstLine, startAll } from '../model/start-runs.ts'
import type { Workshop } from '../model/workshop.ts'
import type { ScheduleRow } from '../ports/lists.ts'

export interface Scheduler {
  /** Events may change what the default branch asks for. */
  notice(events: readonly StoredEvent[]): void
  /** Starts what is due; called about once a second. What was missed while nothing ran is started once. */
  tick(): Promise<void>
}

/** The scheduler of all projects. At its start it looks at each default branch. */
export function createScheduler(shop: Workshop): Scheduler {
  const stale = new Set<ProjectName>(shop.world.lists.projects())
  const due = new Map<string, EpochMs>()

  function dueAt(row: ScheduleRow): EpochMs {
    const key = JSON.stringify(row)
    const known = due.get(key)
    if (known !== undefined) return known
    if (due.size > 10_000) due.clear()
    const at = nextDue(row, row.since, row.hasRun) ?? Number.POSITIVE_INFINITY
    due.set(key, at)
    return at
  }

  return {
    notice(events) {
      for (const { stream, body } of events) if (body.type === 'PushReceived' || body.type === 'ProjectCreated') stale.add(stream.slice('project/'.length))
    },
    async tick() {
      for (const project of [...stale]) {
        stale.delete(project)
        await readSchedules(shop, project).catch((error: unknown) =>
          shop.world.log.warn('the schedules of a project could not be read', { project, problem: String(error) }),
        )
      }
      const now = shop.world.clock.now()
      for (const row of shop.world.lists.schedules()) if (dueAt(row) <= now) await startScheduled(shop, row)
    },
  }
}

/** Records what the default branch's workflows ask for, when it is not what is recorded. */
async function readSchedules(shop: Workshop, project: ProjectName): Promise<void> {
  const tip = await defaultHead(shop, project)
  const files = tip ? await shop.sources.workflowFiles(project, tip.sha) : []
  const schedules: ProjectSchedule[] = []
  for (const file of files) {
    const workflow = tip && (await shop.sources.workflow(project, tip.sha, file))?.value
    for (const trigger of workflow?.on ?? []) if (trigger.event === 'schedule') schedules.push(...trigger.entries.map((entry) => ({ file, ...entry })))
  }
  const keyOf = ({ file, cron, timezone = '' }: ProjectSchedule) => `${file} ${cron} ${timezone}`
  const present = shop.world.lists.schedules().filter((row) => row.project === project)
  const same = present.length === new Set(schedules.map(keyOf)).size && present.every((row) => schedules.some((one) => keyOf(one) === keyOf(row)))
  if (!same) shop.world.store.append([{ stream: streams.project(project), expected: 'any', events: [{ type: 'SchedulesSet', schedules }] }])
}

/** The run's own fact moves the entry on, in the same transaction: it is started once. */
async function startScheduled(shop: Workshop, { project, file, cron }: ScheduleRow): Promise<void> {
  const tip = await defaultHead(shop, project)
  const parsed = tip && (await shop.sources.workflow(project, tip.sha, file))
  if (!tip || !parsed) return
  const actor = (await shop.world.git.commitInfo(project, tip.sha))?.author ?? 'pushway'
  const payload = schedulePayload({ ...(await repositoryFacts(shop, project)), cron, workflow: file, actor })
  const cause: RunCause = { event: 'schedule', ...tip, actor, payload }
  const title = firstLine(parsed.value?.name) || file
  const { appends } = await startAll(shop, [{ project, file, cause, title, workflow: parsed.value, refused: [] }])
  shop.world.store.append(appends)
}
