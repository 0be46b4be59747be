// Runs, jobs and images as text.

import type { ImageView, JobView, RunSummary, RunView, StepView } from '@pushway/core/views/types.ts'
import { formatDuration, plainLine, shortCommit, shortRef } from '../format.ts'
import type { Shape } from '../output.ts'
import { type Screen, styleOf } from '../screen.ts'
import { type Column, indent, renderFields, renderTable } from '../table.ts'

export const runShape: Shape<RunSummary> = {
  name: (run) => `run/${run.number}`,
  none: 'There are no runs yet: push a commit that a workflow applies to.',
  columns: [
    { title: 'RUN', text: (run) => String(run.number) },
    { title: 'STATUS', text: runState, state: true },
    { title: 'WORKFLOW', text: (run) => run.workflowName },
    { title: 'REF', text: (run) => shortRef(run.ref) },
    { title: 'COMMIT', text: (run) => shortCommit(run.sha) },
    { title: 'TITLE', text: (run) => run.title },
    { title: 'EVENT', text: (run) => run.event, wide: true },
    { title: 'BY', text: (run) => run.actor, wide: true },
    { title: 'TOOK', text: tookOf, wide: true },
    { title: 'ID', text: (run) => run.id, wide: true },
    { title: 'AGE', text: (run, screen) => screen.when(run.createdAt) },
    { title: 'WHY', text: (run) => run.why?.sentence },
  ],
}

export const imageShape: Shape<ImageView> = {
  name: (image) => `${image.repository}@${image.digest}`,
  none: 'There are no images yet: a job that does `docker push` makes them.',
  columns: [
    { title: 'REPOSITORY', text: (image) => image.repository },
    { title: 'TAG', text: (image) => image.tag },
    { title: 'DIGEST', text: (image, screen) => (screen.wide ? image.digest : image.digest.slice(0, 19)) },
    { title: 'RUN', text: (image) => image.run, wide: true },
    { title: 'AGE', text: (image, screen) => screen.when(image.at) },
  ],
}

const jobColumns: readonly Column<JobView>[] = [
  { title: 'JOB', text: (job) => job.key },
  { title: 'STATUS', text: jobState, state: true },
  { title: 'NEEDS', text: (job) => job.needs.join(','), wide: true },
  { title: 'STEPS', text: stepCount },
  { title: 'TOOK', text: tookOf },
  { title: 'ENVIRONMENT', text: (job) => job.environment },
  { title: 'DEPLOYMENT', text: (job) => job.deployment },
  { title: 'WHY', text: (job) => job.why?.sentence },
]

/** What a run's status is in one word. */
function runState(run: RunSummary): string {
  return run.conclusion ?? run.status
}

function jobState(job: JobView): string {
  return job.conclusion ?? job.phase
}

/** A run with its jobs, in a screenful. */
export function showRun(run: RunView, screen: Screen): string {
  return [runHead(run, screen), '', renderTable(jobColumns, run.jobs, screen), ...problemLines(run)].join('\n')
}

/** A run whole: jobs with steps and outputs, images. */
export function describeRun(run: RunView, screen: Screen): string {
  const images = run.images.map((image) => `${image.repository}${image.tag ? `:${image.tag}` : ''}@${image.digest}`)
  return [
    runHead(run, screen),
    ...problemLines(run),
    '',
    ...run.jobs.map((job) => describeJob(job, screen)),
    ...(images.length > 0 ? ['', 'Images:', indent(images.join('\n'))] : []),
  ].join('\n')
}

function runHead(run: RunView, screen: Screen): string {
  return renderFields([
    ['Run', `${run.number} of ${run.project} (${run.id})`],
    ['Workflow', `${run.workflowName} (${run.workflowFile})`],
    ['Title', plainLine(run.title)],
    ['Started by', `${run.event} of ${run.actor} on ${shortRef(run.ref)} at ${shortCommit(run.sha)}`],
    ['Status', screen.paint(styleOf(runState(run)), runState(run))],
    ['Why', run.why?.sentence],
    ['Began', screen.when(run.createdAt)],
    ['Took', tookOf(run)],
  ])
}

function problemLines(run: RunView): readonly string[] {
  return run.problems.length === 0 ? [] : ['', 'Problems:', indent(run.problems.join('\n'))]
}

function describeJob(job: JobView, screen: Screen): string {
  const head = [
    screen.paint('bold', job.name === job.key ? job.key : `${job.name} (${job.key})`),
    screen.paint(styleOf(jobState(job)), jobState(job)),
    tookOf(job),
  ]
  const fields = renderFields([
    ['Why', job.why?.sentence],
    ['Needs', job.needs.join(', ')],
    ['Environment', job.environment],
    ['Url', job.environmentUrl === undefined ? undefined : plainLine(job.environmentUrl)],
    ['Deployment', job.deployment],
    ['Attempt', job.attempt > 1 ? String(job.attempt) : undefined],
    [
      'Outputs',
      Object.entries(job.outputs)
        .map(([name, value]) => `${name}=${plainLine(value)}`)
        .join(', '),
    ],
  ])
  const steps = job.steps.map((step) => describeStepLine(step, screen))
  return [head.filter(Boolean).join('  '), ...(fields ? [indent(fields)] : []), ...steps.map((line) => indent(line, 4))].join('\n')
}

function describeStepLine(step: StepView, screen: Screen): string {
  const state = step.conclusion ?? step.status
  return `${screen.paint(styleOf(state), state.padEnd(8))} ${plainLine(step.name)}${step.durationMs === undefined ? '' : `  ${screen.paint('dim', formatDuration(step.durationMs))}`}`
}

function stepCount(job: JobView): string | undefined {
  if (job.steps.length === 0) return undefined
  const running = job.steps.find((step) => step.status === 'running')
  return running ? `${job.steps.length}: ${running.name}` : String(job.steps.length)
}

function tookOf(thing: { readonly createdAt?: number; readonly startedAt?: number; readonly finishedAt?: number }): string | undefined {
  const from = thing.startedAt ?? thing.createdAt
  return from === undefined || thing.finishedAt === undefined ? undefined : formatDuration(thing.finishedAt - from)
}
