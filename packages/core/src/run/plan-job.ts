// One job as it can be planned before what it needs has ended.

import type { Diagnostic } from '../text/diagnostic.ts'
import { EvaluationError, evaluateText, evaluateValue, type Scope } from '../workflow/evaluate.ts'
import type { Job, Template } from '../workflow/types.ts'
import { environmentProblem, isKnownEarly, layOutLater } from './lay-out.ts'
import type { PlannedJob } from './types.ts'

/** What waits for other jobs stays as it is written until these have ended. A job that calls a workflow is laid out as the jobs of that, later. */
export function planJob(job: Job, scope: Scope, diagnostics: Diagnostic[]): PlannedJob {
  const text = (template: Template | undefined) => template && attempt(() => evaluateText(template, scope), diagnostics)
  const { id: key, needs } = job
  const environment = job.environment && isKnownEarly(job.environment.name) ? text(job.environment.name)?.trim() : job.environment?.name.value
  const problem = job.environment && environment && isKnownEarly(job.environment.name) ? environmentProblem(environment) : undefined
  if (job.environment && problem) diagnostics.push({ severity: 'error', code: 'environment-name', message: problem, at: job.environment.name.at })
  const later = attempt(() => layOutLater(job, scope), diagnostics)
  if (later?.problem) diagnostics.push({ severity: 'error', code: 'matrix-invalid', message: later.problem, at: job.strategy?.at ?? job.at })
  const layOut = later?.layOut
  const name = job.name && isKnownEarly(job.name) ? text(job.name)?.trim() : undefined
  const runsOn = layOut ? job.runsOn : job.runsOn.flatMap((label) => labelsOf({ value: label, at: job.at }, scope, diagnostics))
  const group = layOut ? job.runnerGroup?.value : text(job.runnerGroup)
  const place = { runsOn, ...(group ? { runnerGroup: group } : {}) }
  const call = job.call ? { layOut: layOut ?? { legs: 1 }, call: { uses: job.call.uses.value } } : {}
  return { key, name: name || key, needs, ...place, ...(environment ? { environment } : {}), ...(layOut ? { layOut } : {}), ...call }
}

function labelsOf(label: Template, scope: Scope, diagnostics: Diagnostic[]): readonly string[] {
  const value = attempt(() => evaluateValue(label, scope), diagnostics)
  const labels = Array.isArray(value) ? value.map(String) : [String(value ?? '')]
  if (labels.every((text) => text.trim() !== '')) return labels
  diagnostics.push({ severity: 'error', code: 'runs-on-empty', message: `\`runs-on: ${label.value}\` gives no label. Name a runner.`, at: label.at })
  return []
}

/** What the work gives; a mistake in an expression becomes a diagnostic. */
export function attempt<T>(work: () => T, diagnostics: Diagnostic[]): T | undefined {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error
    diagnostics.push(error.diagnostic)
    return undefined
  }
}
