// Puts the results service (artifacts, caches, identity tokens) together with what a server keeps, and sweeps it now and then.

import { openFileBlobs } from '../drivers/blobs/files.ts'
import type { Repositories } from '../git/repositories.ts'
import type { Lists } from '../ports/lists.ts'
import type { Settings } from '../ports/settings.ts'
import type { ProgramLog } from '../ports/world.ts'
import { createResults, type Results } from '../results/index.ts'
import type { Database } from '../store/database.ts'
import { createResultsStore, createSealedValues } from '../store/results.ts'
import { systemClock } from '../util/clock.ts'
import type { DataFolder } from './data-folder.ts'

interface Parts {
  readonly folder: DataFolder
  readonly database: Database
  readonly settings: Settings
  readonly lists: Lists
  readonly repositories: Pick<Repositories, 'defaultBranch'>
  readonly log: ProgramLog
  readonly url: () => string
}

/** The results service of a server; its blobs are not those of images, whose garbage collection knows nothing of them. */
export function serverResults({ folder, database, settings, lists, repositories, log, url }: Parts): Results {
  return createResults({
    blobs: openFileBlobs(folder.path('results')),
    store: createResultsStore(database),
    values: createSealedValues(database, settings),
    now: () => systemClock.now(),
    url,
    defaultBranch: (project) => repositories.defaultBranch(project),
    isLive: (run) => lists.activeRuns().includes(run),
    onMistake: (error) => log.error('the results service failed', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  })
}

const firstSweepMs = 5 * 60_000
const everyMs = 3_600_000

/** Removes what has expired: first five minutes after the start, then every hour, until `signal`. */
export function keepResults(results: Results, log: ProgramLog, signal: AbortSignal): void {
  const later = (ms: number) => {
    if (signal.aborted) return
    const timer = setTimeout(() => void sweep(), ms).unref()
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  }
  const sweep = async () => {
    await results.sweep().then(
      (count) => count > 0 && log.info('artifacts and caches were removed', { count }),
      (error: unknown) => log.error('artifacts and caches could not be swept', { problem: error instanceof Error ? error.message : String(error) }),
    )
    later(everyMs)
  }
  later(firstSweepMs)
}
