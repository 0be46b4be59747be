// Before the first step: every action of the job is found, those inside composite actions too, and `pre` stages are run.

import { evaluateMap } from '@pushway/core/workflow/evaluate.ts'
import type { Step, UsesStep } from '@pushway/core/workflow/types.ts'
import type { FoundAction } from './action-types.ts'
import { ActionFailure, dockerProblem } from './actions/types.ts'
import { maxDepth } from './composite.ts'
import { type JobState, stepScope } from './job-state.ts'
import { holds, runPre } from './node-action.ts'
import type { StepRun } from './step-run.ts'
import { allInputs, givenInputs } from './uses-step.ts'

interface Pre {
  readonly action: FoundAction
  readonly step: UsesStep
}

/** Gives how many `pre` stages there were; they are the job's steps from `first` on. @throws ActionFailure naming every action that can't be run */
export async function prepareActions(state: JobState, first: number): Promise<number> {
  const problems: string[] = []
  const pres: Pre[] = []
  const steps = state.input.spec.job.steps
  if (!steps.some((step) => step.kind === 'uses')) return 0
  await findAll(state, steps, { depth: 0, problems, pres })
  if (problems.length > 0) throw new ActionFailure(problems.join('\n'))
  for (const [i, pre] of pres.entries()) await runOne(state, pre, first + i)
  return pres.length
}

interface Search {
  readonly depth: number
  readonly problems: string[]
  readonly pres: Pre[]
}

/** Folders of the workspace are not there yet: they are found when their step comes, and have no `pre`, as on GitHub. */
async function findAll(state: JobState, steps: readonly Step[], search: Search): Promise<void> {
  for (const step of steps) {
    if (step.kind !== 'uses' || step.uses.startsWith('./')) continue
    try {
      const action = await state.actions.resolve(step)
      if (action.kind === 'builtin') continue
      const { runs } = action.definition
      if (runs.using === 'node' && runs.pre !== undefined && search.depth === 0) search.pres.push({ action, step })
      if (runs.using === 'docker' && !(await state.docker.engine())) throw new ActionFailure(`${placeOf(step)}${dockerProblem}`)
      if (runs.using !== 'composite') continue
      if (search.depth + 1 > maxDepth) throw new ActionFailure(`${step.uses}: Composite action depth exceeded max depth ${maxDepth}.`)
      await findAll(state, runs.steps, { ...search, depth: search.depth + 1 })
    } catch (error) {
      if (!(error instanceof ActionFailure)) throw error
      if (!search.problems.includes(error.message)) search.problems.push(error.message)
    }
  }
}

function placeOf({ at: { file, line, column }, uses }: UsesStep): string {
  return `${file}:${line}:${column}: uses: ${uses}: `
}

async function runOne(state: JobState, { action, step }: Pre, index: number): Promise<void> {
  const { runs } = action.definition
  const name = step.name?.value ?? `Run ${step.uses}`
  const own = evaluateMap(step.env, stepScope(state, state.env))
  const env = { ...state.env, ...own }
  if (runs.using !== 'node') return
  if (!holds(runs.preIf, state, env)) return void state.saved.set(String(step.index), { state: {}, preDone: true, postAdded: false })
  const startedAt = Date.now()
  const scope = stepScope(state, env)
  const say = (text: string) => state.log.say(index, text)
  const stops = { stop: state.stop, force: state.force }
  const run: StepRun = { step: index, key: String(step.index), name, env, own, shownEnv: env, scope, stops, say, outputs: {}, summary: () => undefined }
  state.report({ type: 'step-started', at: startedAt, step: index, name: `Pre ${name}` })
  const ok = await runPre(state, { action, inputs: allInputs(action.definition, { given: givenInputs(step, run), run }), run })
  if (!ok) state.failed = true
  const conclusion = ok ? 'success' : 'failure'
  state.report({ type: 'step-finished', at: Date.now(), step: index, name: `Pre ${name}`, conclusion, durationMs: Date.now() - startedAt })
}
