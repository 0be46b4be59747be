// A JavaScript action: its `pre`, `main` and `post` stages, each a process of Node.js with the rights of a step.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax#runs-for-javascript-actions

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ActionRuns } from '@pushway/core/action/types.ts'
import { PushwayError } from '@pushway/core/reason/errors.ts'
import { evaluateCondition } from '@pushway/core/workflow/evaluate.ts'
import type { Template } from '@pushway/core/workflow/types.ts'
import { provideNode } from '../util/toolchain/node.ts'
import type { FoundAction } from './action-types.ts'
import { ActionFailure } from './actions/types.ts'
import { type ActionMemory, type InsidePlace, insideEnvironment, type JobState, jobPlace, stepScope } from './job-state.ts'
import { runCommand } from './run-command.ts'
import { runProcess } from './run-process.ts'
import { actionServiceVariables, nodeArguments } from './service-variables.ts'
import type { StepRun } from './step-run.ts'

export interface NodeCall {
  readonly action: FoundAction
  readonly inputs: Readonly<Record<string, string>>
  readonly run: StepRun
}

type NodeRuns = Extract<ActionRuns, { using: 'node' }>

/** Runs `main`, and has `post` done at the job's end. `false`: it failed. @throws ActionFailure when it can't be run */
export async function runNodeAction(state: JobState, call: NodeCall): Promise<boolean> {
  const runs = nodeRuns(call)
  addPost(state, call)
  if (runs.pre !== undefined && !memoryOf(state, call.run.key).preDone && !(await runLatePre(state, call, runs))) return false
  return runStage(state, call, { file: runs.main, key: call.run.key })
}

/** Runs `pre`. As `runNodeAction`. */
export async function runPre(state: JobState, call: NodeCall): Promise<boolean> {
  const { pre } = nodeRuns(call)
  addPost(state, call)
  memoryOf(state, call.run.key).preDone = true
  return pre === undefined || runStage(state, call, { file: pre, key: `pre_${call.run.key}` })
}

/** Inside a composite action `pre` comes right before `main`; actions of the workspace have none, as on GitHub. */
async function runLatePre(state: JobState, call: NodeCall, { preIf }: NodeRuns): Promise<boolean> {
  if (call.action.repository !== undefined) return !holds(preIf, state, call.run.env) || runPre(state, call)
  call.run.say(`##[warning]\`pre\` execution is not supported for local action from '${call.action.dir}'`)
  return true
}

function nodeRuns({ action }: NodeCall): NodeRuns {
  if (action.definition.runs.using !== 'node') throw new ActionFailure('It is not a JavaScript action.')
  return action.definition.runs
}

function addPost(state: JobState, call: NodeCall): void {
  const { post, postIf } = nodeRuns(call)
  const memory = memoryOf(state, call.run.key)
  if (post === undefined || memory.postAdded) return
  memory.postAdded = true
  const env = () => ({ ...state.env, ...call.run.own })
  state.posts.push({
    name: `Post ${call.run.name}`,
    when: () => holds(postIf, state, env()),
    run: async (context) => {
      const run = { ...call.run, ...context, env: env(), stops: context }
      const ok = await runStage(state, { ...call, run }, { file: post, key: `post_${call.run.key}` })
      if (!ok) throw new ActionFailure(`Post ${call.run.name} failed.`)
    },
  })
}

/** Without a condition a `pre` or `post` is always done. */
export function holds(condition: Template | undefined, state: JobState, env: Readonly<Record<string, string>>): boolean {
  return condition === undefined || evaluateCondition(condition, stepScope(state, env))
}

export function memoryOf(state: JobState, key: string): ActionMemory {
  const known = state.saved.get(key) ?? { state: {}, preDone: false, postAdded: false }
  state.saved.set(key, known)
  return known
}

