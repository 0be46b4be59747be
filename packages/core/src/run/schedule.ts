// When a scheduled workflow is due.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows#schedule

import { Cron } from 'croner'
import type { EpochMs } from '../text/ids.ts'
import type { ScheduleEntry } from '../workflow/types.ts'

/** As on GitHub, runs of one entry are at least this far apart, in ms. */
const shortestMs = 5 * 60_000

/**
 * When an entry is due next: at its first time after `since` that is at least five minutes after the one that `since` made up for.
 * Late ones come once: whatever was missed, the run that is started moves `since` to the time it starts.
 *
 * @param since when it ran last, or (`hasRun` false) when it was first seen, epoch ms
 * @returns epoch ms; undefined when there is no such time (30 February)
 */
export function nextDue(entry: ScheduleEntry, since: EpochMs, hasRun = true): EpochMs | undefined {
  const cron = new Cron(entry.cron, { timezone: entry.timezone ?? 'UTC', paused: true, domAndDow: false })
  const reached = hasRun ? cron.previousRuns(1, new Date(since + 1))[0]?.getTime() : undefined
  const from = reached === undefined ? since : Math.max(since, reached + shortestMs - 1)
  return cron.nextRun(new Date(from))?.getTime()
}
