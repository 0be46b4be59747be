// Laying out a job when what it needs has ended: the legs of its matrix, its name, labels and environment.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstrategy

import { EvaluationError, evaluateText, evaluateValue, type Scope } from '../workflow/evaluate.ts'
import { mentionedContexts } from '../workflow/expression.ts'
import type { Job, Template } from '../workflow/types.ts'
import { evaluateTree, templatesOf } from '../workflow/value-tree.ts'
import { type Combination, combinationsOf, legKeys, legText } from './matrix.ts'
import type { JobLeg, PlannedJob } from './types.ts'

/** What a job becomes, or in one sentence why it can't be laid out. */
export type LaidOut = { readonly jobs: readonly PlannedJob[] } | { readonly problem: string }

/** Contexts that are not there yet when a run is planned. */
const lateContexts = ['needs', 'matrix', 'strategy'] as const

/**
 * The jobs that a planned job becomes.
 *
 * @param planned the job as planned before; it stays one job without a matrix, with its labels and name evaluated
 * @param scope the job's contexts, `needs` with them
 */
export function layOut(planned: PlannedJob, job: Job, scope: Scope): LaidOut {
  try {
    if (!job.strategy?.matrix) return { jobs: [{ ...planned, ...place(job, scope, planned.prefix), ...environmentOf(planned, job, scope) }] }
    const made = combinationsOf(evaluateTree(job.strategy.matrix, scope))
    return 'problem' in made ? made : { jobs: legsOf(planned, job, { combinations: made.legs, scope }) }
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof LayOutError) return { problem: error.message }
    throw error
  }
}

/**
 * Whether a job's labels, name, environment or matrix wait for what it needs; and with a matrix, how many legs are known of.
 * Throws EvaluationError.
 */
export function layOutLater(job: Job, scope: Scope): { readonly layOut?: PlannedJob['layOut']; readonly problem?: string } {
  const matrix = job.strategy?.matrix
  if (!matrix) {
    const templates = [...job.runsOn, job.runnerGroup?.value ?? '', job.name?.value ?? '', job.environment?.name.value ?? '']
    return templates.some((template) => mentionedContexts(template, lateContexts).length > 0) ? { layOut: { legs: 1 } } : {}
  }
  if (templatesOf(matrix).some((template) => mentionedContexts(template, lateContexts).length > 0)) return { layOut: { legs: null } }
  const made = combinationsOf(evaluateTree(matrix, scope))
  return 'problem' in made ? made : { layOut: { legs: made.legs.length } }
}

/** Whether a template can be evaluated when the run is planned. */
export function isKnownEarly(template: Template): boolean {
  return mentionedContexts(template.value, lateContexts).length === 0
}

function legsOf(planned: PlannedJob, job: Job, { combinations, scope }: { combinations: readonly Combination[]; scope: Scope }): readonly PlannedJob[] {
  const keys = job.call ? keysWithoutDots(planned.key, combinations) : legKeys(planned.key, combinations)
  const total = combinations.length
  const { failFast, maxParallel } = job.strategy ?? {}
  const strategy = { 'fail-fast': readFailFast(failFast, scope), 'job-total': total, 'max-parallel': readMaxParallel(maxParallel, scope) ?? total }
  const { layOut: _laidOut, environment: _planned, ...base } = planned
  // Each leg of a call is laid out once more, as the jobs of the called workflow.
  const again = job.call ? { layOut: { legs: 1 } } : {}
  return combinations.map((matrix, index): PlannedJob => {
    const leg: JobLeg = { matrix, strategy: { ...strategy, 'job-index': index } }
    const legScope: Scope = { ...scope, contexts: { ...scope.contexts, matrix: leg.matrix, strategy: leg.strategy } }
    const { name, ...rest } = place(job, legScope, planned.prefix)
    // A name that no expression tells apart gets the values behind it.
    const isOwnName = job.name?.value.includes('${{') === true
    const id = planned.id ?? planned.key
    return {
      ...base,
      ...again,
      ...rest,
      key: keys[index] ?? planned.key,
      id,
      name: isOwnName ? name : `${name} (${legText(matrix)})`,
      within: [...(planned.within ?? []), planned.key],
      leg,
      ...environmentOf(planned, job, legScope),
    }
  })
}

/** The dot is for the jobs of the called workflow: `deploy.east.build` is a job of the leg `deploy.east`. */
function keysWithoutDots(job: string, legs: readonly Combination[]): readonly string[] {
  const keys = legKeys(job, legs).map((key) => `${job}.${key.slice(job.length + 1).replaceAll('.', '_')}`)
  return keys.map((key, i) => (keys.indexOf(key) === i ? key : `${key}_${i + 1}`))
}

/** Where a job runs and what it is called. Throws EvaluationError. */
export function place(job: Job, scope: Scope, prefix = ''): Pick<PlannedJob, 'name' | 'runsOn' | 'runnerGroup'> {
  const name = job.name ? evaluateText(job.name, scope).trim() : ''
  const labels = job.runsOn.flatMap((label) => {
    const value = evaluateValue({ value: label, at: job.at }, scope)
    return Array.isArray(value) ? value.map(String) : [String(value ?? '')]
  })
  const group = job.runnerGroup && evaluateText(job.runnerGroup, scope).trim()
  if (!job.call && ((labels.length === 0 && !group) || labels.includes('')))
    throw new LayOutError(`\`runs-on\` of job ${job.id} has no label: ${job.runsOn.join(', ')} is empty.`)
  return { name: `${prefix}${name || job.id}`, runsOn: labels, ...(group ? { runnerGroup: group } : {}) }
}

/** A plan without environments (a local run) stays without them. */
function environmentOf(planned: PlannedJob, job: Job, scope: Scope): Pick<PlannedJob, 'environment'> {
  if (planned.environment === undefined || !job.environment) return {}
  const name = evaluateText(job.environment.name, scope).trim()
  if (name === '') return {}
  const problem = environmentProblem(name)
  if (problem) throw new LayOutError(problem)
  return { environment: name }
}

/** Why this can't be the name of an environment; undefined when it can. */
export function environmentProblem(name: string): string | undefined {
  if (/^[A-Za-z0-9_][\w.-]{0,99}$/.test(name)) return undefined
  return `"${name}" can't be the name of an environment: use letters, digits, ".", "_" and "-" (at most 100), starting with a letter, digit or "_".`
}

function readFailFast(template: Template | undefined, scope: Scope): boolean {
  const value = template ? evaluateValue(template, scope) : true
  if (value === true || value === 'true') return true
  if (value === false || value === 'false') return false
  throw new LayOutError(`\`fail-fast\` must be true or false, not "${String(value)}".`)
}

function readMaxParallel(template: Template | undefined, scope: Scope): number | undefined {
  if (!template) return undefined
  const count = Number(evaluateValue(template, scope))
  if (Number.isInteger(count) && count > 0) return count
  throw new LayOutError(`\`max-parallel\` must be a whole number above 0, not "${template.value}".`)
}

/** What an evaluated value must not be. */
export class LayOutError extends Error {}
