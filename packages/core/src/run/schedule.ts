// When a scheduled workflow is due.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows#schedule

import { Cron } from 'croner'
import type { EpochMs } from '../text/ids.ts'
import type { ScheduleEntry } from '../workflow/types.ts'

/** As on GitHub, runs of one entry are at least this far apart, in ms. */
const shortestMs = 5 * 60_000

/**
 * When an entry is due next: its first time after `since`, at least five minutes after it.
 * Late ones come once: whatever was missed, the run that is started moves `since` to the time it starts.
 *
 * @param since when it ran last, or when it was first seen, epoch ms
 * @returns epoch ms; undefined when there is no such time (30 February)
 */
export function nextDue(entry: ScheduleEntry, since: EpochMs, hasRun = true): EpochMs | undefined {
  const cron = new Cron(entry.cron, { timezone: entry.timezone ?? 'UTC', paused: true, domAndDow: false })
  // A time that was reached late may be less than five minutes before the next one.
  const from = hasRun ? since + shortestMs - 60_000 : since
  return cron.nextRun(new Date(from))?.getTime()
}
