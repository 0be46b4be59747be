// What one step is run with.

import type { Scope } from '@pushway/core/workflow/evaluate.ts'
import type { Stops } from './run-process.ts'

export interface StepRun {
  /** Index in the job's steps. */
  readonly step: number
  readonly id?: string
  /** Unique among everything the job runs: in names of files. */
  readonly key: string
  readonly name: string
  /** Workflow's, job's and step's variables. */
  readonly env: Readonly<Record<string, string>>
  /** Those of the step itself, and of the steps it is inside of. */
  readonly own: Readonly<Record<string, string>>
  /** Those that the log shows. */
  readonly shownEnv: Readonly<Record<string, string>>
  readonly scope: Scope
  readonly stops: Stops
  readonly say: (text: string) => void
  /** Filled by the step. */
  readonly outputs: Record<string, string>
  readonly summary: (text: string) => void
}
