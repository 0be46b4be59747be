// pushway plan: what would happen: a deployment to an environment (asked at the server), or the jobs of a workflow file (from the working tree).

import { fail, refuse } from '@pushway/core/reason/errors.ts'
import { planRun } from '@pushway/core/run/plan.ts'
import { matchTrigger } from '@pushway/core/run/trigger.ts'
import type { RunCause } from '@pushway/core/run/types.ts'
import { parseWorkflow } from '@pushway/core/workflow/parse.ts'
import type { Command } from 'commander'
import { connectProject, type ProjectOptions, withProject } from '../connection.ts'
import { makeCause } from '../local-run/cause.ts'
import { readWorkflowFiles, readWorkingTree, type SourceFile, type WorkingTree } from '../local-run/working-tree.ts'
import { type OutputFormat, printList, printOne, type Shape, withOutput } from '../output.ts'
import { collectPair } from '../pairs.ts'
import type { Screen } from '../screen.ts'
import { renderTable } from '../table.ts'
import { showPlan } from '../views/environments.ts'

interface Options extends ProjectOptions {
  readonly ref?: string
  readonly workflow?: string
  readonly event?: string
  readonly input: Readonly<Record<string, string>>
  readonly var: Readonly<Record<string, string>>
  readonly output: OutputFormat
}

/** One job of a local plan. `legs`: how many times it runs (a matrix makes more than one). */
interface PlannedLine {
  readonly id: string
  readonly name: string
  readonly needs: readonly string[]
  readonly legs: number
  readonly environment?: string
}

interface LocalPlan {
  readonly file: string
  readonly name: string
  readonly event: string
  readonly ref: string
  /** Whether the event starts it. */
  readonly starts: boolean
  readonly jobs: readonly PlannedLine[]
}

/** Adds `pushway plan`. */
export function register(program: Command): void {
  withOutput(
    withProject(
      program
        .command('plan')
        .summary('what a deployment or a workflow would do')
        .description('With ENVIRONMENT: what deploying a ref there would change, and in which steps. With -W or -e: the jobs of workflows of the working tree.')
        .argument('[environment]', 'where it would be deployed')
        .option('--ref <ref>', 'branch, tag or commit (main; for a workflow the present branch)')
        .option('-W, --workflow <file>', 'a workflow file: a path, or a name in .github/workflows')
        .option('-e, --event <name>', 'the event that would start it (push)')
        .option('--input <name=value>', 'an input (may be repeated)', collectPair('--input'), {})
        .option('--var <name=value>', 'a variable (may be repeated)', collectPair('--var'), {}),
    ),
  ).action(plan)
}

async function plan(environment: string | undefined, options: Options): Promise<void> {
  const local = options.workflow !== undefined || options.event !== undefined
  if (local === (environment !== undefined))
    throw fail('usage', { problem: 'Plan what?', hint: 'Name an environment (pushway plan staging), or a workflow file (pushway plan -W FILE).' })
  if (environment === undefined) return planLocally(options)
  const { client, project } = await connectProject(options)
  const view = await client.plan(project, environment, options.ref ?? 'main')
  await printOne(view, options.output, { name: `environment/${environment}`, describe: showPlan })
}

async function planLocally(options: Options): Promise<void> {
  const found = await readWorkingTree(process.cwd())
  const tree = options.ref === undefined ? found : { ...found, ref: wholeRef(options.ref) }
  const cause = makeCause(
    { event: options.event ?? 'push', inputs: options.input, ...(options.workflow === undefined ? {} : { workflow: options.workflow }) },
    tree,
  )
  const plans = readWorkflowFiles(tree.dir, options.workflow).map((file) => planFile(file, { cause, tree, vars: options.var }))
  if (options.workflow === undefined) return printList(plans, options.output, shape)
  const [only] = plans as [LocalPlan]
  await printOne(only, options.output, { name: only.file, describe: showLocalPlan })
}

function planFile(
  { file, text }: SourceFile,
  { cause, tree, vars }: { cause: RunCause; tree: WorkingTree; vars: Readonly<Record<string, string>> },
): LocalPlan {
  const { value: workflow, diagnostics } = parseWorkflow(file, text)
  if (workflow === undefined) throw refuse('workflow-invalid', file, diagnostics)
  const planned = planRun(workflow, cause, { vars, repository: tree.repository })
  if (planned.value === undefined) throw refuse('workflow-invalid', file, planned.diagnostics)
  const jobs = planned.value.jobs.map(({ key, name, needs, environment }) => ({ id: key, name, needs, legs: 1, ...(environment ? { environment } : {}) }))
  const starts = matchTrigger(workflow, { event: cause.event, ref: cause.ref })
  return { file, name: workflow.name ?? file, event: cause.event, ref: cause.ref, starts, jobs }
}

const shape: Shape<LocalPlan> = {
  name: (one) => one.file,
  none: 'There are no workflows here.',
  columns: [
    { title: 'FILE', text: (one) => one.file },
    { title: 'STARTS', text: (one) => (one.starts ? 'yes' : 'no') },
    { title: 'JOBS', text: (one) => one.jobs.map((job) => job.id).join(',') },
  ],
}

function showLocalPlan(one: LocalPlan, screen: Screen): string {
  const head = `${one.file}: ${one.event} on ${one.ref} ${one.starts ? 'starts it' : 'does not start it'}.`
  const columns = [
    { title: 'JOB', text: (job: PlannedLine) => job.id },
    { title: 'NEEDS', text: (job: PlannedLine) => job.needs.join(',') },
    { title: 'LEGS', text: (job: PlannedLine) => String(job.legs) },
    { title: 'ENVIRONMENT', text: (job: PlannedLine) => job.environment },
  ]
  return `${head}\n${renderTable(columns, one.jobs, screen)}`
}

function wholeRef(ref: string): string {
  return ref.startsWith('refs/') ? ref : `refs/heads/${ref}`
}