async function runStage(state: JobState, { action, inputs, run }: NodeCall, stage: { file: string; key: string }): Promise<boolean> {
  const argv = await stageCommand(state, { action, run }, stage.file)
  const memory = memoryOf(state, run.key)
  const { code, ok, problem } = await runCommand(state, argv, {
    run: { ...run, key: stage.key },
    cwd: state.paths.workspace,
    ...(action.program ? { place: 'host' as const } : {}),
    extra: { ...inputVariables(inputs), ...stateVariables(memory), ...actionVariables(action, run), ...(await actionServiceVariables(state)) },
    save: (name, value) => {
      memory.state[name] = value
    },
  })
  if (problem !== undefined) throw new ActionFailure(problem === 'ENOENT' ? `${argv[0]} is not there any more.` : problem)
  if (code !== 0) run.say(`The action ended with exit code ${code}.`)
  return code === 0 && ok
}

/** Node.js with the action's file; for a built-in action this program itself. */
async function stageCommand(state: JobState, { action, run }: Pick<NodeCall, 'action' | 'run'>, stage: string): Promise<readonly string[]> {
  if (action.program) return [...action.program, stage]
  const file = join(action.dir, stage)
  if (!existsSync(file)) throw new ActionFailure(`File not found: '${file}'`)
  const node = await chooseNode(state, action, run)
  return [state.containers?.job ? await nodeInside(state, node, run) : node, ...nodeArguments(state), file]
}

/** As GitHub's runner makes them: blanks become `_`, nothing else is changed. */
export function inputVariables(inputs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value]))
}

export function stateVariables({ state }: ActionMemory): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value]))
}

export function actionVariables(action: FoundAction, run: StepRun): Readonly<Record<string, string>> {
  const from: Readonly<Record<string, string>> =
    action.repository === undefined ? {} : { GITHUB_ACTION_REPOSITORY: action.repository, GITHUB_ACTION_REF: action.ref ?? '' }
  return { ...from, GITHUB_ACTION: run.id ?? `__${(action.repository ?? 'self').replace('/', '_')}` }
}

/** GitHub runs actions that say node12 or node16 with Node.js 20. */
function majorOf(id: string): number {
  const major = Number(id.slice('node'.length))
  return major < 20 ? 20 : major
}

/** The machine's Node.js when it works in the container, else the image's own when that is new enough. */
async function nodeInside(state: JobState, node: string, run: StepRun): Promise<string> {
  const versionOf = async (program: string) => {
    let said = ''
    const take = (chunk: Buffer) => {
      said += chunk.toString('utf8')
    }
    const place = jobPlace(state) as InsidePlace
    const env = insideEnvironment(state, place, { env: {}, extra: {} })
    const exit = await runProcess(state.sandbox, [program, '--version'], { cwd: state.paths.workspace, env, onOutput: take, ...run.stops })
    return exit === 0 ? /^v(\d+)\./m.exec(said)?.[1] : undefined
  }
  const wanted = await versionOf(node)
  if (wanted !== undefined) return node
  const own = Number((await versionOf('node')) ?? 0)
  if (own >= 20) return 'node'
  throw new ActionFailure(
    `JavaScript actions need Node.js in the job's container: the machine's own does not run in it (another C library?), and the image has ${own > 0 ? `only version ${own}` : 'none'}.`,
  )
}

const offline = new Map<number, string>()

async function chooseNode(state: JobState, action: FoundAction, run: StepRun): Promise<string> {
  const runs = action.definition.runs
  const major = runs.using === 'node' ? majorOf(runs.node) : 20
  const fallback = offline.get(major)
  if (fallback !== undefined) return fallback
  const options = { cacheDir: state.input.folders.tools, log: run.say, signal: run.stops.stop }
  try {
    return (await provideNode(String(major), options)).node
  } catch (error) {
    if (!(error instanceof PushwayError) || run.stops.stop.aborted) throw new ActionFailure((error as Error).message)
    // A newer one runs it too; an older one may not.
    if (Number.parseInt(process.versions.node, 10) < major) throw new ActionFailure(error.message)
    run.say(`##[warning]${error.message} Node.js ${process.versions.node} is used instead of ${major}.`)
    const own = (await provideNode(process.versions.node, options)).node
    offline.set(major, own)
    return own
  }
}
