// The inputs of a dispatched or called workflow: what was given, checked against what it declares.

import type { Diagnostic } from '../text/diagnostic.ts'
import type { Input, Workflow } from '../workflow/types.ts'
import type { RunCause } from './types.ts'

/** The `inputs` context: declared inputs with their defaults and types; others as the text that was given. */
export function inputsContext(workflow: Workflow, cause: RunCause): Readonly<Record<string, unknown>> {
  const declared = declaredInputs(workflow, cause)
  const typed = declared.map((input) => [input.name, typedValue(input, cause.inputs?.[input.name] ?? input.default)] as const)
  return { ...cause.inputs, ...Object.fromEntries(typed) }
}

/** What is wrong with the given inputs. A dispatch may not give unknown ones; a call from Pushway itself may. */
export function checkInputs(workflow: Workflow, cause: RunCause): readonly Diagnostic[] {
  const declared = declaredInputs(workflow, cause)
  const problem = (code: string, message: string): Diagnostic => ({ severity: 'error', code, message, at: { file: workflow.file, line: 1, column: 1 } })
  const missing = declared.filter((input) => input.required && input.default === undefined && !cause.inputs?.[input.name])
  const names = new Set(declared.map((input) => input.name))
  const unknown = cause.event === 'workflow_dispatch' ? Object.keys(cause.inputs ?? {}).filter((name) => !names.has(name)) : []
  const wrong = declared.flatMap((input) => wrongValue(input, cause.inputs?.[input.name]) ?? [])
  return [
    ...missing.map((input) => problem('input-missing', `Input \`${input.name}\` is required. Give it a value.`)),
    ...unknown.map((name) => problem('input-unknown', `There is no input \`${name}\`. Known inputs: ${[...names].join(', ') || 'none'}.`)),
    ...wrong.map((message) => problem('input-invalid', message)),
  ]
}

function declaredInputs(workflow: Workflow, cause: RunCause): readonly Input[] {
  const exact = workflow.on.find((trigger) => trigger.event === cause.event)
  // Pushway calls a verify workflow that has only a dispatch trigger, too.
  const trigger = exact ?? (cause.event === 'workflow_call' ? workflow.on.find((other) => other.event === 'workflow_dispatch') : undefined)
  return trigger && 'inputs' in trigger ? trigger.inputs : []
}

function wrongValue(input: Input, given: string | undefined): string | undefined {
  if (given === undefined || given === '') return undefined
  const wants = (what: string) => `Input \`${input.name}\` must be ${what}, not "${given}".`
  if (input.type === 'boolean' && given !== 'true' && given !== 'false') return wants('true or false')
  if (input.type === 'number' && Number.isNaN(Number(given))) return wants('a number')
  if (input.type === 'choice' && input.options && !input.options.includes(given)) return wants(`one of ${input.options.join(', ')}`)
  return undefined
}

function typedValue(input: Input, text: string | undefined): unknown {
  if (input.type === 'boolean') return text === 'true'
  if (input.type === 'number') return text === undefined || text === '' ? 0 : Number(text)
  return text ?? ''
}
