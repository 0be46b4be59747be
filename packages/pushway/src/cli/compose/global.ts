// What stands before the verb: which files, which project, which variables. Follows `docker compose` and its COMPOSE_* variables.

import type { Command } from 'commander'
import type { ProgressStyle } from './progress.ts'

export interface GlobalOptions {
  readonly allResources: boolean
  readonly compatibility: boolean
  readonly envFiles: readonly string[]
  readonly files: readonly string[]
  readonly profiles: readonly string[]
  readonly projectDirectory?: string
  readonly projectName?: string
  readonly progress: ProgressStyle
}

interface Flags {
  readonly allResources?: boolean
  readonly compatibility?: boolean
  readonly envFile?: readonly string[]
  readonly file?: readonly string[]
  readonly profile?: readonly string[]
  readonly projectDirectory?: string
  readonly projectName?: string
  readonly progress?: ProgressStyle
}

/** The flags of `pushway compose` that a verb was called with. */
export function globalOptions(compose: Command): GlobalOptions {
  const flags = compose.opts<Flags>()
  const named = (process.env.COMPOSE_ENV_FILES ?? '').split(',').filter((file) => file !== '')
  return {
    allResources: flags.allResources === true,
    compatibility: flags.compatibility === true || isTrue(process.env.COMPOSE_COMPATIBILITY),
    envFiles: flags.envFile ?? named,
    files: flags.file ?? [],
    profiles: flags.profile ?? [],
    progress: flags.progress ?? 'auto',
    ...(flags.projectDirectory === undefined ? {} : { projectDirectory: flags.projectDirectory }),
    ...(flags.projectName === undefined ? {} : { projectName: flags.projectName }),
  }
}

/** Whether a COMPOSE_… variable is on. */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && /^(1|t|true|y|yes|on)$/i.test(value)
}
