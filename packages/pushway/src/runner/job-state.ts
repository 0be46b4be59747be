// What a running job knows: its contexts, the environment that its steps have built up, and what became of each step.

import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Conclusion, JobReport } from '@pushway/core/run/types.ts'
import type { Scope } from '@pushway/core/workflow/evaluate.ts'
import type { Step } from '@pushway/core/workflow/types.ts'
import type { WorkerInput } from '../util/job-spool.ts'
import { markVariable } from '../util/process-identity.ts'
import type { ActionResolver } from './action-types.ts'
import type { DockerAccess } from './containers/access.ts'
import type { HostServices } from './containers/host-services.ts'
import type { JobContainers } from './containers/open-containers.ts'
import { moveInside, type Place } from './containers/places.ts'
import { hashFiles } from './hash-files.ts'
import type { JobLog } from './job-log.ts'
import type { JobPaths } from './layout.ts'
import { machineVariables } from './machine-variables.ts'
import type { Masker } from './mask.ts'
import type { Matchers } from './matchers.ts'
import type { Sandbox } from './sandbox.ts'
import type { ServiceAccess } from './service-variables.ts'
import type { StepFilesMaker } from './step-files.ts'

export interface StepResult {
  readonly outputs: Readonly<Record<string, string>>
  readonly outcome: Conclusion
  readonly conclusion: Conclusion
}

/** What a built-in action wants done when the steps have ended, the last one first. */
export interface PostStep {
  readonly name: string
  /** Whether it is done at all; always when absent. */
  readonly when?: () => boolean
  readonly run: (context: PostContext) => Promise<void>
}

export interface PostContext {
  /** Its index among the job's steps: beyond those of the workflow. */
  readonly step: number
  readonly say: (text: string) => void
  readonly stop: AbortSignal
  readonly force: AbortSignal
}

/** The composite action whose steps are being run. */
export interface ActionFrame {
  /** The job's step that the log lines belong to. */
  readonly step: number
  /** Begins the names of its steps' files. */
  readonly key: string
  /** How many composite actions are around its steps. */
  readonly depth: number
  readonly inputs: Readonly<Record<string, string>>
  /** Entries of the `github` context: `action_path` and its siblings. */
  readonly github: Readonly<Record<string, string>>
  /** What the steps that use it have set as `env`. */
  readonly env: Readonly<Record<string, string>>
}

/** What one use of an action keeps from stage to stage. */
export interface ActionMemory {
  readonly state: Record<string, string>
  preDone: boolean
  postAdded: boolean
}

export interface JobState {
  readonly input: WorkerInput
  readonly paths: JobPaths
  /** Where steps run: on this machine, or in the job's container. */
  sandbox: Sandbox
  /** On this machine. */
  readonly host: Sandbox
  /** Those of the job, once they run. */
  containers?: JobContainers
  /** Services that are programs of this machine. */
  hostServices?: HostServices
  readonly docker: DockerAccess
  /** Nothing keeps the job from the machine anyway. */
  readonly trusted: boolean
  readonly masker: Masker
  readonly log: JobLog
  readonly report: (report: JobReport) => void
  readonly mark: string
  /** The job was asked to stop, or has run out of time. */
  readonly stop: AbortSignal
  readonly force: AbortSignal
  hasBash: boolean
  readonly stepFiles: StepFilesMaker
  /** Workflow and job environment, and what steps have added by GITHUB_ENV. */
  env: Record<string, string>
  /** Folders that steps have added, first ones first. */
  path: readonly string[]
  readonly steps: Record<string, StepResult>
  readonly posts: PostStep[]
  /** What steps' actions have saved for their later stages, by the key of the step. */
  readonly saved: Map<string, ActionMemory>
  readonly actions: ActionResolver
  readonly matchers: Matchers
  /** Artifacts, caches, identity tokens; absent where there are none. */
  readonly services?: ServiceAccess
  /** Runs one step: how composite actions run theirs. */
  readonly runStep: (state: JobState, step: Step) => Promise<void>
  readonly frame?: ActionFrame
  /** A step has failed and was not allowed to. */
  failed: boolean
}

