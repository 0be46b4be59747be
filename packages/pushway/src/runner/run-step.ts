// One `run:` step: its script, its shell, its process, and what it wrote to the command files.

import { randomUUID } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { evaluateText } from '@pushway/core/workflow/evaluate.ts'
import type { RunStep, Template } from '@pushway/core/workflow/types.ts'
import { commandFile, type JobState, processEnvironment } from './job-state.ts'
import { writeFor } from './layout.ts'
import { runProcess } from './run-process.ts'
import { shellCommand } from './shell.ts'
import { openStepFiles, type StepFileContents } from './step-files.ts'
import { createStepOutput } from './step-output.ts'
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
  const file = commandFile(state, `${randomUUID()}${shell.extension}`)
  writeFor(file, `${script}\n`, state.input.isolation.kind === 'uid' ? state.input.uid : undefined)
  const fifo = (await state.fifos)[step.index]
  return execute(state, shell.argv(file), { ...run, cwd, env, fifo })
}

async function execute(state: JobState, argv: readonly string[], run: StepRun & { readonly cwd: string; readonly fifo: string | undefined }): Promise<boolean> {
  const { say, step, stops } = run
  const files = openStepFiles(state, String(step))
  const output = createStepOutput({ step, log: state.log, masker: state.masker, debug: debugging(run.env) })
  const env = processEnvironment(state, run.env, { ...files.variables, GITHUB_ACTION: run.id ?? `__run_${step}` })
  try {
    const code = await runProcess(state.sandbox, argv, { cwd: run.cwd, env, onOutput: output.push, fifo: run.fifo, ...stops })
    output.end()
    const contents = files.read()
    applyContents(state, run, { ...contents, outputs: [...output.outputs, ...contents.outputs] })
    if (code !== 0) return refuse(say, `Process completed with exit code ${code}.`)
    return contents.problems.length === 0 && !output.refused
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    return refuse(say, missing ? `The program ${argv[0]} of the step's shell is not on this machine.` : (error as Error).message)
  } finally {
    files.close()
  }
}

function applyContents(state: JobState, run: StepRun, contents: StepFileContents): void {
  for (const problem of contents.problems) run.say(`##[error]${problem}`)
  for (const [name, value] of contents.outputs) run.outputs[name] = value
  if (contents.env.length > 0) state.env = { ...state.env, ...Object.fromEntries(contents.env) }
  if (contents.path.length > 0) state.path = [...[...contents.path].reverse(), ...state.path]
  if (contents.summary !== '') run.summary(contents.summary)
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

function debugging(env: Readonly<Record<string, string>>): boolean {
  return env.ACTIONS_STEP_DEBUG === 'true' || env.RUNNER_DEBUG === '1'
}

/** Whether a program is on the machine's PATH. */
export function isOnPath(program: string, path: string = process.env.PATH ?? ''): boolean {
  return path.split(delimiter).some((dir) => dir !== '' && existsSync(join(dir, program)))
}
