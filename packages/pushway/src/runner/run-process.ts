// Runs one process of a job to its end: its exit code, and how it is stopped.

import type { Sandbox } from './sandbox.ts'
import type { Running, StartOptions } from './start-process.ts'

/** How a process is asked to stop: `stop` begins SIGINT, 7.5 s later SIGTERM, 2.5 s later SIGKILL; `force` kills at once. */
export interface Stops {
  readonly stop: AbortSignal
  readonly force: AbortSignal
}

/** GitHub's runner waits that long. */
const termAfterMs = 7_500
const killAfterMs = 10_000

/**
 * The exit code; 128 + n when signal n ended it.
 * @throws Error when the program could not be started
 */
export async function runProcess(sandbox: Sandbox, argv: readonly string[], options: StartOptions & Stops): Promise<number> {
  const running = await sandbox.start(argv, options)
  const stopWatching = watchStops(running, options)
  try {
    return await running.ended
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
