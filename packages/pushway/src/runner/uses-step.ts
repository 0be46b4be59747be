// One `uses:` step: its action and its inputs.

import type { ActionDefinition } from '@pushway/core/action/types.ts'
import { evaluateText } from '@pushway/core/workflow/evaluate.ts'
import type { UsesStep } from '@pushway/core/workflow/types.ts'
import { ActionFailure } from './actions/types.ts'
import { runBuiltin } from './builtin-step.ts'
import { runComposite } from './composite.ts'
import type { JobState } from './job-state.ts'
import { runNodeAction } from './node-action.ts'
import type { StepRun } from './step-run.ts'

/** Runs the action. `false`: it failed, why is in the log. */
export async function runAction(state: JobState, step: UsesStep, run: StepRun): Promise<boolean> {
  const given = givenInputs(step, run)
  const shown = [...given].map(([name, value]) => `  ${name}: ${value}`)
  run.say([`##[group]Run ${step.uses}`, ...(shown.length > 0 ? ['with:', ...shown] : []), '##[endgroup]'].join('\n'))
  try {
    const action = await state.actions.resolve(step)
    if (action.kind === 'builtin') return await runBuiltin(state, action.action, { inputs: given, run })
    const { definition } = action
    const inputs = allInputs(definition, { given, run })
    if (definition.runs.using === 'composite') return await runComposite(state, { action, steps: definition.runs.steps, inputs, run })
    if (definition.runs.using === 'docker') return await (await import('./docker-action.ts')).runDockerAction(state, { action, inputs, run })
    return await runNodeAction(state, { action, inputs, run })
  } catch (error) {
    if (!(error instanceof ActionFailure)) throw error
    const { file, line, column } = step.at
    run.say(`##[error]${error.message.startsWith(`${file}:`) ? '' : `${file}:${line}:${column}: uses: ${step.uses}: `}${error.message}`)
    return false
  }
}

export function givenInputs(step: UsesStep, run: Pick<StepRun, 'scope'>): ReadonlyMap<string, string> {
  return new Map(step.with.map(([name, value]) => [name.toLowerCase(), evaluateText(value, run.scope)]))
}

/** The inputs that are given, and the defaults of the others. What the action does not know is handed on with a warning, as on GitHub. */
export function allInputs(definition: ActionDefinition, call: { given: ReadonlyMap<string, string>; run: Pick<StepRun, 'scope' | 'say'> }) {
  const { given, run } = call
  const names = definition.inputs.map(({ name }) => name)
  const unknown = [...given.keys()].filter((name) => !names.includes(name))
  const quoted = (list: readonly string[]) => list.map((name) => `'${name}'`).join(', ')
  if (unknown.length > 0) run.say(`##[warning]Unexpected input(s) ${quoted(unknown)}, valid inputs are [${quoted(names)}]`)
  const inputs: Record<string, string> = Object.fromEntries(given)
  for (const { name, default: fallback, deprecation } of definition.inputs) {
    if (given.has(name) && deprecation !== undefined) run.say(`##[warning]Input '${name}' has been deprecated with message: ${deprecation}`)
    if (!given.has(name)) inputs[name] = fallback ? evaluateText(fallback, run.scope) : ''
  }
  return inputs
}
