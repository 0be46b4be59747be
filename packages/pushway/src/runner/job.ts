// One job from its first step to its result: steps in order, post steps in reverse, leftovers ended, outputs.

import { join } from 'node:path'
import { outputsProblem } from '@pushway/core/run/outputs.ts'
import type { Conclusion } from '@pushway/core/run/types.ts'
import { EvaluationError, evaluateMap, evaluateText } from '@pushway/core/workflow/evaluate.ts'
import type { WorkerInput } from '../util/job-spool.ts'
import { randomHex } from '../util/random.ts'
import { createDockerAccess } from './containers/access.ts'
import { startJobContainers } from './containers/job-containers.ts'
import { createJobLog, type JobSink } from './job-log.ts'
import { type JobState, jobUid, stepScope } from './job-state.ts'
import { layOutJob, toolchainsToLink } from './layout.ts'
import { createMasker, type Masker } from './mask.ts'
import { prepareActions } from './prepare-actions.ts'
import { createActionResolver } from './resolve-action.ts'
import { runProcess } from './run-process.ts'
import { isOnPath } from './run-step.ts'
import { openSandbox } from './sandbox.ts'
import { type ServiceAccess, standingServices } from './service-variables.ts'
import { runStep } from './step.ts'
import { createStepFilesMaker } from './step-files.ts'

/** How a job is asked to end early. `force` is aborted by itself some time after `cancel`. */
export interface JobControl {
  readonly cancel: AbortSignal
  readonly force: AbortSignal
}

export interface JobResult {
  readonly conclusion: Conclusion
  readonly outputs: Readonly<Record<string, string>>
  readonly environmentUrl?: string
  readonly problem?: string
}

/** GitHub lets the steps of a cancelled job that say `always()` run for that long. */
const cancelGraceMs = 5 * 60_000

export function newMark(): string {
  return randomHex(12)
}

/** Runs the job and reports everything to `sink`, the result included. Never throws: what goes wrong is the job's result. */
export async function runJob(
  input: WorkerInput,
  sink: JobSink,
  control: JobControl & { readonly mark: string; readonly services?: ServiceAccess },
): Promise<JobResult> {
  const masker = createMasker(secretValues(input))
  sink.report({ type: 'started', at: Date.now() })
  const limits = jobLimits(input.spec.timeoutMs, control)
  let result: JobResult
  try {
    const services = control.services ?? standingServices(input.spec.server?.services)
    result = await runSteps(input, { sink, masker, mark: control.mark, ...limits.signals, ...(services ? { services } : {}) })
    if (limits.timedOut()) {
      result = { ...result, conclusion: 'timed_out', problem: `The job has run for longer than its limit of ${minutes(input.spec.timeoutMs)}.` }
    }
  } catch (error) {
    result = { conclusion: 'failure', outputs: {}, problem: (error as Error).message }
  } finally {
    limits.clear()
  }
  // The report goes to people too: by the API, and in the log of the server.
  if (result.problem) result = { ...result, problem: masker.mask(result.problem) }
  if (result.problem) createJobLog(sink, masker).say(-1, `##[error]${result.problem.replaceAll('\n', '\n##[error]')}`)
  sink.report({ type: 'finished', at: Date.now(), ...result })
  sink.flush()
  return result
}

interface RunEnvironment {
  readonly sink: JobSink
  readonly masker: Masker
  readonly mark: string
  readonly stop: AbortSignal
  readonly force: AbortSignal
  readonly services?: ServiceAccess
}

