// What `pushway run --dry-run` and `--graph` print: jobs and steps, or which jobs come after which. Nothing is decided about conditions.

import { type OutlineJob, stagesOf } from '@pushway/core/run/outline.ts'
import type { Step } from '@pushway/core/workflow/types.ts'

interface Outline {
  readonly file: string
  readonly jobs: readonly OutlineJob[]
}

/** As text, or as one JSON object. */
export function sayOutline(outlines: readonly Outline[], { graph, json }: { readonly graph: boolean; readonly json: boolean }): string {
  if (json) return `${JSON.stringify({ ...(graph ? { graph: true } : { dryRun: true }), workflows: outlines.map((one) => asJson(one, graph)) }, null, 2)}\n`
  return `${outlines.map((one) => (graph ? drawStages(one) : listSteps(one))).join('\n')}\n`
}

function asJson({ file, jobs }: Outline, graph: boolean) {
  const lines = jobs.map(({ job, id, ...rest }) => ({ key: id, ...rest, steps: job.steps.map(stepName) }))
  return { file, jobs: lines, ...(graph ? { stages: stagesOf(jobs).map((stage) => stage.map(({ id }) => id)) } : {}) }
}

function listSteps({ file, jobs }: Outline): string {
  const lines = jobs.flatMap(({ id, needs, uses, job }) => [
    `  ${id}${needs.length > 0 ? ` (needs ${needs.join(', ')})` : ''}${uses ? `: calls ${uses}` : ''}`,
    ...job.steps.map((step) => `    ${stepName(step)}`),
  ])
  return [`${file}:`, ...lines].join('\n')
}

/** Jobs of one line may run at the same time; each line waits for jobs above it. */
function drawStages({ file, jobs }: Outline): string {
  const lines = stagesOf(jobs).map((stage) => `  ${stage.map(({ id, legs }) => `${id}${legs === 1 ? '' : ` (${legs ?? '?'} legs)`}`).join('   ')}`)
  return [`${file}:`, lines.join('\n    ↓\n')].join('\n')
}

function stepName(step: Step): string {
  return step.name?.value ?? (step.kind === 'uses' ? `Run ${step.uses}` : `Run ${step.run.value.trim().split('\n')[0]}`)
}
