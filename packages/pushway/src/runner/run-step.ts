// One `run:` step: its script, its shell, its process, and what it wrote to the command files.

import { existsSync, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { evaluateText } from '@pushway/core/workflow/evaluate.ts'
import type { RunStep, Template } from '@pushway/core/workflow/types.ts'
import { commandFile, type JobState } from './job-state.ts'
import { writeFor } from './layout.ts'
import { runCommand } from './run-command.ts'
import { stepServiceVariables } from './service-variables.ts'
import { shellCommand, wrapScript } from './shell.ts'
import type { StepRun } from './step-run.ts'

/** Runs the step. `ok` is false when it failed; why is in the log then. */
export async function runScript(state: JobState, step: RunStep, run: StepRun): Promise<boolean> {
  const { env, say, scope } = run
  const { job, workflowDefaults } = state.input.spec
  const text = (template: Template | undefined) => (template === undefined ? undefined : evaluateText(template, scope))
  const script = evaluateText(step.run, scope)
  const shell = shellCommand(text(step.shell ?? job.defaults.shell ?? workflowDefaults.shell), state.hasBash)
  if ('problem' in shell) return refuse(say, shell.problem)
  const folder = text(step.workingDirectory ?? job.defaults.workingDirectory ?? workflowDefaults.workingDirectory)
  const cwd = resolve(state.paths.workspace, folder || '.')
  header(run, script, shell.shown)
  if (!isFolder(cwd)) return refuse(say, `The working-directory ${folder} does not exist.`)
  const file = commandFile(state, `script_${run.key}${shell.extension}`)
  writeFor(file, wrapScript(script, shell.extension), state.input.isolation.kind === 'uid' ? state.input.uid : undefined)
  const argv = state.containers?.job ? shell.argv(file) : withPython(shell.argv(file))
  const extra = { GITHUB_ACTION: run.id ?? `__run_${step.index}`, ...(await stepServiceVariables(state)) }
  const { code, ok, problem } = await runCommand(state, argv, { run: { ...run, env }, cwd, extra })
  if (problem === 'ENOENT') return refuse(say, `The program ${argv[0]} of the step's shell is not on this machine.`)
  if (problem !== undefined) return refuse(say, problem)
  return code === 0 ? ok : refuse(say, `Process completed with exit code ${code}.`)
}

/** Machines that have Python 3 only call it so. */
function withPython(argv: readonly string[]): readonly string[] {
  return argv[0] === 'python' && !isOnPath('python') && isOnPath('python3') ? ['python3', ...argv.slice(1)] : argv
}

function header(run: StepRun, script: string, shell: string): void {
  const lines = script.replace(/\n+$/, '').split('\n')
  const env = Object.entries(run.shownEnv).map(([name, value]) => `  ${name}: ${value}`)
  run.say([`##[group]Run ${lines[0]}`, ...lines, `shell: ${shell}`, ...(env.length > 0 ? ['env:', ...env] : []), '##[endgroup]'].join('\n'))
}

function refuse(say: (text: string) => void, problem: string): false {
  say(`##[error]${problem}`)
  return false
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory()
}

/** Whether a program is on the machine's PATH. */
export function isOnPath(program: string, path: string = process.env.PATH ?? ''): boolean {
  return path.split(delimiter).some((dir) => dir !== '' && existsSync(join(dir, program)))
}