function jobStatus(state: JobState): Scope['status'] {
  if (state.stop.aborted) return 'cancelled'
  return state.failed ? 'failure' : 'success'
}

/** What expressions of a step see. `env` is the step's environment as far as it is known. */
export function stepScope(state: JobState, env: Readonly<Record<string, string>>): Scope {
  const { contexts } = state.input.spec
  const status = jobStatus(state)
  // A composite action sees its inputs, and no secrets but those it is given.
  const own = state.frame ? { inputs: state.frame.inputs, secrets: {}, vars: {}, needs: {} } : {}
  return {
    contexts: {
      ...contexts,
      ...own,
      env,
      steps: state.steps,
      job: { ...contexts.job, ...state.containers?.context, ...state.hostServices?.context, status },
      runner: asInside(state, runnerContext(state.paths, state.input)),
      github: asInside(state, githubContext(state)),
    },
    status,
    hashFiles: (patterns) => hashFiles(state.paths.workspace, patterns),
  }
}

function runnerContext(paths: JobPaths, { spec }: WorkerInput): Readonly<Record<string, string>> {
  return {
    ...(spec.debug?.steps ? { debug: '1' } : {}),
    name: 'pushway',
    os: process.platform === 'darwin' ? 'macOS' : 'Linux',
    arch: process.arch === 'arm64' ? 'ARM64' : 'X64',
    temp: paths.temp,
    tool_cache: paths.toolCache,
    workspace: paths.work,
    environment: 'self-hosted',
  }
}

function githubContext(state: JobState): Readonly<Record<string, unknown>> {
  const { spec } = state.input
  const { github } = spec.contexts
  const token = github.token ?? spec.server?.token ?? ''
  return { ...github, token, job: spec.job.id, workspace: state.paths.workspace, event_path: state.paths.event, ...state.frame?.github }
}

/** Paths as the steps of the job see them. */
function asInside(state: JobState, context: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const places = state.containers?.job?.places
  if (places === undefined) return context
  return Object.fromEntries(Object.entries(context).map(([name, value]) => [name, typeof value === 'string' ? moveInside(value, places) : value]))
}

/** The entries of the `github` context that become GITHUB_* variables, as GitHub's runner chooses them. */
const githubVariables = (
  'action action_path action_ref action_repository actor actor_id api_url base_ref event_name event_path graphql_url head_ref job ref ref_name ' +
  'ref_protected ref_type repository repository_id repository_owner repository_owner_id retention_days run_attempt run_id run_number server_url sha ' +
  'triggering_actor workflow workflow_ref workflow_sha workspace'
).split(' ')

/** A process that does not run on this machine itself. */
export interface InsidePlace {
  readonly sandbox: Sandbox
  readonly home: string
  /** The PATH of its image, and where the folders that steps have added are; without it, the image's own is left as it is. */
  readonly path?: { readonly own: string; readonly places: readonly Place[] }
}

/** The container that the steps of the job run in. */
export function jobPlace({ sandbox, containers }: JobState): InsidePlace | undefined {
  const job = containers?.job
  return job && { sandbox, home: job.home, path: { own: job.path, places: job.places } }
}

/** As `processEnvironment`, in a container: nothing of this machine, and the image's own PATH. */
export function insideEnvironment(
  state: JobState,
  { home, path }: InsidePlace,
  { env, extra }: { env: Readonly<Record<string, string>>; extra: Readonly<Record<string, string>> },
): Record<string, string> {
  const merged: Record<string, string> = { HOME: home, CI: 'true', ...safeDirectories, ...state.env, ...env, ...fixedEnvironment(state), ...extra }
  if (path) merged.PATH = [...state.path.map((dir) => moveInside(dir, path.places)), env.PATH ?? state.env.PATH ?? path.own].join(delimiter)
  return merged
}

