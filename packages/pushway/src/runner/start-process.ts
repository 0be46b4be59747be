// Starts a process of a job from this one, and tells how it ends.

import { type ChildProcess, spawn } from 'node:child_process'
import type { OutputPipes } from './process-output.ts'

export interface StartOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** What it prints, both streams in order. */
  readonly onOutput: (chunk: Buffer) => void
}

export interface Running {
  /** The exit code, 128 + n when signal n ended it; everything that it printed was given out before. Rejects when it could not be started. */
  readonly ended: Promise<number>
  /** To the process and everything in its group. */
  signal(signal: NodeJS.Signals): void
}

export interface Command extends StartOptions {
  readonly argv: readonly string[]
  readonly uid?: number
  readonly pipes: OutputPipes
}

/** In a group of its own, its standard input empty. */
export async function startProcess(
  command: Command,
  signal: (child: ChildProcess, signal: NodeJS.Signals) => void,
): Promise<Running & { readonly pid?: number }> {
  const { argv, cwd, env, uid } = command
  const [program = '', ...args] = argv
  const output = await command.pipes.open(command.onOutput)
  let child: ChildProcess
  try {
    const id = uid === undefined ? {} : { uid, gid: uid }
    child = spawn(program, args, { cwd, env: { ...env }, detached: true, stdio: ['ignore', output.fd, output.fd], ...id })
  } finally {
    output.started()
  }
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (exit, by) => resolve(exit ?? 128 + signalNumber(by)))
  })
  const ended = exited.then(async (code) => {
    await output.drained()
    return code
  })
  return { ...(child.pid === undefined ? {} : { pid: child.pid }), ended, signal: (name) => signal(child, name) }
}

const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGPIPE: 13, SIGTERM: 15 }

function signalNumber(signal: NodeJS.Signals | null): number {
  return signalNumbers[signal ?? ''] ?? 1
}
