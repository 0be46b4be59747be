// A run: one workflow, started by one event, at one commit. Its events, what is planned, what a job worker is given.

import type { ReasonCode } from '../reason/reasons.ts'
import type { CommitId, DeploymentId, EnvironmentName, EpochMs, Milliseconds, ProjectName, RunId } from '../text/ids.ts'
import type { CalledFile } from '../workflow/link.ts'
import type { Job, RunDefaults, TemplateMap, Trigger } from '../workflow/types.ts'

/** GitHub's words for how something ended. */
export type Conclusion = 'success' | 'failure' | 'cancelled' | 'skipped' | 'timed_out'

/** What made the run start. `payload` has GitHub's shape and becomes `github.event`. */
export interface RunCause {
  readonly event: Trigger['event']
  /** `refs/heads/main`. */
  readonly ref: string
  readonly sha: CommitId
  readonly actor: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly inputs?: Readonly<Record<string, string>>
  /** The deployment whose new release this run checks end to end. */
  readonly verifies?: DeploymentId
  /** The number of the pull request that it is about. */
  readonly pull?: number
  /** How many runs led to it, each started by the one before. */
  readonly depth?: number
  /** It is about a fork: no secrets, a token that only reads, and somebody must approve it first. */
  readonly untrusted?: boolean
}

/** One job as it will be run: which it is, and what it waits for. */
export interface PlannedJob {
  readonly key: string
  readonly name: string
  /** Keys of jobs, or of groups whose jobs are meant all. */
  readonly needs: readonly string[]
  readonly runsOn: readonly string[]
  /** `runs-on: { group }`. */
  readonly runnerGroup?: string
  readonly environment?: EnvironmentName
  /** The job's id in the workflow, where the key is another: a leg of a matrix. */
  readonly id?: string
  /** The groups it belongs to, outermost first; the name of a group stands for all its jobs. */
  readonly within?: readonly string[]
  /** It is laid out when what it needs has ended; `legs`: how many jobs it becomes, null when that is known only then. */
  readonly layOut?: { readonly legs: number | null }
  readonly leg?: JobLeg
  /** It calls a workflow, and is laid out as the jobs of that; `inputs`: what it was called with, known when it is laid out. */
  readonly call?: { readonly uses: string; readonly inputs?: Readonly<Record<string, unknown>> }
  /** The key of the job whose call it belongs to. */
  readonly caller?: string
  /** What its name begins with, in a called workflow: `caller / `. */
  readonly prefix?: string
}

/** What makes a leg of a matrix: its values, and the `strategy` context. */
export interface JobLeg {
  readonly matrix: Readonly<Record<string, unknown>>
  readonly strategy: { readonly 'fail-fast': boolean; readonly 'job-index': number; readonly 'job-total': number; readonly 'max-parallel': number }
}

/** How a run or job takes part in a concurrency group. */
export interface ClaimTerms {
  readonly group: string
  readonly cancelInProgress: boolean
  readonly queue: 'single' | 'max'
}

/** `at`: when it was asked for; `held`: it may go on. */
export interface HeldClaim extends ClaimTerms {
  readonly at: EpochMs
  readonly held: boolean
}

export interface RunPlan {
  readonly jobs: readonly PlannedJob[]
  readonly concurrency?: ClaimTerms
  /** What was laid out as other jobs, as it was planned before. */
  readonly groups?: readonly PlannedJob[]
  /** The workflows of other repositories that are called, as they were when the run was planned. */
  readonly files?: readonly CalledFile[]
  /** The evaluated `run-name`; it takes the place of the requested title. */
  readonly runName?: string
}

