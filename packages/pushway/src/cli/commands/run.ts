// pushway run: runs workflows of the working tree, without a server.

import { join } from 'node:path'
import { fail, refuse } from '@pushway/core/reason/errors.ts'
import { outlineOf } from '@pushway/core/run/outline.ts'
import { planRun, planScope } from '@pushway/core/run/plan.ts'
import { matchTrigger, triggerEventOf } from '@pushway/core/run/trigger.ts'
import type { RunCause, RunPlan } from '@pushway/core/run/types.ts'
import { formatDiagnostic } from '@pushway/core/text/diagnostic.ts'
import type { CalledFile } from '@pushway/core/workflow/link.ts'
import type { Workflow } from '@pushway/core/workflow/types.ts'
import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { warmShellSpawner } from '../../runner/shell-spawner.ts'
import { defaultCacheDir } from '../../util/cache-dir.ts'
import type { ActionSource } from '../../util/job-spool.ts'
import { randomHex } from '../../util/random.ts'
import { makeCause } from '../local-run/cause.ts'
import { pairsOf, readEventFile, readPairsFile, secretsOf, valuesOfFile, wantedLegs } from '../local-run/given.ts'
import { actionSources, type LinkedFile, readLinked } from '../local-run/linked.ts'
import { sayOutline } from '../local-run/outline.ts'
import { runWorkflow } from '../local-run/run-workflow.ts'
import { type LocalServices, localServices } from '../local-run/services.ts'
import { createShow, type Show } from '../local-run/show.ts'
import { readWorkflowFiles, readWorkingTree, type WorkingTree } from '../local-run/working-tree.ts'

interface Options {
  readonly workflow?: string
  readonly job?: string
  readonly event: string
  readonly secret: readonly string[]
  readonly var: readonly string[]
  readonly input: readonly string[]
  readonly secretFile?: string
  readonly varFile?: string
  readonly eventFile?: string
  readonly envFile?: string
  readonly artifacts?: string
  readonly dryRun?: boolean
  readonly graph?: boolean
  readonly matrix: readonly string[]
  readonly actionsDir: readonly string[]
  readonly output?: string
}

const collect = (value: string, before: readonly string[]) => [...before, value]

/** Adds `pushway run`. Exit code 0 when every run succeeded, 1 when not, 2 when a file or the call was refused. */
export function register(program: Command, context: Pick<CommandContext, 'exit'>): void {
  program
    .command('run')
    .summary('run workflows of the working tree, without a server')
    .description('Runs the workflows that an event starts, with the files as they are now. Jobs with an environment run their steps; nothing is deployed.')
    .option('-W, --workflow <file>', 'only this file: a path, or a name in .github/workflows')
    .option('-j, --job <id>', 'only this job and those it needs')
    .option('-e, --event <name>', 'the event that starts them', 'push')
    .option('--secret <name[=value]>', 'a secret; without a value the variable of that name', collect, [])
    .option('--var <name=value>', 'a variable (vars.NAME)', collect, [])
    .option('--input <name=value>', 'an input (inputs.NAME)', collect, [])
    .option('--event-file <file>', 'the payload of the event, as JSON: github.event')
    .option('--secret-file <file>', 'NAME=value lines: secrets; --secret comes before them')
    .option('--var-file <file>', 'NAME=value lines: variables; --var comes before them')
    .option('--env-file <file>', 'NAME=value lines that every step sees')
    .option('--actions-dir <dir>', 'actions as OWNER/NAME@REF/ folders', collect, [])
    .option('--matrix <key:value>', 'only these legs of matrices that have the key (may be repeated)', collect, [])
    .option('--graph', 'show which jobs come after which, and run none')
    .option('--artifacts <dir>', 'keep the artifacts of the run there, each in a folder of its name')
    .option('--dry-run', 'say which jobs and steps would run, and run none')
    .option('-o, --output <format>', 'json: one object on standard output, the log on standard error')
    .action(async (options: Options) => {
      if (options.output !== undefined && options.output !== 'json')
        throw fail('usage', { problem: `There is no output format "${options.output}".`, hint: 'Use -o json.' })
      context.exit((await runLocally(options)) ? 0 : 1)
    })
}

