// What a job knows of an action that one of its steps uses.

import type { ActionDefinition } from '@pushway/core/action/types.ts'
import type { UsesStep } from '@pushway/core/workflow/types.ts'
import type { BuiltinAction } from './actions/types.ts'

/** An action with its files on this machine. */
export interface FoundAction {
  readonly kind: 'files'
  /** As the job's processes see it. */
  readonly dir: string
  readonly definition: ActionDefinition
  /** The argument array that runs a built-in action; the name of a stage is added. */
  readonly program?: readonly string[]
  /** `owner/name` and the ref it was asked at; absent for a folder of the workspace. */
  readonly repository?: string
  readonly ref?: string
}

export type ResolvedAction = { readonly kind: 'builtin'; readonly action: BuiltinAction } | FoundAction

/** Finds actions, each once in a job. */
export interface ActionResolver {
  /** @throws ActionFailure: why it can't be run, with the step's place */
  resolve(step: UsesStep): Promise<ResolvedAction>
}