async function runSteps(input: WorkerInput, run: RunEnvironment): Promise<JobResult> {
  const paths = layOutJob(input)
  const { folders, isolation, uid } = input
  const keep = [folders.job, folders.npmCache, folders.buildCache, folders.jobTools, paths.images].filter((dir) => dir !== folders.tools)
  const host = await openSandbox({
    isolation,
    hide: input.hide,
    keep,
    keepReadOnly: [folders.tools, ...input.keepReadOnly],
    uid,
    mark: run.mark,
    pipesDir: paths.commands,
  })
  const state: JobState = {
    input,
    paths,
    sandbox: host,
    host,
    docker: createDockerAccess(run.mark, () => state.containers),
    trusted: isolation.kind === 'none',
    masker: run.masker,
    log: createJobLog(run.sink, run.masker),
    report: (report) => run.sink.report(report),
    mark: run.mark,
    stop: run.stop,
    force: run.force,
    hasBash: isOnPath('bash'),
    stepFiles: createStepFilesMaker(paths.commands, jobUid(input)),
    env: {},
    path: [],
    steps: {},
    posts: [],
    saved: new Map(),
    matchers: { list: [] },
    actions: createActionResolver({ input, paths, say: (text) => createJobLog(run.sink, run.masker).say(-1, text) }),
    runStep,
    failed: false,
    ...(run.services ? { services: run.services } : {}),
  }
  try {
    if (input.spec.debug?.runner) state.log.say(-1, describeRunner(state))
    await linkToolchains(state)
    startJobEnvironment(state)
    await enterContainers(state, run)
    const { length } = input.spec.job.steps
    const afterPre = length + (await prepareActions(state, length))
    for (const step of input.spec.job.steps) {
      if (run.force.aborted) break
      await runStep(state, step)
    }
    await runPosts(state, afterPre)
    const outputs = jobOutputs(state)
    const tooMuch = outputsProblem(outputs)
    return tooMuch ? { conclusion: 'failure', outputs: {}, problem: tooMuch } : { conclusion: conclusionOf(state), outputs, ...environmentUrl(state) }
  } catch (error) {
    if (error instanceof EvaluationError) return { conclusion: 'failure', outputs: {}, problem: located(error) }
    throw error
  } finally {
    state.stepFiles.close()
    await state.docker
      .close()
      .catch((error: Error) => state.log.say(-1, `##[warning]What the job has on the container engine could not be removed: ${error.message}`))
    await host.close()
    state.hostServices?.close()
  }
}

/** What the runner's own debug log begins with. */
function describeRunner({ input: { spec, isolation, uid }, paths }: JobState): string {
  const facts = [
    `Job ${spec.job.id} of run ${spec.run}, attempt ${spec.attempt}, on ${process.platform} ${process.arch} with Node.js ${process.versions.node}`,
    `Isolation: ${isolation.kind}${isolation.kind === 'uid' ? ` (${uid})` : ''}`,
    `Workspace: ${paths.workspace}`,
    `Time limit: ${spec.timeoutMs} ms`,
  ]
  return facts.map((fact) => `##[debug]${fact}`).join('\n')
}

/** Services run from here on, and steps in the job's container, if it has them. */
async function enterContainers(state: JobState, run: RunEnvironment): Promise<void> {
  const { input, paths } = state
  if (!input.spec.job.container && !input.spec.job.services) return
  const say = (text: string) => state.log.say(-1, text)
  const started = await startJobContainers({
    input,
    paths,
    scope: stepScope(state, state.env),
    mark: run.mark,
    host: state.host,
    uid: jobUid(input),
    say,
    signal: run.stop,
  })
  if (!started) return
  if (started.kind === 'host') {
    state.hostServices = started.services
    return
  }
  const { containers } = started
  state.containers = containers
  if (!containers.job) return
  const { createExecSandbox } = await import('./containers/exec-sandbox.ts')
  state.sandbox = createExecSandbox({ engine: containers.engine, container: containers.job.id, places: containers.job.places })
  // As on GitHub: what an image has is not known, so `run` steps without a shell of their own use sh.
  state.hasBash = false
}

/** The workflow's and the job's `env`, in this order; the job's entries see the workflow's. */
function startJobEnvironment(state: JobState): void {
  const { spec } = state.input
  state.env = evaluateMap(spec.workflowEnv, stepScope(state, {}))
  state.env = { ...state.env, ...evaluateMap(spec.job.env, stepScope(state, state.env)) }
}

