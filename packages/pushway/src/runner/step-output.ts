// What a step prints: workflow commands are obeyed, everything else goes to the log.

import { parseCommand, type WorkflowCommand } from './commands.ts'
import type { JobLog } from './job-log.ts'
import { createLineSplitter } from './line-splitter.ts'
import type { Masker } from './mask.ts'

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
}

export function createStepOutput(target: Target): StepOutput {
  const outputs = new Map<string, string>()
  const saved = new Map<string, string>()
  let stoppedUntil: string | undefined
  let refused = false
  let ended = false
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
        return say(`##[${command.name}]${place(command.properties)}${command.data}`)
      case 'stop-commands':
        stoppedUntil = command.data
        return undefined
      case 'set-output':
        if (command.properties.name) outputs.set(command.properties.name, command.data)
        return say(deprecated(command.name))
      case 'save-state':
        if (command.properties.name) saved.set(command.properties.name, command.data)
        return say(deprecated(command.name))
      case 'set-env':
      case 'add-path':
        refused = true
        return say(`##[error]The \`${command.name}\` command is disabled. Write to ${command.name === 'set-env' ? '$GITHUB_ENV' : '$GITHUB_PATH'} instead.`)
      case 'echo':
      case 'add-matcher':
      case 'remove-matcher':
        return undefined
      default:
        return say(line)
    }
  }
  const take = (line: string) => {
    if (stoppedUntil !== undefined) {
      if (line.trim() !== `::${stoppedUntil}::`) return say(line)
      stoppedUntil = undefined
      return
    }
    const command = parseCommand(line)
    if (command) obey(command, line)
    else say(line)
  }
  const splitter = createLineSplitter((lines) => {
    // Most batches hold no command at all and are handed on as they are.
    if (ended || (stoppedUntil === undefined && !lines.some((line) => line.includes('::')))) target.log.lines(target.step, lines)
    else for (const line of lines) take(line)
  })
  return {
    push: (chunk) => splitter.push(chunk),
    end() {
      splitter.end()
      ended = true
    },
    outputs,
    saved,
    get refused() {
      return refused
    },
  }
}

function deprecated(command: string): string {
  return `##[warning]The \`${command}\` command is deprecated and will be disabled soon. Please upgrade to using Environment Files.`
}

/** `file:line:column: ` of an annotation, as far as it is given. */
function place({ file, line, col }: Readonly<Record<string, string>>): string {
  return file ? `${[file, line, line ? col : undefined].filter(Boolean).join(':')}: ` : ''
}
