// A call against what the called workflow declares: inputs, secrets, permissions.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/reusable-workflows

import type { Diagnostic, Position } from '../text/diagnostic.ts'
import type { CallTrigger, GivenInput, Input, Job, Workflow, WorkflowCall } from './types.ts'

export interface CheckedCall {
  readonly caller: Workflow
  readonly job: Job
  readonly called: Workflow
}

/** Every mistake of one call, at its place in the caller. */
export function checkCall({ job, called, caller }: CheckedCall): readonly Diagnostic[] {
  const { call } = job
  if (!call) return []
  const trigger = called.on.find((one): one is CallTrigger => one.event === 'workflow_call')
  if (!trigger) {
    const message = `${called.file} can't be called: it has no \`workflow_call\` trigger. Add \`workflow_call:\` under its \`on:\`.`
    return [error('call-not-callable', message, call.uses.at)]
  }
  return [...checkInputs(call, trigger), ...checkSecrets(call, trigger), ...checkGroups({ job, called, caller })]
}

function checkInputs(call: WorkflowCall, { inputs }: CallTrigger): readonly Diagnostic[] {
  const declared = new Map(inputs.map((input) => [input.name.toLowerCase(), input]))
  const given = new Set(call.with.map(({ name }) => name.toLowerCase()))
  const missing = inputs.filter((input) => input.required && input.default === undefined && !given.has(input.name.toLowerCase()))
  return [
    ...call.with.flatMap((one) => checkInput(one, declared.get(one.name.toLowerCase()), inputs)),
    ...missing.map(({ name }) => error('input-missing', `\`${call.uses.value}\` requires the input \`${name}\`. Give it in \`with\`.`, call.uses.at)),
  ]
}

function checkInput(given: GivenInput, declared: Input | undefined, all: readonly Input[]): readonly Diagnostic[] {
  if (!declared) {
    const message = `The called workflow has no input \`${given.name}\`. Its inputs: ${all.map(({ name }) => name).join(', ') || 'none'}.`
    return [error('input-unknown', message, given.at)]
  }
  // What an expression gives is checked when it is known.
  if (given.value.kind === 'template') return []
  const problem = given.value.kind === 'plain' ? inputProblem(declared, given.value.value) : `Input \`${given.name}\` must be one value, not a list or map.`
  return problem ? [error('input-invalid', problem, given.at)] : []
}

/** Why a value is not of the type that a called workflow declares; undefined when it is. As on GitHub a text is never a number or boolean. */
export function inputProblem({ name, type }: Input, value: unknown): string | undefined {
  const is = typeof value
  if (value === null || value === undefined) return undefined
  if (type === 'boolean' && is !== 'boolean') return `Input \`${name}\` must be true or false, not "${String(value)}".`
  if (type === 'number' && is !== 'number') return `Input \`${name}\` must be a number, not "${String(value)}".`
  return is === 'object' ? `Input \`${name}\` must be one value, not a list or map.` : undefined
}

function checkSecrets(call: WorkflowCall, { secrets }: CallTrigger): readonly Diagnostic[] {
  if (call.secrets === 'inherit') return []
  const known = new Set(secrets.map(({ name }) => name.toLowerCase()))
  const given = new Set(call.secrets.map(([name]) => name.value.toLowerCase()))
  const list = secrets.map(({ name }) => name).join(', ') || 'none'
  const unknown = call.secrets.filter(([name]) => !known.has(name.value.toLowerCase()))
  const missing = secrets.filter(({ name, required }) => required && !given.has(name.toLowerCase()))
  return [
    ...unknown.map(([name]) => error('secret-unknown', `The called workflow has no secret \`${name.value}\`. Its secrets: ${list}.`, name.at)),
    ...missing.map(({ name }) => {
      const message = `\`${call.uses.value}\` requires the secret \`${name}\`. Give it in \`secrets\`, or write \`secrets: inherit\`.`
      return error('secret-missing', message, call.uses.at)
    }),
  ]
}

/** A call can be in its job's group or in the called workflow's, not in two at once. */
function checkGroups({ job, called }: CheckedCall): readonly Diagnostic[] {
  if (!job.concurrency || !called.concurrency) return []
  const message = `\`concurrency\` here and in ${called.file}, which is called, is not supported yet. Keep one of them.`
  return [error('keyword-not-yet', message, job.concurrency.group.at)]
}

function error(code: string, message: string, at: Position): Diagnostic {
  return { severity: 'error', code, message, at }
}
