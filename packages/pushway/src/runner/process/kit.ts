// What a built-in action that runs as a process of its job reads and says: the files and commands that GitHub's runner gives every action.

import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ActionFailure } from '../actions/types.ts'

export type Env = Readonly<Record<string, string | undefined>>

export interface Kit {
  readonly env: Env
  /** The trimmed text of an input; '' when it is not given. */
  input(name: string): string
  /** @throws ActionFailure when it is not given */
  required(name: string): string
  /** @throws ActionFailure when it is neither `true` nor `false` */
  flag(name: string): boolean
  /** Lines of an input, trimmed, without empty ones. */
  lines(name: string): readonly string[]
  setOutput(name: string, value: string): void
  /** For the `post` stage. */
  saveState(name: string, value: string): void
  state(name: string): string
  exportVariable(name: string, value: string): void
  info(text: string): void
  warning(text: string): void
  error(text: string): void
  readonly workspace: string
  readonly temp: string
  readonly home: string
}

/** `write`: where lines go. */
export function createKit(env: Env, write: (text: string) => void): Kit {
  const input = (name: string) => (env[`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`] ?? '').trim()
  const file = (variable: string) => (name: string, value: string) => appendPair(env[variable], name, value)
  const say = (command: string) => (text: string) => write(`::${command}::${escapeData(text)}`)
  return {
    env,
    input,
    required(name) {
      const text = input(name)
      if (text === '') throw new ActionFailure(`Input required and not supplied: ${name}`)
      return text
    },
    flag(name) {
      const text = input(name)
      if (/^(true|True|TRUE)$/.test(text)) return true
      if (/^(false|False|FALSE|)$/.test(text)) return false
      throw new ActionFailure(`The input ${name} must be true or false, not "${text}".`)
    },
    lines: (name) => linesOf(input(name)),
    setOutput: file('GITHUB_OUTPUT'),
    saveState: file('GITHUB_STATE'),
    state: (name) => env[`STATE_${name}`] ?? '',
    exportVariable: file('GITHUB_ENV'),
    info: (text) => write(text),
    warning: say('warning'),
    error: say('error'),
    workspace: env.GITHUB_WORKSPACE ?? process.cwd(),
    temp: env.RUNNER_TEMP ?? join(homedir(), 'temp'),
    home: env.HOME ?? homedir(),
  }
}

function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

function appendPair(file: string | undefined, name: string, value: string): void {
  const mark = `ghadelimiter_${randomUUID()}`
  if (file) appendFileSync(file, `${name}<<${mark}\n${value}\n${mark}\n`)
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}
