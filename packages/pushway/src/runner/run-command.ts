// One process of a step or of an action's stage, with its command files and workflow commands.

import { relative, resolve } from 'node:path'
import { createAnnotator } from './annotate.ts'
import { type InsidePlace, insideEnvironment, type JobState, jobPlace, processEnvironment } from './job-state.ts'
import { readFileInside } from './read-inside.ts'
import { runProcess } from './run-process.ts'
import type { StepFileContents } from './step-files.ts'
import { createStepOutput } from './step-output.ts'
import type { StepRun } from './step-run.ts'

export interface CommandCall {
  readonly run: StepRun
  readonly cwd: string
  /** Variables that nobody may replace. */
  readonly extra: Readonly<Record<string, string>>
  /** Where it runs: where the job's steps do when absent. */
  readonly place?: InsidePlace | 'host'
  /** Takes what the process saved for a later stage. */
  readonly save?: (name: string, value: string) => void
}

export interface CommandEnd {
  /** The exit code; undefined when it could not be started. */
  readonly code?: number
  /** Nothing that it wrote or said was refused. */
  readonly ok: boolean
  /** Why it could not be run; `ENOENT`: the program is not there. */
  readonly problem?: string
}

const longestSummary = 1 << 20

/** Runs it to its end; what it wrote to the command files is in the state then. */
export async function runCommand(state: JobState, argv: readonly string[], call: CommandCall): Promise<CommandEnd> {
  const { run } = call
  const files = state.stepFiles.next()
  const { log, masker, matchers, paths } = state
  const annotator = createAnnotator(state, run.step)
  const readFile = (path: string) => readJobFile(paths, path)
  const output = createStepOutput({
    step: run.step,
    log,
    masker,
    debug: state.input.spec.debug?.steps === true || debugging(run.env),
    annotator,
    matchers,
    readFile,
  })
  const extra = { ...files.variables, ...call.extra }
  const place = call.place === 'host' ? undefined : (call.place ?? jobPlace(state))
  const env = place ? insideEnvironment(state, place, { env: run.env, extra }) : processEnvironment(state, run.env, extra)
  try {
    const code = await runProcess(place?.sandbox ?? state.host, argv, { cwd: call.cwd, env, onOutput: output.push, ...run.stops })
    output.end()
    const contents = files.read()
    applyContents(state, run, { ...contents, outputs: [...output.outputs, ...contents.outputs] })
    if (call.save) for (const [name, value] of [...output.saved, ...contents.state]) call.save(name, value)
    return { code, ok: contents.problems.length === 0 && !output.refused }
  } catch (error) {
    // EACCES is also said of a program that is nowhere, when a folder of PATH may not be read.
    const { code, message } = error as NodeJS.ErrnoException
    return { ok: false, problem: code === 'ENOENT' || code === 'EACCES' ? 'ENOENT' : message }
  } finally {
    files.close()
  }
}

function applyContents(state: JobState, run: StepRun, contents: StepFileContents): void {
  for (const problem of contents.problems) run.say(`##[error]${problem}`)
  for (const [name, value] of contents.outputs) run.outputs[name] = value
  if (contents.env.length > 0) state.env = { ...state.env, ...Object.fromEntries(contents.env) }
  if (contents.path.length > 0) state.path = [...[...contents.path].reverse(), ...state.path]
  if (contents.summary.length > 0) addSummary(run, contents.summary)
}

/** As on GitHub, too long a summary is left out and the step goes on. */
function addSummary(run: StepRun, text: string): void {
  const size = Buffer.byteLength(text)
  if (size <= longestSummary) run.summary(text)
  else run.say(`##[error]$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of ${longestSummary >> 10}k, got ${Math.ceil(size / 1024)}k.`)
}

/** A file below the job's folder: the workspace, an action, temporary files. */
function readJobFile({ root, workspace }: JobState['paths'], path: string): string {
  const text = readFileInside(root, relative(root, resolve(workspace, path)))
  if (text === undefined) throw new Error('it is not there')
  return text
}

function debugging(env: Readonly<Record<string, string>>): boolean {
  return env.ACTIONS_STEP_DEBUG === 'true' || env.RUNNER_DEBUG === '1'
}
