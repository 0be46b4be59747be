// Runs one process of a job to its end: its output in order, its exit code, and how it is stopped.

import { closeSync, constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Running, Sandbox } from './sandbox.ts'

/** How a process is asked to stop: `stop` begins SIGINT, 7.5 s later SIGTERM, 2.5 s later SIGKILL; `force` kills at once. */
export interface Stops {
  readonly stop: AbortSignal
  readonly force: AbortSignal
}

export interface ProcessOptions extends Stops {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly onOutput: (chunk: Buffer) => void
  /** A named pipe for the output: keeps standard output and error in order, and `/dev/stdout` works in it. Plain pipes when absent. */
  readonly fifo?: string
}

/** GitHub's runner waits that long. */
const termAfterMs = 7_500
const killAfterMs = 10_000
/** How long the output of processes that outlive the step is still taken for the step's. */
const lingerMs = 250

/**
 * The exit code; 128 + n when signal n ended it.
 * @throws Error when the program could not be started
 */
export async function runProcess(sandbox: Sandbox, argv: readonly string[], options: ProcessOptions): Promise<number> {
  const output = options.fifo === undefined ? undefined : openOutput(options.fifo, options.onOutput)
  let running: Running
  try {
    running = sandbox.start(argv, { cwd: options.cwd, env: options.env, output: output?.fd ?? 'pipe' })
  } finally {
    output?.started()
  }
  const { child } = running
  child.stdout?.on('data', options.onOutput)
  child.stderr?.on('data', options.onOutput)
  const stopWatching = watchStops(running, options)
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once(output ? 'exit' : 'close', (exit, signal) => resolve(exit ?? 128 + signalNumber(signal)))
    })
    await output?.drained()
    return code
  } finally {
    stopWatching()
  }
}

function watchStops(running: Running, { stop, force }: Stops): () => void {
  const timers: NodeJS.Timeout[] = []
  const ask = () => {
    running.signal('SIGINT')
    timers.push(
      setTimeout(() => running.signal('SIGTERM'), termAfterMs),
      setTimeout(() => running.signal('SIGKILL'), killAfterMs),
    )
  }
  const kill = () => running.signal('SIGKILL')
  if (force.aborted) kill()
  else if (stop.aborted) ask()
  stop.addEventListener('abort', ask)
  force.addEventListener('abort', kill)
  return () => {
    for (const timer of timers) clearTimeout(timer)
    stop.removeEventListener('abort', ask)
    force.removeEventListener('abort', kill)
  }
}

interface Output {
  readonly fd: number
  /** The process has its own copy of `fd`. */
  started(): void
  /** Everything was read, or only processes that outlive the step still write. */
  drained(): Promise<void>
}

/** Reads the pipe until its last writer is gone. What background processes write later goes on being read, so that they never block. */
function openOutput(fifo: string, onOutput: (chunk: Buffer) => void): Output {
  const reading = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
  const fd = openSync(fifo, constants.O_WRONLY)
  const socket = new Socket({ fd: reading, readable: true, writable: false })
  let onEnd: () => void = () => undefined
  const end = new Promise<void>((resolve) => {
    onEnd = resolve
  })
  socket.on('data', onOutput)
  socket.on('end', onEnd)
  socket.on('error', onEnd)
  return {
    fd,
    started: () => closeSync(fd),
    async drained() {
      let timer: NodeJS.Timeout | undefined
      const linger = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, lingerMs)
      })
      await Promise.race([end, linger])
      clearTimeout(timer)
      socket.unref()
    },
  }
}

const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGPIPE: 13, SIGTERM: 15 }

function signalNumber(signal: NodeJS.Signals | null): number {
  return signalNumbers[signal ?? ''] ?? 1
}
