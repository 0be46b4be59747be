// How a failure leaves the program: one sentence, the next step, an exit code. Never a stack trace, unless asked for.

import { formatError, PushwayError } from '@pushway/core/reason/errors.ts'

/** Writes the failure to stderr; gives the exit code. `PUSHWAY_DEBUG=1` adds the stack. */
export function reportFailure(error: unknown): number {
  const known =
    error instanceof PushwayError
      ? error
      : new PushwayError('bug', `This is a mistake of ours: ${messageOf(error)}.`, { next: 'Please report it with the output of `pushway doctor`.' })
  process.stderr.write(`${formatError(known)}\n`)
  if (process.env.PUSHWAY_DEBUG === '1' && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  return known.exit
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
