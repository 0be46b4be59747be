// A composite action: its steps, with their own `steps` context, as one step of the job.
// Follows https://docs.github.com/actions/sharing-automations/creating-actions/creating-a-composite-action

import { EvaluationError, evaluateText } from '@pushway/core/workflow/evaluate.ts'
import type { Step } from '@pushway/core/workflow/types.ts'
import type { FoundAction } from './action-types.ts'
import { ActionFailure } from './actions/types.ts'
import { type JobState, stepScope } from './job-state.ts'
import type { StepRun } from './step-run.ts'

/** GitHub's limit: so many composite actions inside each other. */
export const maxDepth = 10

export interface CompositeCall {
  readonly action: FoundAction
  readonly steps: readonly Step[]
  readonly inputs: Readonly<Record<string, string>>
  readonly run: StepRun
}

/** Runs the steps as those of a job are run. `false`: one has failed that was not allowed to. @throws ActionFailure beyond the depth */
export async function runComposite(outer: JobState, call: CompositeCall): Promise<boolean> {
  const depth = (outer.frame?.depth ?? 0) + 1
  if (depth > maxDepth) throw new ActionFailure(`Composite action depth exceeded max depth ${maxDepth}: the actions use each other, or are nested too deeply.`)
  const state = innerState(outer, call, depth)
  for (const step of call.steps) {
    if (state.force.aborted) break
    await state.runStep(state, step)
  }
  return setOutputs(state, call) && !state.failed
}

function innerState(outer: JobState, { action, inputs, run }: CompositeCall, depth: number): JobState {
  const github = { action_path: action.dir, action_repository: action.repository ?? '', action_ref: action.ref ?? '' }
  return {
    ...outer,
    // What steps add to the job's environment is the job's.
    get env() {
      return outer.env
    },
    set env(env) {
      outer.env = env
    },
    get path() {
      return outer.path
    },
    set path(path) {
      outer.path = path
    },
    stop: run.stops.stop,
    steps: {},
    failed: false,
    frame: { step: run.step, key: run.key, depth, inputs, github, env: run.own },
  }
}

function setOutputs(state: JobState, { action, run }: CompositeCall): boolean {
  const scope = stepScope(state, { ...state.env, ...run.own })
  try {
    for (const { name, value } of action.definition.outputs) if (value) run.outputs[name] = evaluateText(value, scope)
    return true
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error
    const { at, message } = error.diagnostic
    run.say(`##[error]${at.file}:${at.line}:${at.column}: ${message}`)
    return false
  }
}
