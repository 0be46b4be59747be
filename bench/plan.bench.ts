// Planning a graph of 10,000 jobs: 40 workflows of 250 jobs each, every one with needs, a matrix now and then, conditions and names
// by expression. Reading the files and planning the runs are measured apart. `npm run bench plan`.

import { planRun } from '@pushway/core/run/plan.ts'
import type { RunCause } from '@pushway/core/run/types.ts'
import { parseWorkflow } from '@pushway/core/workflow/parse.ts'
import type { Workflow } from '@pushway/core/workflow/types.ts'
import { fixed, median, printMachine, printTable } from './support/report.ts'

const workflows = 40
const jobsEach = 250
const rounds = 5

function workflowText(index: number): string {
  const jobs = Array.from({ length: jobsEach }, (_, i) => {
    const needs = i === 0 ? '' : `    needs: [${[...new Set([i - 1, Math.floor(i / 2)])].map((n) => `job${n}`).join(', ')}]\n`
    const matrix = i % 25 === 24 ? '    strategy: { matrix: { node: [18, 20, 22] } }\n' : ''
    return `  job${i}:\n    name: Job ${i} of \${{ github.ref_name }}\n${needs}${matrix}    if: github.ref == 'refs/heads/main'\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${i}\n`
  })
  return `name: Workflow ${index}\non: push\njobs:\n${jobs.join('')}`
}

function read(index: number): Workflow {
  const { value, diagnostics } = parseWorkflow(`.github/workflows/w${index}.yml`, workflowText(index))
  if (!value) throw new Error(JSON.stringify(diagnostics))
  return value
}

function plan(all: readonly Workflow[]): number {
  const cause: RunCause = { event: 'push', ref: 'refs/heads/main', sha: 'a'.repeat(40), actor: 'ada', payload: {} }
  return all.reduce((sum, workflow) => sum + (planRun(workflow, cause, { vars: {}, repository: 'ada/large' }).value?.jobs.length ?? 0), 0)
}

const startedAt = performance.now()
const all = Array.from({ length: workflows }, (_, index) => read(index))
const readMs = performance.now() - startedAt
let planned = 0
const times = Array.from({ length: rounds }, () => {
  const begun = performance.now()
  planned = plan(all)
  return performance.now() - begun
})
if (planned !== workflows * jobsEach) throw new Error(`${planned} jobs were planned, not ${workflows * jobsEach}`)

printMachine()
printTable(
  ['what', 'result'],
  [
    ['jobs planned', String(planned)],
    ['reading the files, ms', fixed(readMs, 0)],
    ['planning, first time, ms', fixed(times[0] ?? 0, 0)],
    ['planning, median, ms', fixed(median(times), 0)],
    ['resident memory at its highest, MB', fixed(process.resourceUsage().maxRSS / 1024, 0)],
  ],
)
