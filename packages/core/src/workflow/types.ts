// Workflow: a `.github/workflows/*.yml` as typed values with positions. Templates (`${{ }}`) stay text until a job runs.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax

import type { Located } from '../text/diagnostic.ts'

/** Text that may hold `${{ }}`; evaluated with the contexts of its place. */
export type Template = Located<string>
/** Name → template, in the file's order. */
export type TemplateMap = readonly (readonly [name: string, value: Template])[]

export interface Workflow {
  /** Path in the repository: `.github/workflows/ci-cd.yml`. */
  readonly file: string
  readonly name: string
  readonly runName?: Template
  readonly on: readonly Trigger[]
  readonly env: TemplateMap
  readonly defaults: RunDefaults
  readonly concurrency?: Concurrency
  readonly permissions?: Permissions
  readonly jobs: readonly Job[]
}

export interface RunDefaults {
  readonly shell?: Template
  readonly workingDirectory?: Template
}

export type Trigger =
  | { readonly event: 'push'; readonly branches?: PatternFilter; readonly tags?: PatternFilter; readonly paths?: PatternFilter }
  | {
      readonly event: 'pull_request' | 'pull_request_target'
      readonly branches?: PatternFilter
      readonly types?: readonly string[]
      readonly paths?: PatternFilter
    }
  | { readonly event: 'workflow_dispatch'; readonly inputs: readonly Input[] }
  | CallTrigger
  | {
      readonly event: 'workflow_run'
      /** Names of workflows, exactly. */
      readonly workflows: readonly string[]
      readonly types?: readonly string[]
      /** Of the branch that the other run was for. */
      readonly branches?: PatternFilter
    }
  | { readonly event: 'schedule'; readonly entries: readonly ScheduleEntry[] }
  | { readonly event: 'release' | 'repository_dispatch'; readonly types?: readonly string[] }
  | { readonly event: 'create' | 'delete' | 'deployment' | 'deployment_status' }

/** `cron`: five fields; in UTC unless there is a `timezone` (IANA). */
export interface ScheduleEntry {
  readonly cron: string
  readonly timezone?: string
}

/** What a workflow that others call takes and gives. */
export interface CallTrigger {
  readonly event: 'workflow_call'
  readonly inputs: readonly Input[]
  readonly secrets: readonly { readonly name: string; readonly required: boolean }[]
  /** Evaluated with the `jobs` context when its jobs have ended. */
  readonly outputs: TemplateMap
}

/** `branches` gives only `include` (with `!` patterns in it), `branches-ignore` only `exclude`. Order matters. */
export interface PatternFilter {
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
}

export interface Input {
  readonly name: string
  readonly type: 'string' | 'boolean' | 'number' | 'choice' | 'environment'
  readonly required: boolean
  readonly default?: string
  readonly options?: readonly string[]
}

/** A YAML value of any shape, its texts still templates: the dimensions of a matrix. */
export type ValueTree =
  | { readonly kind: 'template'; readonly template: Template }
  | { readonly kind: 'plain'; readonly value: string | number | boolean | null }
  | { readonly kind: 'list'; readonly items: readonly ValueTree[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [name: string, value: ValueTree])[] }

export interface Strategy {
  readonly matrix?: ValueTree
  /** True when absent. */
  readonly failFast?: Template
  /** No limit when absent. */
  readonly maxParallel?: Template
  readonly at: Located<string>['at']
}

/** What the token may do; a name that a map leaves out is `none`. */
export type Permissions = { readonly all: 'read' | 'write' } | { readonly named: Readonly<Record<string, 'read' | 'write' | 'none'>> }

export interface Concurrency {
  readonly group: Template
  /** False when absent. */
  readonly cancelInProgress?: Template
  /** `single`: a newer one replaces the one that waits; `max`: all wait. */
  readonly queue: 'single' | 'max'
}

/** A container of a job, or all of its services: what is in it is known when its expressions are evaluated. */
export interface ContainerTree {
  readonly tree: ValueTree
  readonly at: Located<string>['at']
}

export interface Job {
  readonly id: string
  readonly name?: Template
  readonly needs: readonly string[]
  readonly if?: Template
  /** Labels; they may hold `${{ }}`. */
  readonly runsOn: readonly string[]
  readonly runnerGroup?: Template
  readonly strategy?: Strategy
  readonly concurrency?: Concurrency
  readonly permissions?: Permissions
  readonly env: TemplateMap
  readonly outputs: TemplateMap
  readonly environment?: { readonly name: Template; readonly url?: Template }
  /** The container that its steps run in: an image, or a map. */
  readonly container?: ContainerTree
  /** A map from names to containers that run beside it. */
  readonly services?: ContainerTree
  readonly defaults: RunDefaults
  /** Minutes; 360 when absent, as GitHub has it. */
  readonly timeoutMinutes?: Template
  readonly continueOnError?: Template
  /** None when it calls a workflow. */
  readonly steps: readonly Step[]
  readonly call?: WorkflowCall
  readonly at: Located<string>['at']
}

/** `jobs.<id>.uses`: the job is the jobs of another workflow. */
export interface WorkflowCall {
  /** `./.github/workflows/FILE`, or `OWNER/NAME/.github/workflows/FILE@REF`. */
  readonly uses: Located<string>
  readonly with: readonly GivenInput[]
  /** `inherit`: all that the caller has. */
  readonly secrets: 'inherit' | readonly (readonly [name: Located<string>, value: Template])[]
  /** The called workflow, when calls are linked. */
  readonly called?: CalledWorkflow
}

export interface GivenInput {
  readonly name: string
  readonly value: ValueTree
  readonly at: Located<string>['at']
}

/** A workflow that a job calls; without `repository` it is of the run's own repository and commit. */
export interface CalledWorkflow {
  readonly workflow: Workflow
  readonly repository?: string
  readonly ref?: string
  readonly sha?: string
  /** Its path in its repository. */
  readonly path: string
}

export type Step = RunStep | UsesStep

interface StepBase {
  /** From 0, in the file's order. */
  readonly index: number
  readonly id?: string
  readonly name?: Template
  readonly if?: Template
  readonly env: TemplateMap
  readonly continueOnError?: Template
  readonly timeoutMinutes?: Template
  readonly at: Located<string>['at']
}

export interface RunStep extends StepBase {
  readonly kind: 'run'
  readonly run: Template
  readonly shell?: Template
  readonly workingDirectory?: Template
}

export interface UsesStep extends StepBase {
  readonly kind: 'uses'
  readonly uses: string
  readonly with: TemplateMap
}
