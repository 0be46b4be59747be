// pushway lint: checks workflows and actions of the working tree without running them.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { parseAction } from '@pushway/core/action/parse.ts'
import { parseReference } from '@pushway/core/action/reference.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { type Diagnostic, formatDiagnostic, hasErrors, type Parsed } from '@pushway/core/text/diagnostic.ts'
import { lintStep, lintWorkflow } from '@pushway/core/workflow/lint.ts'
import { parseWorkflow } from '@pushway/core/workflow/parse.ts'
import type { Step, Workflow } from '@pushway/core/workflow/types.ts'
import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { joinInside } from '../../util/paths.ts'
import { actionSources, linkLocally } from '../local-run/linked.ts'
import { readWorkingTree, type WorkingTree } from '../local-run/working-tree.ts'

const actionFiles = ['action.yml', 'action.yaml']

/** Adds `pushway lint`. Exit code 0 when everything may run (also with warnings), 2 when a file is refused. */
export function register(program: Command, context: Pick<CommandContext, 'exit'>): void {
  program
    .command('lint')
    .summary('check workflows and actions without running them')
    .description('Without FILES: all of .github/workflows, and the actions of the working tree that they use.')
    .argument('[files...]', 'workflow files, and action.yml files')
    .option('-o, --output <format>', 'json: one object on standard output')
    .action(async (files: readonly string[], options: { readonly output?: string }) => {
      if (options.output !== undefined && options.output !== 'json')
        throw fail('usage', { problem: `There is no output format "${options.output}".`, hint: 'Use -o json.' })
      const tree = await readWorkingTree(process.cwd())
      const { dir } = tree
      const found = await lintFiles(tree, files.length > 0 ? files.map((file) => resolve(file)) : workflowFiles(dir))
      if (options.output === 'json') process.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
      else process.stdout.write(sayFindings(found))
      context.exit(hasErrors(found.diagnostics) ? 2 : 0)
    })
}

interface Findings {
  readonly files: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
}

function workflowFiles(dir: string): readonly string[] {
  const folder = join(dir, '.github', 'workflows')
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /\.ya?ml$/.test(name)) : []
  const own = actionFiles.map((name) => join(dir, name)).filter((file) => existsSync(file))
  if (names.length + own.length === 0) throw fail('usage', { problem: `There are no workflows in ${folder}.`, hint: 'Name files: pushway lint FILE…' })
  return [...names.sort().map((name) => join(folder, name)), ...own]
}

/** Each file once; what a step uses by `./path` is looked at too. */
async function lintFiles(tree: WorkingTree, first: readonly string[]): Promise<Findings> {
  const { dir } = tree
  const diagnostics: Diagnostic[] = []
  const todo = [...first]
  const seen = new Set<string>()
  for (let file = todo.shift(); file !== undefined; file = todo.shift()) {
    if (seen.has(file)) continue
    seen.add(file)
    const { findings, steps, calls } = await lintFile(tree, file)
    diagnostics.push(...findings)
    todo.push(...calls)
    for (const step of steps) {
      const used = localAction(dir, step)
      if (used === undefined) continue
      if (typeof used === 'string') todo.push(used)
      else diagnostics.push(used)
    }
  }
  return { files: [...seen].map((file) => relative(dir, file)), diagnostics }
}

/** `calls`: the workflow files of the working tree that it calls. */
async function lintFile(
  tree: WorkingTree,
  file: string,
): Promise<{ readonly findings: readonly Diagnostic[]; readonly steps: readonly Step[]; readonly calls: readonly string[] }> {
  const { dir } = tree
  const text = readText(file)
  const name = relative(dir, file)
  if (actionFiles.includes(basename(file)) && basename(dirname(file)) !== 'workflows') {
    const { value, diagnostics } = parseAction(name, text)
    const steps = value?.runs.using === 'composite' ? value.runs.steps : []
    return { findings: [...diagnostics, ...steps.flatMap(lintStep)], steps, calls: [] }
  }
  const parsed = parseWorkflow(name, text)
  const { value } = parsed
  const findings = [...(await lintCalls(parsed, { tree, file: name })), ...(value ? lintWorkflow(value, text) : [])]
  const local = value?.jobs.flatMap(({ call }) => (call?.uses.value.startsWith('./') ? [joinInside(dir, call.uses.value)] : [])) ?? []
  return { findings, steps: value?.jobs.flatMap((job) => job.steps) ?? [], calls: local.filter((path) => existsSync(path)) }
}

/** Mistakes of a file and of its calls: called files of the working tree are looked at for themselves. Other repositories are not asked. */
async function lintCalls(parsed: Parsed<Workflow>, { tree, file }: { readonly tree: WorkingTree; readonly file: string }): Promise<readonly Diagnostic[]> {
  const { diagnostics } = await linkLocally(parsed, tree, actionSources([]))
  const own = diagnostics.filter(({ at }) => at.file === file)
  return own.map((one) => (one.code === 'call-unknown' && !one.message.includes('`./') ? { ...one, severity: 'warning' } : one))
}

/** The file of an action of the working tree; a finding when there is none. */
function localAction(dir: string, step: Step): string | Diagnostic | undefined {
  if (step.kind !== 'uses') return undefined
  const reference = parseReference(step.uses)
  if ('problem' in reference || reference.kind !== 'local') return undefined
  const folder = joinInside(dir, reference.path)
  const file = actionFiles.map((name) => join(folder, name)).find((candidate) => existsSync(candidate))
  if (file !== undefined) return file
  const message = `There is no action in \`${step.uses}\` of the working tree: an earlier step must make it.`
  return { severity: 'warning', code: 'action-missing', message, at: step.at }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw fail('not-found', { what: 'file', name: file })
    throw fail('usage', { problem: `${file} can't be read: ${(error as Error).message}.`, hint: 'Name a workflow file.' })
  }
}

function sayFindings({ files, diagnostics }: Findings): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`
  const last = `${count(files.length, 'file')}: ${count(errors, 'error')}, ${count(diagnostics.length - errors, 'warning')}`
  return `${[...diagnostics.map(formatDiagnostic), last].join('\n')}\n`
}
