// One `uses:` step: a built-in action with its inputs.

import { PushwayError } from '@pushway/core/reason/errors.ts'
import { evaluateText } from '@pushway/core/workflow/evaluate.ts'
import type { UsesStep } from '@pushway/core/workflow/types.ts'
import { builtinAction } from './actions/index.ts'
import { type ActionContext, ActionFailure } from './actions/types.ts'
import { type JobState, processEnvironment } from './job-state.ts'
import { createLineSplitter } from './line-splitter.ts'
import { runProcess, type Stops } from './run-process.ts'
import type { StepRun } from './step-run.ts'

/** Runs the action. `false`: it failed, why is in the log. */
export async function runAction(state: JobState, step: UsesStep, run: StepRun): Promise<boolean> {
  const { say } = run
  const action = builtinAction(step.uses)
  if (action === undefined) {
    say(`##[error]${step.at.file}:${step.at.line}: ${step.uses} is not one of the actions that run here.`)
    return false
  }
  const inputs = new Map(step.with.map(([name, value]) => [name.toLowerCase(), evaluateText(value, run.scope)]))
  const shown = [...inputs].map(([name, value]) => `  ${name}: ${value}`)
  say([`##[group]Run ${step.uses}`, ...(shown.length > 0 ? ['with:', ...shown] : []), '##[endgroup]'].join('\n'))
  for (const name of inputs.keys()) if (!action.inputs.includes(name)) say(`##[warning]Unexpected input '${name}': ${action.name} does not know it.`)
  try {
    await action.run(actionContext(state, { inputs, run }))
    return true
  } catch (error) {
    if (!(error instanceof ActionFailure) && !(error instanceof PushwayError) && !run.stops.stop.aborted) throw error
    if (!run.stops.stop.aborted) say(`##[error]${(error as Error).message}`)
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

/** Runs a program as the job does, so that an action can reach no more than a step. */
async function execute(state: JobState, run: Pick<StepRun, 'env' | 'say'> & { stops: Stops }, call: Execution): Promise<{ exit: number; output: string }> {
  const said: string[] = []
  const splitter = createLineSplitter((lines) => {
    if (call.quiet) said.push(...lines)
    else for (const line of lines) run.say(line)
  })
  const exit = await runProcess(state.sandbox, call.argv, {
    cwd: call.cwd ?? state.paths.workspace,
    env: processEnvironment(state, run.env, call.env ?? {}),
    onOutput: splitter.push,
    ...run.stops,
  })
  splitter.end()
  return { exit, output: said.join('\n') }
}
