// Everything the engine and its performers reach the outside through. Made once, in main.

import type { EnvironmentConfig } from '@pushway/core/project/types.ts'
import type { TokenPermissions } from '@pushway/core/run/types.ts'
import type { Digest, ProjectName, RunId } from '@pushway/core/text/ids.ts'
import type { Secret } from '../util/secret.ts'
import type { Documents } from './documents.ts'
import type { Evidence } from './evidence.ts'
import type { JobRunner } from './jobs.ts'
import type { Lists } from './lists.ts'
import type { Clock, GitHost, Ids } from './misc.ts'
import type { JobServiceIssuer } from './results.ts'
import type { Router } from './router.ts'
import type { Runtime } from './runtime.ts'
import type { Settings } from './settings.ts'
import type { EventStore } from './store.ts'

/** The program's own log: one line an entry, never a secret. */
export interface ProgramLog {
  info(message: string, facts?: Readonly<Record<string, unknown>>): void
  warn(message: string, facts?: Readonly<Record<string, unknown>>): void
  error(message: string, facts?: Readonly<Record<string, unknown>>): void
}

/** Tokens that jobs use; each belongs to one run and is worthless when the run has ended. */
export interface RunTokens {
  create(run: RunId, project: ProjectName, permissions?: TokenPermissions): Promise<Secret>
  revoke(run: RunId): void
}

/** What performers need to know of the server they run in. */
export interface ServerFacts {
  /** `http://127.0.0.1:PORT`: how jobs and people on this machine reach the server. */
  readonly url: string
  /** Pushway's own version. */
  readonly version: string
  /** Registry host names that mean the embedded registry. */
  readonly registryAliases: readonly string[]
  /** The registries that are asked for images which are not here; absent: none. */
  registryMirrors?(): readonly { readonly host: string; readonly url: string }[]
  /** The ports that an image of the embedded registry says it listens on; none where it is not there. */
  exposedPorts?(digest: Digest): Promise<readonly number[]>
  /** Where files of repositories are written out for instances that mount them. */
  readonly filesDir: string
  /** Whether a Docker-compatible engine answers. */
  engineAvailable(): Promise<boolean>
}

/** Files of other repositories that workflows call. */
export interface WorkflowFiles {
  /** The text of `path` at a branch, tag or commit, with the commit when it is known; else a sentence that says why there is none. `own`: the project that asks. */
  find(
    target: { readonly repository: string; readonly path: string; readonly ref: string },
    own: ProjectName,
  ): Promise<{ readonly text: string; readonly sha?: string } | { readonly problem: string }>
}

export interface World {
  readonly clock: Clock
  readonly ids: Ids
  readonly store: EventStore
  readonly lists: Lists
  readonly settings: Settings
  readonly documents: Documents
  readonly evidence: Evidence
  readonly git: GitHost
  readonly jobs: JobRunner
  /** Nothing of other repositories can be called when absent. */
  readonly workflows?: WorkflowFiles
  readonly router: Router
  readonly runtimes: Readonly<Partial<Record<EnvironmentConfig['runtime'], Runtime>>>
  readonly tokens: RunTokens
  readonly services: JobServiceIssuer
  readonly server: ServerFacts
  readonly log: ProgramLog
}
