// What a plan will become, before it runs: its jobs with those of the workflows they call, as far as they are known.

import type { Scope } from '../workflow/evaluate.ts'
import { mentionedContexts } from '../workflow/expression.ts'
import type { Job, Workflow } from '../workflow/types.ts'
import { templatesOf } from '../workflow/value-tree.ts'
import { layOutCall } from './lay-out-call.ts'
import type { PlannedJob, RunPlan } from './types.ts'

/** One job, or one call: the jobs of the called workflow follow it. */
export interface OutlineJob {
  /** `deploy.build` is the job `build` of the workflow that `deploy` calls. */
  readonly id: string
  readonly name: string
  /** Ids. */
  readonly needs: readonly string[]
  /** How many legs its matrix has, 1 without one; null when that is known only at run time. */
  readonly legs: number | null
  readonly environment?: string
  /** The workflow that it calls. */
  readonly uses?: string
  /** The id of the call that it belongs to. */
  readonly caller?: string
  readonly job: Job
}

/** The jobs of a plan, each call with the called jobs behind it. @param scope what the plan was made with: github, vars, inputs */
export function outlineOf(plan: RunPlan, workflow: Workflow, scope: Scope): readonly OutlineJob[] {
  return plan.jobs.flatMap((planned) => outlineJob(planned, workflow, scope))
}

function outlineJob(planned: PlannedJob, workflow: Workflow, scope: Scope): readonly OutlineJob[] {
  const job = workflow.jobs.find(({ id }) => id === (planned.id ?? planned.key))
  if (!job) return []
  const { key: id, name, needs, environment, caller } = planned
  const own: OutlineJob = {
    id,
    name,
    needs,
    legs: planned.layOut ? planned.layOut.legs : 1,
    ...(environment ? { environment } : {}),
    ...(job.call ? { uses: job.call.uses.value } : {}),
    ...(caller ? { caller } : {}),
    job,
  }
  const called = job.call?.called?.workflow
  return called ? [own, ...outlineCall(planned, { job, workflow, called }, scope)] : [own]
}

/** With its inputs when these are known; else with the names and numbers that do not hang on them. */
function outlineCall(planned: PlannedJob, { job, workflow, called }: { job: Job; workflow: Workflow; called: Workflow }, scope: Scope): readonly OutlineJob[] {
  const late = job.call?.with.some(({ value }) => templatesOf(value).some((text) => mentionedContexts(text, ['needs', 'matrix', 'strategy']).length > 0))
  const made = late ? undefined : layOutCall({ planned, job, workflow }, scope)
  if (!made || 'problem' in made) return outlineBlind(planned, called)
  const { github, vars } = scope.contexts
  const inside: Scope = { contexts: { github, vars, inputs: made.call?.inputs ?? {} }, status: 'success' }
  return made.jobs.flatMap((one) => outlineJob(one, called, inside))
}

function outlineBlind(planned: PlannedJob, called: Workflow): readonly OutlineJob[] {
  const jobs: readonly PlannedJob[] = called.jobs.map((job) => ({
    key: `${planned.key}.${job.id}`,
    id: job.id,
    name: `${planned.name} / ${job.name && !job.name.value.includes('${{') ? job.name.value : job.id}`,
    needs: job.needs.map((need) => `${planned.key}.${need}`),
    runsOn: job.runsOn,
    caller: planned.key,
    ...(job.strategy?.matrix ? { layOut: { legs: null } } : {}),
  }))
  return jobs.flatMap((one) => outlineJob(one, called, { contexts: {}, status: 'success' }))
}

/** The jobs in steps: each one after all that it needs. A called job comes after what its call needs, and what needs the call after its jobs. */
export function stagesOf(jobs: readonly OutlineJob[]): readonly (readonly OutlineJob[])[] {
  const byId = new Map(jobs.map((job) => [job.id, job]))
  const depths = new Map<string, number>()
  const startOf = (job: OutlineJob): number => {
    const caller = job.caller === undefined ? undefined : byId.get(job.caller)
    return Math.max(caller ? startOf(caller) : 0, ...job.needs.map((need) => endOf(byId.get(need)) + 1))
  }
  const endOf = (job: OutlineJob | undefined): number => {
    if (!job) return -1
    const known = depths.get(job.id)
    if (known !== undefined) return known
    const end = Math.max(startOf(job), ...jobs.filter(({ caller }) => caller === job.id).map(endOf))
    depths.set(job.id, end)
    return end
  }
  const stages: OutlineJob[][] = []
  for (const job of jobs.filter(({ uses }) => uses === undefined)) {
    const at = startOf(job)
    stages[at] = [...(stages[at] ?? []), job]
  }
  return Array.from(stages, (stage) => stage ?? []).filter((stage) => stage.length > 0)
}