/** `first`: the index of the first one, after those of the workflow and of `pre` stages. */
async function runPosts(state: JobState, first: number): Promise<void> {
  let index = first
  for (const post of [...state.posts].reverse()) {
    if (state.force.aborted) return
    const startedAt = Date.now()
    const step = index++
    if (post.when && !post.when()) {
      state.report({ type: 'step-finished', at: startedAt, step, name: post.name, conclusion: 'skipped', durationMs: 0 })
      continue
    }
    state.report({ type: 'step-started', at: startedAt, step, name: post.name })
    let conclusion: Conclusion = 'success'
    try {
      await post.run({ step, say: (text) => state.log.say(step, text), stop: new AbortController().signal, force: state.force })
    } catch (error) {
      state.log.say(step, `##[error]${(error as Error).message}`)
      conclusion = 'failure'
      state.failed = true
    }
    state.report({ type: 'step-finished', at: Date.now(), step, name: post.name, conclusion, durationMs: Date.now() - startedAt })
  }
}

function conclusionOf(state: JobState): Conclusion {
  if (state.stop.aborted) return 'cancelled'
  return state.failed ? 'failure' : 'success'
}

/** As on GitHub, a value that holds a secret is not handed on. */
function jobOutputs(state: JobState): Readonly<Record<string, string>> {
  const scope = stepScope(state, state.env)
  const entries = state.input.spec.job.outputs.flatMap(([name, template]) => {
    const value = evaluateText(template, scope)
    if (!state.masker.holds(value)) return [[name, value] as const]
    state.log.say(-1, `##[warning]Skip output '${name}' since it may contain secret.`)
    return []
  })
  return Object.fromEntries(entries)
}

/** What cannot be evaluated, or would show a secret, is left out with a warning, as on GitHub. */
function environmentUrl(state: JobState): Pick<JobResult, 'environmentUrl'> {
  const template = state.input.spec.job.environment?.url
  if (!template) return {}
  try {
    const url = evaluateText(template, stepScope(state, state.env)).trim()
    if (url !== '' && !state.masker.holds(url)) return { environmentUrl: url }
    if (url !== '') state.log.say(-1, "##[warning]The environment's url is left out, because it may contain a secret.")
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error
    state.log.say(-1, `##[warning]${located(error)}`)
  }
  return {}
}

/** What is fetched already is not fetched again by `docker build` of a step. With the step's rights: the folder is the project's. */
async function linkToolchains(state: JobState): Promise<void> {
  const { tools, jobTools } = state.input.folders
  const links = toolchainsToLink(tools, jobTools)
  if (links.length === 0) return
  const script = 'mkdir -p -- "$1" && cd -- "$1" && shift && ln -sf -- "$@" .'
  await runProcess(state.sandbox, ['sh', '-c', script, 'sh', join(jobTools, 'node'), ...links], {
    cwd: state.paths.home,
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
    onOutput: () => undefined,
    stop: state.stop,
    force: state.force,
  })
}

function jobLimits(timeoutMs: number, control: JobControl) {
  const time = new AbortController()
  const grace = new AbortController()
  const timer = setTimeout(() => time.abort(), Math.min(timeoutMs, 2 ** 31 - 1))
  let graceTimer: NodeJS.Timeout | undefined
  const stop = AbortSignal.any([control.cancel, control.force, time.signal])
  const force = AbortSignal.any([control.force, grace.signal])
  stop.addEventListener('abort', () => {
    graceTimer = setTimeout(() => grace.abort(), cancelGraceMs)
    graceTimer.unref()
  })
  return {
    signals: { stop, force },
    timedOut: () => time.signal.aborted && !control.cancel.aborted && !control.force.aborted,
    clear: () => {
      clearTimeout(timer)
      clearTimeout(graceTimer)
    },
  }
}

function secretValues({ spec }: WorkerInput): readonly string[] {
  const token = spec.contexts.github.token
  const services = spec.server?.services
  return [
    ...Object.values(spec.contexts.secrets),
    spec.server?.token ?? '',
    services?.token ?? '',
    services?.idToken?.token ?? '',
    typeof token === 'string' ? token : '',
  ]
}

function located(error: EvaluationError): string {
  const { at, message } = error.diagnostic
  return `${at.file}:${at.line}:${at.column}: ${message}`
}

function minutes(ms: number): string {
  const count = Math.round(ms / 600) / 100
  return `${count} minute${count === 1 ? '' : 's'}`
}