async function runLocally(options: Options): Promise<boolean> {
  if (!options.dryRun) warmShellSpawner()
  const tree = await readWorkingTree(process.cwd())
  const show = createShow(options.output === 'json' ? process.stderr : process.stdout)
  const made = makeCause({ ...options, inputs: pairsOf(options.input, '--input') }, tree)
  const cause = options.eventFile === undefined ? made : { ...made, payload: readEventFile(options.eventFile) }
  const vars = { ...valuesOfFile(options.varFile, '--var-file'), ...pairsOf(options.var, '--var') }
  const actions = actionSources(options.actionsDir)
  const chosen = await chooseWorkflows(options, { tree, cause, show, actions })
  const planned = chosen.map(({ workflow, files }) => ({ workflow, plan: makePlan(workflow, cause, { vars, tree, files, job: options.job }) }))
  const legs = wantedLegs(options.matrix)
  const secrets = {
    GITHUB_TOKEN: `local-${randomHex(16)}`,
    ...valuesOfFile(options.secretFile, '--secret-file'),
    ...secretsOf(options.secret),
  }
  const env = options.envFile === undefined ? [] : readPairsFile(options.envFile, '--env-file')
  if (options.dryRun || options.graph) {
    const outlines = planned.map(({ workflow, plan }) => {
      const scope = planScope(workflow, cause, { vars, repository: tree.repository })
      return { file: workflow.file, jobs: outlineOf(plan, workflow, scope) }
    })
    process.stdout.write(sayOutline(outlines, { graph: options.graph === true, json: options.output === 'json' }))
    return true
  }
  const stops = stopOnSignals()
  const services = localServices({ cacheDir: defaultCacheDir(), treeDir: tree.dir })
  const results = []
  for (const { workflow, plan } of planned) {
    for (const job of plan.jobs.filter((candidate) => candidate.environment !== undefined)) {
      show.note(`${job.key} names the environment ${job.environment}: its steps run, nothing is deployed.`)
    }
    const run = {
      id: 'local',
      workflow,
      plan,
      cause,
      repository: tree.repository,
      treeDir: tree.dir,
      vars,
      secrets,
      env,
      legs,
      actions,
      services,
      sinkFor: show.sinkFor,
      ...stops.signals,
    }
    const result = await runWorkflow(run)
    show.summary(workflow.file, result)
    results.push({ file: workflow.file, ...result, jobs: result.jobs.map((job) => ({ ...job, steps: show.steps.get(job.key) ?? [] })) })
  }
  await keepArtifacts(services, options.artifacts, show)
  stops.clear()
  const ok = results.every((result) => result.conclusion === 'success')
  if (options.output === 'json') process.stdout.write(`${JSON.stringify({ conclusion: ok ? 'success' : 'failure', workflows: results }, null, 2)}\n`)
  return ok
}

async function keepArtifacts(services: LocalServices, dir: string | undefined, show: Show): Promise<void> {
  for (const { name, size } of await services.close(dir)) {
    const where = dir === undefined ? ' is gone with the run; keep it with --artifacts DIR' : `: ${join(dir, name)}`
    show.note(`artifact ${name} (${size} bytes)${where}`)
  }
}

/** All that the event starts; with `-W` the named one, whatever branches it is for. */
async function chooseWorkflows(
  options: Options,
  from: { tree: WorkingTree; cause: RunCause; show: Show; actions: readonly ActionSource[] },
): Promise<readonly LinkedFile[]> {
  const { tree, cause, show, actions } = from
  const read = await Promise.all(readWorkflowFiles(tree.dir, options.workflow).map((file) => readLinked(file, tree, actions)))
  for (const diagnostic of read.flatMap(({ warnings }) => warnings)) show.note(formatDiagnostic(diagnostic))
  const starts = read.filter(({ workflow }) => matchTrigger(workflow, triggerEventOf(cause)))
  if (starts.length > 0) return starts
  if (options.workflow === undefined) {
    throw fail('usage', {
      problem: `No workflow here is started by ${cause.event} on ${cause.ref}.`,
      hint: 'Name one with -W FILE, or another event with -e EVENT.',
    })
  }
  show.note(`${options.workflow} is not started by ${cause.event} on ${cause.ref}; it runs because it was named.`)
  return read
}

function makePlan(
  workflow: Workflow,
  cause: RunCause,
  options: { vars: Record<string, string>; tree: WorkingTree; files: readonly CalledFile[]; job?: string },
): RunPlan {
  const { value, diagnostics } = planRun(workflow, cause, { vars: options.vars, repository: options.tree.repository, files: options.files })
  if (value === undefined) throw refuse('workflow-invalid', workflow.file, diagnostics)
  if (options.job === undefined) return value
  if (!value.jobs.some((job) => job.key === options.job)) throw fail('not-found', { what: 'job', name: options.job })
  const wanted = new Set<string>()
  const want = (key: string) => {
    if (wanted.has(key)) return
    wanted.add(key)
    for (const need of value.jobs.find((job) => job.key === key)?.needs ?? []) want(need)
  }
  want(options.job)
  return { ...value, jobs: value.jobs.filter((job) => wanted.has(job.key)) }
}

/** The first Ctrl-C asks the jobs to stop, the second one kills them. */
function stopOnSignals() {
  const cancel = new AbortController()
  const force = new AbortController()
  const onSignal = () => (cancel.signal.aborted ? force.abort() : cancel.abort())
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  const clear = () => {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
  return { signals: { cancel: cancel.signal, force: force.signal }, clear }
}
