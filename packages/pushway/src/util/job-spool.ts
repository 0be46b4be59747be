// What the job driver and a job's worker share: the worker's input, its folders, and the files it leaves in its spool.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobSpec } from '@pushway/core/run/types.ts'
import type { Isolation } from './isolation/index.ts'

/** Where `actions/checkout` takes the repository from. */
export type JobSource =
  /** The server's git address, with the job's token. */
  | { readonly kind: 'server' }
  /** A repository that git can read as it is. */
  | { readonly kind: 'repository'; readonly url: string }
  /** A working tree: its tracked and its not ignored files, as they are now. */
  | { readonly kind: 'tree'; readonly dir: string }

/** All absolute. */
export interface JobFolders {
  /** Written by the worker only. */
  readonly spool: string
  /** Everything of the job: workspace, home, temporary files. Removed when the job has been recorded. */
  readonly job: string
  /** Toolchains, shared by all jobs; jobs read them. */
  readonly tools: string
  /** Toolchains that steps fetch themselves; one for each project, because jobs write it. May be the same as `tools` without isolation. */
  readonly jobTools: string
  /** Kept from run to run, one for each project. */
  readonly npmCache: string
  readonly buildCache: string
  /** What files of actions were parsed to, from run to run; not kept when absent. */
  readonly parsed?: string
  /** Scripts and command files of steps; in the job's folder when absent. */
  readonly commands?: string
  /** Programs that come first on the PATH of steps, the same for all jobs; in the job's folder when absent. */
  readonly bin?: string
  /** The local image store; in the job's folder when absent. */
  readonly images?: string
}

/** Where actions (`owner/name@ref`) are looked for. */
export type ActionSource =
  /** Bare repositories `dir/OWNER/NAME.git` of projects, those of `owners` (`*`: all) and the job's own. */
  | { readonly kind: 'repositories'; readonly dir: string; readonly owners: readonly string[] }
  /** `dir/OWNER/NAME@REF/`. */
  | { readonly kind: 'directory'; readonly dir: string }
  /** `url/OWNER/NAME` is a repository. */
  | { readonly kind: 'remote'; readonly url: string }

export interface ActionSources {
  readonly sources: readonly ActionSource[]
  /** What was fetched, by commit; written by workers, not seen by jobs. */
  readonly cache: string
}

/** What a worker reads on its standard input; secret values are in `spec`. */
export interface WorkerInput {
  readonly spec: JobSpec
  readonly folders: JobFolders
  readonly source: JobSource
  /** Built-in actions only when absent. */
  readonly actions?: ActionSources
  readonly isolation: Isolation
  /** Folders that steps must not see. */
  readonly hide: readonly string[]
  /** Folders inside hidden ones that steps may read. */
  readonly keepReadOnly: readonly string[]
  /** The project's uid, for the isolation `uid`. */
  readonly uid?: number
  /** The argument array that starts this program again. */
  readonly self: readonly string[]
}

/** Who works on a job: in `worker.json` of the spool. */
export interface WorkerIdentity {
  readonly pid: number
  /** When the system started the process, as it says it; tells it from a later one with the same pid. */
  readonly startTime: string
  /** In the environment of every process of the job. */
  readonly mark: string
}

export interface SpoolFiles {
  readonly claim: string
  readonly worker: string
  readonly reports: string
  readonly log: string
  /** There when the job shall stop: `cancel` or `force`. */
  readonly cancel: string
  /** What the worker itself printed: only when it failed. */
  readonly output: string
}

export function spoolFiles(spool: string): SpoolFiles {
  return {
    claim: join(spool, 'claim'),
    worker: join(spool, 'worker.json'),
    reports: join(spool, 'reports.ndjson'),
    log: join(spool, 'log.ndjson'),
    cancel: join(spool, 'cancel'),
    output: join(spool, 'worker.out'),
  }
}

/** Undefined when no worker has come that far, or the file is not whole. */
export function readWorkerIdentity(spool: string): WorkerIdentity | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(spoolFiles(spool).worker, 'utf8'))
    return isIdentity(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isIdentity(value: unknown): value is WorkerIdentity {
  if (typeof value !== 'object' || value === null) return false
  const { pid, startTime, mark } = value as Partial<Record<keyof WorkerIdentity, unknown>>
  return Number.isInteger(pid) && typeof startTime === 'string' && typeof mark === 'string'
}
