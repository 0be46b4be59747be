// One expression by itself, with the kind of its value: for scripts, and for comparing with vectors.

import { EvaluationError, evaluateValue, type Scope } from './evaluate.ts'

export type ValueKind = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object'

export type Evaluated = { readonly value: unknown; readonly kind: ValueKind } | { readonly error: string }

/** The value of an expression, with or without `${{ }}` around it; a template with text around it gives a string. Numbers that JSON has not are texts: `NaN`, `Infinity`. */
export function evaluateOne(expression: string, scope: Scope): Evaluated {
  const value = expression.includes('${{') ? expression : `\${{ ${expression} }}`
  try {
    const result = evaluateValue({ value, at: { file: 'expr', line: 1, column: 1 } }, scope)
    const kind = kindOf(result)
    return { value: kind === 'number' && !Number.isFinite(result) ? String(result) : result, kind }
  } catch (error) {
    if (error instanceof EvaluationError) return { error: error.message }
    if (error instanceof RangeError) return { error: 'The expression is nested too deeply.' }
    throw error
  }
}

function kindOf(value: unknown): ValueKind {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  const kind = typeof value
  return kind === 'boolean' || kind === 'number' || kind === 'string' ? kind : 'object'
}
