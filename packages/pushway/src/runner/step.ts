// One step of a job: condition, environment, time limit, result.

import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Conclusion } from '@pushway/core/run/types.ts'
import { EvaluationError, evaluateCondition, evaluateMap, evaluateText, evaluateValue } from '@pushway/core/workflow/evaluate.ts'
import type { Step } from '@pushway/core/workflow/types.ts'
import { diskIsFull, isDiskFull, saysDiskFull } from './full-disk.ts'
import { type JobState, stepScope } from './job-state.ts'
import { runScript } from './run-step.ts'
import type { StepRun } from './step-run.ts'
import { runAction } from './uses-step.ts'

const minute = 60_000

/** Runs or skips the step, reports it, and records its result in the job's state. */
export async function runStep(state: JobState, step: Step): Promise<void> {
  const startedAt = Date.now()
  const { frame } = state
  const index = frame?.step ?? step.index
  const say = (text: string) => state.log.say(index, text)
  let name = defaultName(step)
  const outputs: Record<string, string> = {}
  const finish = (outcome: Conclusion, conclusion: Conclusion) => {
    if (step.id !== undefined) state.steps[step.id] = { outputs, outcome, conclusion }
    if (conclusion === 'failure') state.failed = true
    // The steps of a composite action are one step, as on GitHub.
    if (frame) return
    const durationMs = outcome === 'skipped' ? 0 : Date.now() - startedAt
    state.report({ type: 'step-finished', at: Date.now(), step: index, name, conclusion, durationMs })
  }
  try {
    const outer = { ...state.env, ...frame?.env }
    const own = { ...frame?.env, ...evaluateMap(step.env, stepScope(state, outer)) }
    const env = { ...outer, ...own }
    const scope = stepScope(state, env)
    name = displayName(state, step, env)
    const holds = evaluateCondition(step.if, scope)
    if (state.input.spec.debug?.steps) say(`##[debug]Evaluating condition for step: '${name}'\n##[debug]${step.if?.value.trim() || 'success()'} => ${holds}`)
    if (!holds) return finish('skipped', 'skipped')
    if (!frame) state.report({ type: 'step-started', at: startedAt, step: index, name })
    const limit = stepTimeout(state, step, env)
    const key = frame ? `${frame.key}_${step.index}` : String(step.index)
    const from = { step: index, key, name, env, own, shownEnv: env, scope, stops: limit.stops }
    const run: StepRun = { ...from, ...(step.id === undefined ? {} : { id: step.id }), say, outputs, summary: summaryOf(state, index) }
    const ok = await perform(state, step, run).finally(limit.clear)
    if (limit.expired()) say(`##[error]The action '${name}' has timed out after ${limit.minutes} minutes.`)
    if (!ok && !state.stop.aborted && isDiskFull(state.paths.workspace)) say(`##[error]${diskIsFull}`)
    const outcome = outcomeOf(state, ok && !limit.expired())
    const allowed = outcome === 'failure' && mayFail(state, step, env)
    finish(outcome, allowed ? 'success' : outcome)
  } catch (error) {
    if (!(error instanceof EvaluationError) && !saysDiskFull(error)) throw error
    say(`##[error]${error instanceof EvaluationError ? located(error) : diskIsFull}`)
    finish('failure', 'failure')
  }
}

function located({ diagnostic: { at, message } }: EvaluationError): string {
  return `${at.file}:${at.line}:${at.column}: ${message}`
}

function perform(state: JobState, step: Step, run: StepRun): Promise<boolean> {
  return step.kind === 'run' ? runScript(state, step, run) : runAction(state, step, run)
}

function outcomeOf(state: JobState, ok: boolean): Conclusion {
  if (ok) return 'success'
  return state.stop.aborted ? 'cancelled' : 'failure'
}

function mayFail(state: JobState, step: Step, env: Readonly<Record<string, string>>): boolean {
  if (step.continueOnError === undefined) return false
  const value = evaluateValue(step.continueOnError, stepScope(state, env))
  return value === true || value === 'true'
}

/** The job's own stop, and the step's time limit. A cancelled job's cleanup steps are stopped by force only. */
function stepTimeout(state: JobState, step: Step, env: Readonly<Record<string, string>>) {
  const stopping = state.stop.aborted
  const minutes = step.timeoutMinutes === undefined ? undefined : Number(evaluateValue(step.timeoutMinutes, stepScope(state, env)))
  // Few steps have a limit, and signals take time to make.
  if (minutes === undefined && !stopping) return { minutes, stops: { stop: state.stop, force: state.force }, expired: () => false, clear: () => undefined }
  const own = new AbortController()
  const timer = minutes !== undefined && minutes > 0 ? setTimeout(() => own.abort(), minutes * minute) : undefined
  const stop = stopping ? own.signal : AbortSignal.any([own.signal, state.stop])
  return {
    minutes,
    stops: { stop, force: state.force },
    expired: () => own.signal.aborted,
    clear: () => clearTimeout(timer),
  }
}

function displayName(state: JobState, step: Step, env: Readonly<Record<string, string>>): string {
  if (step.name === undefined) return defaultName(step)
  return state.masker.mask(evaluateText(step.name, stepScope(state, env)))
}

function defaultName(step: Step): string {
  if (step.name !== undefined) return step.name.value
  return step.kind === 'uses' ? `Run ${step.uses}` : `Run ${step.run.value.trim().split('\n')[0]}`
}

function summaryOf(state: JobState, index: number): (text: string) => void {
  return (text) => appendFileSync(join(state.input.folders.spool, `summary-${index}.md`), state.masker.mask(text), { mode: 0o600 })
}
