// Laying out a job that calls a workflow: its inputs are evaluated, and the called workflow's jobs take its place.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/reusable-workflows

import type { Diagnostic } from '../text/diagnostic.ts'
import { inputProblem } from '../workflow/check-call.ts'
import { EvaluationError, evaluateText, evaluateValue, type Scope } from '../workflow/evaluate.ts'
import type { CallTrigger, Input, Workflow } from '../workflow/types.ts'
import { evaluateTree } from '../workflow/value-tree.ts'
import { LayOutError, place } from './lay-out.ts'
import type { Place } from './places.ts'
import { planJob } from './plan-job.ts'
import type { PlannedJob, RunEvent } from './types.ts'

type LaidOutCall = Pick<Extract<RunEvent, { type: 'JobLaidOut' }>, 'jobs' | 'call'>

/**
 * The jobs of the called workflow, named `caller / called`, and what it is called with; or in one sentence why it can't be called.
 *
 * @param scope the contexts of the job that calls
 */
export function layOutCall({ planned, job }: Place, scope: Scope): LaidOutCall | { readonly problem: string } {
  const called = job.call?.called?.workflow
  if (!job.call || !called) return { problem: `The workflow ${job.call?.uses.value ?? ''} is not there any more.` }
  try {
    // A leg's name was made when the matrix was laid out.
    const name = planned.leg ? planned.name : place(job, scope, planned.prefix).name
    const inputs = inputsOf({ trigger: callTrigger(called), given: job.call.with.map((one) => [one.name, evaluateTree(one.value, scope)]) }, scope)
    const { github, vars } = scope.contexts
    const inside: Scope = { contexts: { github, vars, inputs }, status: 'success' }
    const diagnostics: Diagnostic[] = []
    const jobs = called.jobs.map((one) => insideCall(planJob(one, inside, diagnostics), { planned, name }))
    if (diagnostics.length > 0) return { problem: diagnostics.map(({ message, at }) => `${at.file}:${at.line}:${at.column}: ${message}`).join(' ') }
    return { jobs, call: { name, inputs } }
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof LayOutError) return { problem: error.message }
    throw error
  }
}

/** The `workflow_call` trigger of a workflow; one without inputs when it has none. */
function callTrigger(workflow: Workflow): CallTrigger {
  const found = workflow.on.find((one): one is CallTrigger => one.event === 'workflow_call')
  return found ?? { event: 'workflow_call', inputs: [], secrets: [], outputs: [] }
}

/** The outputs of a called workflow. Throws EvaluationError. */
export function callOutputs(workflow: Workflow, scope: Scope): Readonly<Record<string, string>> {
  return Object.fromEntries(callTrigger(workflow).outputs.map(([name, value]) => [name, evaluateText(value, scope)]))
}

function insideCall(job: PlannedJob, { planned, name }: { planned: PlannedJob; name: string }): PlannedJob {
  const keyOf = (id: string) => `${planned.key}.${id}`
  return {
    ...job,
    key: keyOf(job.key),
    id: job.key,
    name: `${name} / ${job.name}`,
    prefix: `${name} / `,
    needs: job.needs.map(keyOf),
    within: [...(planned.within ?? []), planned.key],
    caller: planned.key,
  }
}

type Given = readonly (readonly [name: string, value: unknown])[]

function inputsOf({ trigger, given }: { trigger: CallTrigger; given: Given }, scope: Scope): Readonly<Record<string, unknown>> {
  const values = new Map(given.map(([name, value]) => [name.toLowerCase(), value]))
  return Object.fromEntries(
    trigger.inputs.map((input) => [
      input.name,
      typed(input, values.has(input.name.toLowerCase()) ? values.get(input.name.toLowerCase()) : defaultOf(input, scope)),
    ]),
  )
}

/** A default may look at github, inputs and vars. */
function defaultOf({ type, default: text }: Input, { contexts: { github, inputs, vars } }: Scope): unknown {
  if (text === undefined) return undefined
  const at = { file: 'default', line: 1, column: 1 }
  const value = text.includes('${{') ? evaluateValue({ value: text, at }, { contexts: { github, inputs, vars }, status: 'success' }) : text
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  return type === 'number' && typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value)) ? Number(value) : value
}

function typed(input: Input, value: unknown): unknown {
  const problem = inputProblem(input, value)
  if (problem) throw new LayOutError(problem)
  if (value !== null && value !== undefined) return input.type === 'string' ? String(value) : value
  return input.type === 'boolean' ? false : input.type === 'number' ? 0 : ''
}
