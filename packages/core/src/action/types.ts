// An action: what its `action.yml` says.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax

import type { Step, Template, TemplateMap } from '../workflow/types.ts'

export interface ActionInput {
  /** In lower case, as GitHub compares them. */
  readonly name: string
  readonly required: boolean
  readonly default?: Template
  readonly deprecation?: string
}

export interface ActionDefinition {
  readonly name: string
  readonly inputs: readonly ActionInput[]
  readonly outputs: readonly { readonly name: string; readonly value?: Template }[]
  readonly runs: ActionRuns
}

export type ActionRuns =
  | { readonly using: 'composite'; readonly steps: readonly Step[] }
  | {
      readonly using: 'node'
      /** As written: `node20`. */
      readonly node: string
      readonly main: string
      readonly pre?: string
      readonly preIf?: Template
      readonly post?: string
      readonly postIf?: Template
    }
  | {
      readonly using: 'docker'
      /** A Dockerfile below the action's folder, or `docker://IMAGE`. */
      readonly image: string
      readonly args: readonly Template[]
      readonly env: TemplateMap
      readonly entrypoint?: string
      readonly preEntrypoint?: string
      readonly preIf?: Template
      readonly postEntrypoint?: string
      readonly postIf?: Template
    }

/** What `uses` of a step names. */
export type ActionReference =
  | { readonly kind: 'local'; readonly path: string }
  /** `path` is '' for the repository's root. */
  | { readonly kind: 'repository'; readonly owner: string; readonly name: string; readonly path: string; readonly ref: string }
  | { readonly kind: 'docker'; readonly image: string }