/** Whoever the container's user is, git may read the workspace. */
const safeDirectories = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' }

/** All variables of one process of the job on this machine: the machine's, the job's and step's own, and on top what nobody may replace. */
export function processEnvironment(
  state: JobState,
  stepEnv: Readonly<Record<string, string>>,
  extra: Readonly<Record<string, string>>,
): Record<string, string> {
  const machine = machineEnvironment(state)
  const merged: Record<string, string> = { ...machine, ...state.env, ...stepEnv, ...fixedEnvironment(state), ...extra }
  const path = stepEnv.PATH ?? state.env.PATH ?? machine.PATH ?? '/usr/local/bin:/usr/bin:/bin'
  merged.PATH = [...state.path, state.paths.bin, path].join(delimiter)
  return merged
}

/** As on GitHub's machines. Without it bash asks the system's tables of users at each start. */
const shell = existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh'

function machineEnvironment({ paths, input }: JobState): Record<string, string> {
  const user = input.uid === undefined || input.isolation.kind !== 'uid' ? (process.env.USER ?? 'pushway') : 'runner'
  return {
    LANG: 'C.UTF-8',
    SHELL: shell,
    ...machineVariables(),
    HOME: paths.home,
    USER: user,
    LOGNAME: user,
    CI: 'true',
    npm_config_cache: input.folders.npmCache,
  }
}

/** Of a job, or of an action in it: they are the same for all of its steps. */
const fixedCache = new WeakMap<object, Readonly<Record<string, string>>>()

function fixedEnvironment(state: JobState): Readonly<Record<string, string>> {
  const of = state.frame ?? state.input
  const known = fixedCache.get(of) ?? makeFixedEnvironment(state)
  fixedCache.set(of, known)
  return known
}

function makeFixedEnvironment(state: JobState): Readonly<Record<string, string>> {
  const { paths, input } = state
  const runner = Object.entries(runnerContext(paths, input)).map(([name, value]) => [`RUNNER_${name.toUpperCase()}`, value] as const)
  const context = githubContext(state)
  const github = githubVariables.flatMap((name) => {
    const value = context[name]
    return value === undefined || value === null || typeof value === 'object' ? [] : [[`GITHUB_${name.toUpperCase()}`, String(value)] as const]
  })
  return { ...Object.fromEntries([...runner, ...github]), GITHUB_ACTIONS: 'true', [markVariable]: state.mark, ...imageEnvironment(paths, input) }
}

/** What `docker` on the job's PATH needs to know. */
function imageEnvironment(paths: JobPaths, { spec, folders }: WorkerInput): Readonly<Record<string, string>> {
  const server = spec.server
  const url = spec.contexts.inputs.url
  return {
    PUSHWAY_IMAGE_STORE: paths.images,
    PUSHWAY_BUILD_CACHE: folders.buildCache,
    PUSHWAY_TOOLCHAIN_CACHE: folders.jobTools,
    PUSHWAY_BUILDER: server?.builder ?? 'embedded',
    DOCKER_CONFIG: paths.dockerConfig,
    ...(server
      ? {
          PUSHWAY_REGISTRY: new URL(server.url).host,
          PUSHWAY_REGISTRY_TOKEN: server.token,
          PUSHWAY_REGISTRY_ALIASES: server.registryAliases.join(','),
        }
      : {}),
    ...(typeof url === 'string' && url !== '' ? { PUSHWAY_URL: url } : {}),
  }
}

/** The uid of the job's processes, where they have one of their own. */
export function jobUid({ isolation, uid }: Pick<WorkerInput, 'isolation' | 'uid'>): number | undefined {
  return isolation.kind === 'uid' ? uid : undefined
}

/** A file name inside the worker's own folder of the job. */
export function commandFile(state: JobState, name: string): string {
  return join(state.paths.commands, name)
}