/** Facts of a run's stream, oldest first. Log lines are not facts. */
export type RunEvent =
  | {
      readonly type: 'RunRequested'
      readonly project: ProjectName
      readonly number: number
      /** Its number in the whole installation: `github.run_id`, which programs read as a number. */
      readonly serial?: number
      readonly workflowFile: string
      readonly workflowName: string
      readonly title: string
      readonly cause: RunCause
    }
  | { readonly type: 'RunPlanned'; readonly plan: RunPlan }
  /** The workflow or its files were refused; the run ends at once. Sentences as `formatDiagnostic` gives them. */
  | { readonly type: 'RunRefused'; readonly problems: readonly string[] }
  /** What the job needs has ended and its condition holds: these are its legs, or itself with what is known now. */
  | {
      readonly type: 'JobLaidOut'
      readonly job: string
      readonly attempt: number
      readonly jobs: readonly PlannedJob[]
      /** Of a call: the name it has now, and what the workflow is called with. */
      readonly call?: { readonly name: string; readonly inputs: Readonly<Record<string, unknown>> }
    }
  /** All jobs of a called workflow have ended. `problem`: its outputs can't be evaluated, so the call has failed. */
  | {
      readonly type: 'CallFinished'
      readonly job: string
      readonly attempt: number
      readonly outputs: Readonly<Record<string, string>>
      readonly problem?: string
    }
  | { readonly type: 'JobStarted'; readonly job: string; readonly attempt: number }
  | { readonly type: 'StepStarted'; readonly job: string; readonly attempt: number; readonly step: number; readonly name: string }
  | {
      readonly type: 'StepFinished'
      readonly job: string
      readonly attempt: number
      readonly step: number
      readonly name: string
      readonly conclusion: Conclusion
      readonly durationMs: Milliseconds
    }
  /** The worker has ended. For a job with an environment the deployment comes next; for others `JobFinished` follows. */
  | {
      readonly type: 'JobStepsFinished'
      readonly job: string
      readonly attempt: number
      readonly conclusion: Conclusion
      readonly outputs: Readonly<Record<string, string>>
      /** `environment.url`, evaluated when the steps had ended. */
      readonly environmentUrl?: string
      readonly problem?: string
      /** The problem's code, when it is one of the table's. */
      readonly code?: ReasonCode
    }
  | { readonly type: 'DeploymentOpened'; readonly job: string; readonly deployment: DeploymentId; readonly environment: EnvironmentName }
  /** Protection rules are satisfied: the job's steps may start. */
  | { readonly type: 'DeploymentCleared'; readonly job: string; readonly deployment: DeploymentId }
  | {
      readonly type: 'DeploymentEnded'
      readonly job: string
      readonly deployment: DeploymentId
      readonly conclusion: Conclusion
      readonly reason: string
      readonly code?: ReasonCode
    }
  | {
      readonly type: 'JobFinished'
      readonly job: string
      readonly attempt: number
      readonly conclusion: Conclusion
      readonly outputs: Readonly<Record<string, string>>
      readonly reason?: string
      /** The reason's code; `failed` when absent. */
      readonly code?: ReasonCode
      /** It failed, and `continue-on-error` says that this does not matter: others see success. */
      readonly tolerated?: boolean
    }
  /** The run, or one of its jobs, is ready and asks to enter its concurrency group. */
  | { readonly type: 'ConcurrencyAsked'; readonly job?: string; readonly attempt: number; readonly terms: ClaimTerms }
  | { readonly type: 'ConcurrencyEntered'; readonly job?: string; readonly attempt: number }
  /** Somebody lets a run of a fork's code go on. */
  | { readonly type: 'RunApproved'; readonly by: string }
  /** A newer one of its concurrency group cancels it. */
  | { readonly type: 'JobUnwanted'; readonly job: string; readonly attempt: number; readonly reason: string }
  /** `reason`: why, when it was not a person. */
  | { readonly type: 'CancelRequested'; readonly by: string; readonly force: boolean; readonly reason?: string }
  /** `jobs`: the keys that run again; the others keep their result. */
  | { readonly type: 'RerunRequested'; readonly by: string; readonly jobs: readonly string[]; readonly debug?: boolean }
  | { readonly type: 'RunFinished'; readonly conclusion: Conclusion }

/** What a run wants done next. Performed by the shell; idempotent by (run, kind, job, attempt). */
export type RunAction =
  | { readonly kind: 'StartJob'; readonly run: RunId; readonly job: string; readonly attempt: number }
  | { readonly kind: 'CancelJob'; readonly run: RunId; readonly job: string; readonly attempt: number; readonly force: boolean }
  /** Open the deployment that the job's environment asks for: protection rules first. */
  | { readonly kind: 'OpenDeployment'; readonly run: RunId; readonly job: string; readonly attempt: number; readonly environment: EnvironmentName }
  /** The job's steps have succeeded: go on with its deployment. */
  | { readonly kind: 'ContinueDeployment'; readonly run: RunId; readonly job: string; readonly attempt: number; readonly deployment: DeploymentId }
  /** The job was cancelled or its steps failed: its deployment is not wanted any more. */
  | {
      readonly kind: 'CloseDeployment'
      readonly run: RunId
      readonly job: string
      readonly attempt: number
      readonly deployment: DeploymentId
      readonly conclusion: Conclusion
    }

export type JobPhase = 'pending' | 'waiting' | 'running' | 'deploying' | 'finished'

export interface JobState {
  readonly key: string
  readonly attempt: number
  readonly phase: JobPhase
  readonly conclusion?: Conclusion
  readonly outputs: Readonly<Record<string, string>>
  readonly environmentUrl?: string
  readonly deployment?: DeploymentId
  readonly cleared?: boolean
  /** What the worker reported at its end. */
  readonly steps?: { readonly conclusion: Conclusion; readonly problem?: string; readonly code?: ReasonCode }
  /** How its deployment ended. */
  readonly deploymentEnd?: { readonly conclusion: Conclusion; readonly reason: string; readonly code?: ReasonCode }
  /** Why it ended so, when that is not plain. */
  readonly reason?: string
  /** It failed and `continue-on-error` makes others see success. */
  readonly tolerated?: boolean
  readonly claim?: HeldClaim
  /** Why its concurrency group wants it gone. */
  readonly unwanted?: string
  /** It has been laid out: its labels and name are final. */
  readonly laidOut?: boolean
  /** How many jobs of the run had ended when it did. */
  readonly ended?: number
}

