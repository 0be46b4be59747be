// pushway plan: what would happen: a deployment to an environment (asked at the server), or the jobs of a workflow file (from the working tree).

import { fail, refuse } from '@pushway/core/reason/errors.ts'
import { type OutlineJob, outlineOf } from '@pushway/core/run/outline.ts'
import { planRun, planScope } from '@pushway/core/run/plan.ts'
import { matchTrigger, triggerEventOf } from '@pushway/core/run/trigger.ts'
import type { RunCause } from '@pushway/core/run/types.ts'
import type { Command } from 'commander'
import { connectProject, type ProjectOptions, withProject } from '../connection.ts'
import { makeCause } from '../local-run/cause.ts'
import { actionSources, type LinkedFile, readLinked } from '../local-run/linked.ts'
import { readWorkflowFiles, readWorkingTree, type WorkingTree } from '../local-run/working-tree.ts'
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
  readonly actionsDir: readonly string[]
  readonly output: OutputFormat
}

/** One job of a local plan, as the core outlines it. */
type PlannedLine = Omit<OutlineJob, 'job'>

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
        .option(
          '--actions-dir <dir>',
          'other repositories that workflows call, as OWNER/NAME@REF/ folders',
          (dir, before: readonly string[]) => [...before, dir],
          [],
        )
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
  const sources = actionSources(options.actionsDir)
  const files = readWorkflowFiles(tree.dir, options.workflow)
  const plans = await Promise.all(files.map(async (file) => planFile(await readLinked(file, tree, sources), { cause, tree, vars: options.var })))
  if (options.workflow === undefined) return printList(plans, options.output, shape)
  const [only] = plans as [LocalPlan]
  await printOne(only, options.output, { name: only.file, describe: showLocalPlan })
}

function planFile(
  { workflow, files }: LinkedFile,
  { cause, tree, vars }: { cause: RunCause; tree: WorkingTree; vars: Readonly<Record<string, string>> },
): LocalPlan {
  const options = { vars, repository: tree.repository, files }
  const planned = planRun(workflow, cause, options)
  if (planned.value === undefined) throw refuse('workflow-invalid', workflow.file, planned.diagnostics)
  const jobs = outlineOf(planned.value, workflow, planScope(workflow, cause, options)).map(({ job: _, ...line }) => line)
  const starts = matchTrigger(workflow, triggerEventOf(cause))
  return { file: workflow.file, name: workflow.name, event: cause.event, ref: cause.ref, starts, jobs }
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
    { title: 'LEGS', text: (job: PlannedLine) => (job.legs === null ? 'at run time' : String(job.legs)) },
    { title: 'ENVIRONMENT', text: (job: PlannedLine) => job.environment },
    { title: 'CALLS', text: (job: PlannedLine) => job.uses },
  ]
  return `${head}\n${renderTable(columns, one.jobs, screen)}`
}

function wholeRef(ref: string): string {
  return ref.startsWith('refs/') ? ref : `refs/heads/${ref}`
}
