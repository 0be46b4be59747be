// Runs a verb as Docker's users expect it: what fails is said, and the exit code is 1.

import { fail, formatError, PushwayError } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { EngineRefusal } from '../../util/engine-api/index.ts'
import { type GlobalOptions, globalOptions } from './global.ts'

/** The action of a verb: `work` is given the flags before the verb, its arguments and its own flags; it gives the exit code when that is not 0. */
export function verbAction<O extends object>(
  { exit }: Pick<CommandContext, 'exit'>,
  work: (global: GlobalOptions, words: readonly string[], options: O) => unknown,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command
    const words = given
      .slice(0, -2)
      .flat()
      .filter((word): word is string => typeof word === 'string')
    try {
      const code = await work(globalOptions(command.parent ?? command), words, given.at(-2) as O)
      if (typeof code === 'number' && code !== 0) exit(code)
    } catch (error) {
      const known = error instanceof EngineRefusal ? fail('engine-refused', { what: `compose ${command.name()}`, problem: error.message }) : error
      if (!(known instanceof PushwayError)) throw known
      process.stderr.write(`${formatError(known)}\n`)
      exit(1)
    }
  }
}
