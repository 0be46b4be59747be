// Runs a verb as Docker's users expect it: what fails is said, and the exit code is 1.

import { formatError, PushwayError } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { type GlobalOptions, globalOptions } from './global.ts'

/** The action of a verb: `work` is given the flags before the verb, its arguments and its own flags. */
export function verbAction<O extends object>(
  { exit }: Pick<CommandContext, 'exit'>,
  work: (global: GlobalOptions, services: readonly string[], options: O) => void | Promise<void>,
): (services: readonly string[], options: O, command: Command) => Promise<void> {
  return async (services, options, command) => {
    try {
      await work(globalOptions(command.parent ?? command), services, options)
    } catch (error) {
      if (!(error instanceof PushwayError)) throw error
      process.stderr.write(`${formatError(error)}\n`)
      exit(1)
    }
  }
}
