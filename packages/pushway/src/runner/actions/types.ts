// The one shape of a built-in action.

import type { JobSpec } from '@pushway/core/run/types.ts'
import type { JobFolders, JobSource } from '../../util/job-spool.ts'
import type { JobPaths } from '../layout.ts'

export interface ExecCall {
  readonly env?: Readonly<Record<string, string>>
  /** The workspace when absent. */
  readonly cwd?: string
  /** Give the output back instead of logging it. */
  readonly quiet?: boolean
}

/** Runs a program with the rights of a step. Argument arrays only; secrets go by `env`. */
export type Exec = (argv: readonly string[], call?: ExecCall) => Promise<{ readonly exit: number; readonly output: string }>

export interface ActionContext {
  /** The input's text, trimmed; '' when it is not given. */
  readonly input: (name: string) => string
  readonly job: { readonly spec: JobSpec; readonly folders: JobFolders; readonly source: JobSource; readonly paths: JobPaths }
  readonly say: (text: string) => void
  readonly stop: AbortSignal
  readonly exec: Exec
  readonly addPath: (dir: string) => void
  readonly setEnv: (name: string, value: string) => void
  readonly setOutput: (name: string, value: string) => void
  readonly addMask: (value: string) => void
  /** Work for the end of the job, done also when it fails or is cancelled; the last added first. */
  readonly addPost: (name: string, work: (exec: Exec) => Promise<void>) => void
}

export interface BuiltinAction {
  /** `owner/name`, in lower case. */
  readonly name: string
  /** In lower case. */
  readonly inputs: readonly string[]
  /** @throws ActionFailure or PushwayError: the step fails with its sentence */
  readonly run: (context: ActionContext) => Promise<void>
}

/** The step fails with this sentence. */
export class ActionFailure extends Error {}

/** Whether an input says yes. */
export function isTrue(text: string, fallback: boolean): boolean {
  return text === '' ? fallback : text.toLowerCase() === 'true'
}

export const dockerProblem = 'a Docker action needs a container engine (Docker, Podman), and none answers on this machine.'
