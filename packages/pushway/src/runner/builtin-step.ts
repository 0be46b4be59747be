// A built-in action with its inputs, and programs run as the job does.

import { PushwayError } from '@pushway/core/reason/errors.ts'
import { type ActionContext, ActionFailure, type BuiltinAction } from './actions/types.ts'
import { type JobState, processEnvironment } from './job-state.ts'
import { createLineSplitter } from './line-splitter.ts'
import { runProcess, type Stops } from './run-process.ts'
import type { StepRun } from './step-run.ts'

/** Runs the action. `false`: it failed, why is in the log. */
export async function runBuiltin(state: JobState, action: BuiltinAction, call: { inputs: ReadonlyMap<string, string>; run: StepRun }): Promise<boolean> {
  const { inputs, run } = call
  for (const name of inputs.keys()) if (!action.inputs.includes(name)) run.say(`##[warning]Unexpected input '${name}': ${action.name} does not know it.`)
  try {
    await action.run(actionContext(state, call))
    return true
  } catch (error) {
    if (!(error instanceof ActionFailure) && !(error instanceof PushwayError) && !run.stops.stop.aborted) throw error
    if (!run.stops.stop.aborted) run.say(`##[error]${(error as Error).message}`)
    return false
  }
}

function actionContext(state: JobState, from: { inputs: ReadonlyMap<string, string>; run: StepRun }): ActionContext {
  const { run, inputs } = from
  return {
    input: (name) => (inputs.get(name) ?? '').trim(),
    job: { spec: state.input.spec, folders: state.input.folders, source: state.input.source, paths: state.paths },
    say: run.say,
    stop: run.stops.stop,
    exec: (argv, options) => execute(state, run, { argv, ...options }),
    addPath: (dir) => {
      state.path = [dir, ...state.path]
    },
    setEnv: (name, value) => {
      state.env = { ...state.env, [name]: value }
    },
    setOutput: (name, value) => {
      run.outputs[name] = value
    },
    addMask: (value) => state.masker.add(value),
    addPost: (name, work) => {
      state.posts.push({
        name,
        run: (post) => work((argv, options) => execute(state, { ...run, say: post.say, stops: post }, { argv, ...options })),
      })
    },
  }
}

interface Execution {
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** The output is given back and not logged. */
  readonly quiet?: boolean
}

/** Runs a program as the job does on this machine, so that an action can reach no more than a step. */
async function execute(state: JobState, run: Pick<StepRun, 'env' | 'say'> & { stops: Stops }, call: Execution): Promise<{ exit: number; output: string }> {
  const said: string[] = []
  const splitter = createLineSplitter((lines) => {
    if (call.quiet) said.push(...lines)
    else for (const line of lines) run.say(line)
  })
  const exit = await runProcess(state.host, call.argv, {
    cwd: call.cwd ?? state.paths.workspace,
    env: processEnvironment(state, run.env, call.env ?? {}),
    onOutput: splitter.push,
    ...run.stops,
  })
  splitter.end()
  return { exit, output: said.join('\n') }
}