/** A laid-out call: the jobs of the called workflow together. */
export interface CallState {
  readonly key: string
  readonly attempt: number
  readonly claim?: HeldClaim
  /** All its jobs have ended. */
  readonly finished: boolean
  readonly outputs: Readonly<Record<string, string>>
  readonly problem?: string
  /** How many jobs and calls of the run had ended when it did. */
  readonly ended?: number
}

/** Everything a job worker needs; crosses to it as JSON on its standard input, because it holds secret values. */
export interface JobSpec {
  readonly run: RunId
  readonly runNumber: number
  readonly attempt: number
  readonly job: Job
  readonly workflowEnv: TemplateMap
  readonly workflowDefaults: RunDefaults
  readonly contexts: JobContexts
  readonly timeoutMs: Milliseconds
  /** Of the job's token. */
  readonly permissions?: TokenPermissions
  /** What is logged besides: of the steps (`::debug::`, conditions), of the runner itself. */
  readonly debug?: { readonly steps: boolean; readonly runner: boolean }
  readonly server?: JobServer
}

/** What a run's token may do, by GitHub's names; `contents`: the repository, `packages`: images. A name that is not there is `none`. */
export interface TokenPermissions extends Readonly<Partial<Record<(typeof apiScopes)[number], TokenAccess>>> {
  readonly contents: TokenAccess
  readonly packages: TokenAccess
}

export type TokenAccess = 'read' | 'write' | 'none'

/** What the GitHub-shaped API asks for besides the repository and images. */
export const apiScopes = ['pull-requests', 'issues', 'statuses', 'checks', 'deployments', 'actions'] as const

/** The contexts that are known before the job starts; the worker adds `job`, `steps`, `runner` and `env`. */
export interface JobContexts {
  readonly github: Readonly<Record<string, unknown>>
  readonly vars: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
  readonly needs: Readonly<Record<string, { readonly result: Conclusion; readonly outputs: Readonly<Record<string, string>> }>>
  readonly inputs: Readonly<Record<string, unknown>>
  readonly matrix: Readonly<Record<string, unknown>>
  readonly strategy: Readonly<Record<string, unknown>>
  /** Which workflow file defines the job: `workflow_ref`, `workflow_sha`, `workflow_repository`, `workflow_file_path`. */
  readonly job?: Readonly<Record<string, string>>
}

/** How a job reaches Pushway; absent for a local `pushway run`. */
export interface JobServer {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string
  /** The run's GITHUB_TOKEN. */
  readonly token: string
  /** Registry host names that mean the embedded registry: `ghcr.io`. */
  readonly registryAliases: readonly string[]
  readonly builder: 'embedded' | 'docker'
  /** What actions of the job use to keep artifacts and caches. */
  readonly services?: JobServices
}

/** Where the services for actions are, and the job's tokens for them. */
export interface JobServices {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string
  /** ACTIONS_RUNTIME_TOKEN. */
  readonly token: string
  /** Only with `permissions: id-token: write`. */
  readonly idToken?: { readonly url: string; readonly token: string }
}

/** What a worker reports, in order; the spool file holds one JSON object a line. */
export type JobReport =
  /** A remark on a step, or on a place in a file; masked. `file` is relative to the workspace, lines and columns count from 1. */
  | {
      readonly type: 'annotation'
      readonly at: EpochMs
      readonly step: number
      readonly level: 'notice' | 'warning' | 'error'
      readonly message: string
      readonly title?: string
      readonly file?: string
      readonly line?: number
      readonly endLine?: number
      readonly column?: number
      readonly endColumn?: number
    }
  | { readonly type: 'started'; readonly at: EpochMs }
  | { readonly type: 'step-started'; readonly at: EpochMs; readonly step: number; readonly name: string }
  | {
      readonly type: 'step-finished'
      readonly at: EpochMs
      readonly step: number
      readonly name: string
      readonly conclusion: Conclusion
      readonly durationMs: Milliseconds
    }
  | {
      readonly type: 'finished'
      readonly at: EpochMs
      readonly conclusion: Conclusion
      readonly outputs: Readonly<Record<string, string>>
      readonly environmentUrl?: string
      readonly problem?: string
      /** The problem's code, when it is one of the table's. */
      readonly code?: ReasonCode
    }

/** One line of a job's log, already masked. `step` is -1 for lines of the job itself. */
export interface LogLine {
  readonly at: EpochMs
  readonly step: number
  readonly text: string
}
