// What a step prints: workflow commands are obeyed, everything else goes to the log.

import type { Annotator } from './annotate.ts'
import { parseCommand, type WorkflowCommand } from './commands.ts'
import type { JobLog } from './job-log.ts'
import { createLineSplitter } from './line-splitter.ts'
import type { Masker } from './mask.ts'
import { addMatchers, createMatching, type Matchers, removeMatchers } from './matchers.ts'

export interface StepOutput {
  push(chunk: Buffer): void
  /** The step has ended: what is left is a line. Later chunks only go to the log. */
  end(): void
  readonly outputs: ReadonlyMap<string, string>
  /** What `save-state` has set. */
  readonly saved: ReadonlyMap<string, string>
  /** A command was refused: the step fails. */
  readonly refused: boolean
}

interface Target {
  readonly step: number
  readonly log: JobLog
  readonly masker: Masker
  /** `::debug::` lines are shown. */
  readonly debug: boolean
  readonly annotator: Annotator
  readonly matchers: Matchers
  /** The text of a file that the step names, as far as the job may read it. */
  readonly readFile: (path: string) => string
}

interface Now {
  /** The word that ends `stop-commands`. */
  stoppedUntil?: string
  echoing: boolean
  refused: boolean
  ended: boolean
}

export function createStepOutput(target: Target): StepOutput {
  const outputs = new Map<string, string>()
  const saved = new Map<string, string>()
  const now: Now = { echoing: target.debug, refused: false, ended: false }
  const say = (text: string) => target.log.say(target.step, text)
  const obey = (command: WorkflowCommand, line: string) => {
    switch (command.name) {
      case 'add-mask':
        return target.masker.add(command.data)
      case 'group':
        return say(`##[group]${command.data}`)
      case 'endgroup':
        return say('##[endgroup]')
      case 'debug':
        return target.debug ? say(`##[debug]${command.data}`) : undefined
      case 'notice':
      case 'warning':
      case 'error':
        return annotate(target, command.name, command)
      case 'stop-commands':
        now.stoppedUntil = command.data
        return undefined
      case 'set-output':
      case 'save-state':
        if (command.properties.name) (command.name === 'set-output' ? outputs : saved).set(command.properties.name, command.data)
        return say(deprecated(command.name))
      case 'set-env':
      case 'add-path':
        now.refused = true
        return say(disabled(command.name))
      case 'echo':
        now.echoing = command.data.trim().toLowerCase() === 'on'
        return undefined
      case 'add-matcher':
      case 'remove-matcher':
        return changeMatchers(target, command)
      default:
        return say(line)
    }
  }
  const take = (line: string) => {
    if (now.stoppedUntil !== undefined) {
      if (line.trim() !== `::${now.stoppedUntil}::`) return say(line)
      now.stoppedUntil = undefined
      return
    }
    const command = parseCommand(line)
    if (!command) return print([line])
    if (now.echoing && echoed.has(command.name)) say(line)
    obey(command, line)
  }
  const print = createPrinter(target)
  const splitter = createLineSplitter((lines) => {
    // Most batches hold no command at all and are handed on as they are.
    if (now.ended || (now.stoppedUntil === undefined && !lines.some((line) => line.includes('::')))) print(lines)
    else for (const line of lines) take(line)
  })
  return {
    push: (chunk) => splitter.push(chunk),
    end() {
      splitter.end()
      now.ended = true
    },
    outputs,
    saved,
    get refused() {
      return now.refused
    },
  }
}

/** What `::echo::on` shows; the other commands show themselves, or must not be shown. */
const echoed = new Set(['set-output', 'save-state', 'set-env', 'add-path', 'add-matcher', 'remove-matcher', 'stop-commands'])

/** Lines as they are; those that a problem matcher knows become annotations, and look like one in the log. */
function createPrinter({ step, log, matchers, annotator }: Target): (lines: readonly string[]) => void {
  const matching = createMatching(matchers)
  return (lines) => {
    if (matchers.list.length === 0) return log.lines(step, lines)
    try {
      const problems = matching.match(lines)
      log.lines(
        step,
        lines.map((line, i) => (problems[i] ? `##[${problems[i].severity}]${line}` : line)),
      )
      for (const problem of problems) if (problem) annotator.problem(problem)
    } catch {
      matchers.list = []
      log.lines(step, lines)
      log.say(step, '##[warning]Removing the issue matchers: their patterns took longer than a second on what the step printed.')
    }
  }
}

function annotate({ log, step, annotator }: Target, level: 'notice' | 'warning' | 'error', { properties, data }: WorkflowCommand): void {
  annotator.command(level, properties, data)
  log.say(step, `##[${level}]${place(properties)}${data}`)
}

function changeMatchers({ matchers, readFile, log, step }: Target, { name, properties, data }: WorkflowCommand): void {
  try {
    if (name === 'remove-matcher') removeMatchers(matchers, properties.owner ?? '')
    else addMatchers(matchers, readFile(data))
  } catch (error) {
    log.say(step, `##[warning]The issue matchers of ${data} could not be added: ${(error as Error).message}`)
  }
}

function disabled(command: string): string {
  return `##[error]The \`${command}\` command is disabled. Write to ${command === 'set-env' ? '$GITHUB_ENV' : '$GITHUB_PATH'} instead.`
}

function deprecated(command: string): string {
  return `##[warning]The \`${command}\` command is deprecated and will be disabled soon. Please upgrade to using Environment Files.`
}

/** `file:line:column: ` of an annotation, as far as it is given. */
function place({ file, line, col }: Readonly<Record<string, string>>): string {
  return file ? `${[file, line, line ? col : undefined].filter(Boolean).join(':')}: ` : ''
}
