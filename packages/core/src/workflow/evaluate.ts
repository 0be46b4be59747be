// Evaluates templates: `${{ }}` in text, `if:` conditions, maps. GitHub's own expression library does the work.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/expressions

import { data, Evaluator } from '@actions/expressions'
import type { FunctionDefinition } from '@actions/expressions/funcs/info'
import { falsy } from '@actions/expressions/result'
import type { Diagnostic } from '../text/diagnostic.ts'
import { contextNames, namesStatus, parseExpression, runnerFunctions, type Segment, splitTemplate } from './expression.ts'
import { fromData, toDictionary } from './expression-data.ts'
import type { Template, TemplateMap } from './types.ts'

/** What an expression can see. `skipped`: nothing failed, but not everything before it succeeded (only for a job's own `if`). */
export interface Scope {
  /** Context name → plain value: `github`, `needs`, `steps`… A known context that is not given is null. */
  readonly contexts: Readonly<Record<string, unknown>>
  readonly status: 'success' | 'failure' | 'cancelled' | 'skipped'
  readonly hashFiles?: (patterns: readonly string[]) => string
}

/** An expression that can't be parsed or evaluated; `diagnostic` says where and why. */
export class EvaluationError extends Error {
  readonly diagnostic: Diagnostic

  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message)
    this.name = 'EvaluationError'
    this.diagnostic = diagnostic
  }
}

/** The template's text with each `${{ }}` replaced by its value as a string: null is '', objects are `Object`, arrays `Array`. Throws EvaluationError. */
export function evaluateText(template: Template, scope: Scope): string {
  return segmentsOf(template)
    .map((segment) => (segment.kind === 'text' ? segment.text : evaluateSegment(template, segment, scope).coerceString()))
    .join('')
}

/** The value of a template that is one whole expression; any other template is its text. Throws EvaluationError. */
export function evaluateValue(template: Template, scope: Scope): unknown {
  const segments = segmentsOf(template)
  const [only] = segments
  if (segments.length === 1 && only?.kind === 'expression') return fromData(evaluateSegment(template, only, scope))
  return evaluateText(template, scope)
}

/**
 * Whether an `if:` holds. It may be written with or without `${{ }}`; without a status function, success() is required too.
 * No template means success(). Throws EvaluationError.
 */
export function evaluateCondition(template: Template | undefined, scope: Scope): boolean {
  if (template === undefined || template.value.trim() === '') return scope.status === 'success'
  const segments = conditionSegments(template)
  if (!conditionNamesStatus(template) && scope.status !== 'success') return false
  const [only] = segments
  if (segments.length === 1 && only?.kind === 'expression') return !falsy(evaluateSegment(template, only, scope))
  // Text around `${{ }}` makes the whole a string, as on GitHub: true unless it is empty.
  return evaluateText(template, scope) !== ''
}

/** Whether an `if:` calls success(), failure(), cancelled() or always(), so that no success() is implied. Throws EvaluationError. */
export function conditionNamesStatus(template: Template): boolean {
  return conditionSegments(template).some((segment) => segment.kind === 'expression' && callsStatus(template, segment))
}

/** Each value of the map evaluated in the same scope: entries do not see each other, as on GitHub. Throws EvaluationError. */
export function evaluateMap(map: TemplateMap, scope: Scope): Record<string, string> {
  return Object.fromEntries(map.map(([name, value]) => [name, evaluateText(value, scope)]))
}

const prepared = new WeakMap<Scope['contexts'], data.Dictionary>()

/** Makes ready contexts that many expressions will see, and that do not change any more. */
export function prepareContexts(contexts: Scope['contexts']): void {
  prepared.set(contexts, dictionaryOf(contexts))
}

function dictionaryOf(contexts: Scope['contexts']): data.Dictionary {
  return toDictionary(contextNames.map((name) => [name, contexts[name]]))
}

function conditionSegments(template: Template): readonly Segment[] {
  const trimmed: Template = { ...template, value: template.value.trim() }
  if (!trimmed.value.includes('${{')) return [{ kind: 'expression', text: trimmed.value, offset: 0 }]
  return segmentsOf(trimmed)
}

function segmentsOf(template: Template): readonly Segment[] {
  try {
    return splitTemplate(template.value)
  } catch (error) {
    throw invalid(template, template.value, error)
  }
}

function callsStatus(template: Template, segment: Segment): boolean {
  try {
    return namesStatus(segment.text)
  } catch (error) {
    throw invalid(template, segment.text, error)
  }
}

function evaluateSegment(template: Template, segment: Segment, scope: Scope): data.ExpressionData {
  try {
    const expression = parseExpression(segment.text, contextNames)
    const contexts = prepared.get(scope.contexts) ?? dictionaryOf(scope.contexts)
    return new Evaluator(expression, contexts, functionsOf(scope)).evaluate()
  } catch (error) {
    throw invalid(template, segment.text, error)
  }
}

function functionsOf(scope: Scope): Map<string, FunctionDefinition> {
  const calls: Readonly<Record<string, FunctionDefinition['call']>> = {
    success: () => new data.BooleanData(scope.status === 'success'),
    failure: () => new data.BooleanData(scope.status === 'failure'),
    cancelled: () => new data.BooleanData(scope.status === 'cancelled'),
    always: () => new data.BooleanData(true),
    hashfiles: (...patterns) => {
      if (!scope.hashFiles) throw new Error('hashFiles() can be used in the steps of a job only')
      return new data.StringData(scope.hashFiles(patterns.map((pattern) => pattern.coerceString())))
    },
  }
  return new Map(
    runnerFunctions.flatMap((info) => {
      const call = calls[info.name.toLowerCase()]
      return call ? [[info.name.toLowerCase(), { ...info, call }] as const] : []
    }),
  )
}

function invalid(template: Template, expression: string, error: unknown): EvaluationError {
  const cause = error instanceof Error ? error.message : String(error)
  const shown = expression.trim().replaceAll(/\s+/g, ' ')
  const short = shown.length > 80 ? `${shown.slice(0, 77)}…` : shown
  return new EvaluationError({
    severity: 'error',
    code: 'expression-invalid',
    message: `The expression "${short}" can't be evaluated: ${cause}.`,
    at: template.at,
  })
}
