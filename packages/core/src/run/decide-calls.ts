// Calls whose jobs have all ended: their outputs are evaluated and the call ends.

import { EvaluationError } from '../workflow/evaluate.ts'
import type { Workflow } from '../workflow/types.ts'
import { jobContexts } from './contexts.ts'
import { isNameFinished, outputsOfName, partsOf, plannedJob, resultOfName } from './graph.ts'
import { callOutputs } from './lay-out-call.ts'
import { outputsProblem } from './outputs.ts'
import { placeOf } from './places.ts'
import type { RunState } from './state.ts'
import type { CallState, RunEvent } from './types.ts'

/** The facts that end calls; an outer call ends after those within it. */
export function endCalls(state: RunState, workflow: Workflow, vars: Readonly<Record<string, string>>): readonly RunEvent[] {
  const ended = [...state.calls.values()].filter((call) => !call.finished && partsOf(state.plan, call.key).every(({ key }) => isNameFinished(state, key)))
  return ended.map((call) => endCall(state, call, { workflow, vars }))
}

function endCall(state: RunState, { key, attempt }: CallState, { workflow, vars }: { workflow: Workflow; vars: Readonly<Record<string, string>> }): RunEvent {
  const called = placeOf(state.plan, workflow, key)?.job.call?.called?.workflow
  const { github } = jobContexts(state, workflow, { job: key, vars })
  const jobs = Object.fromEntries(
    partsOf(state.plan, key).map((part) => [part.id ?? part.key, { result: resultOfName(state, part.key), outputs: outputsOfName(state, part.key) }]),
  )
  const contexts = { github, vars, jobs, inputs: plannedJob(state.plan, key)?.call?.inputs ?? {} }
  try {
    const outputs = called ? callOutputs(called, { contexts, status: 'success' }) : {}
    const problem = outputsProblem(outputs)
    return { type: 'CallFinished', job: key, attempt, outputs: problem ? {} : outputs, ...(problem ? { problem } : {}) }
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error
    return { type: 'CallFinished', job: key, attempt, outputs: {}, problem: error.message }
  }
}
