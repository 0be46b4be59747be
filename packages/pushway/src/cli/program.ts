// The command line: one table of commands, each in a file of its own that is loaded when it is used.

import { Command, CommanderError } from 'commander'
import type { Composition } from '../ports/program.ts'
import { commands } from './commands/index.ts'

/** Runs the command that `argv` (without program name) asks for; gives its exit code. @throws PushwayError */
export async function runCli(argv: readonly string[], composition: Composition): Promise<number> {
  const program = new Command('pushway')
    .description('From git push to a production that proves itself.')
    .version(composition.version, '-V, --version')
    .showHelpAfterError('(run with --help for what there is)')
    .enablePositionalOptions()
    .exitOverride()
  let exit = 0
  const context = {
    ...composition,
    exit: (code: number) => {
      exit = code
    },
  }
  const wanted = argv.find((word) => !word.startsWith('-'))
  for (const { name, summary, load } of commands) {
    if (wanted === name) (await load()).register(program, context)
    else program.command(name, { hidden: false }).summary(summary).description(summary).allowUnknownOption()
  }
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    // Commander has printed its sentence already; its exit code 1 for a wrong call becomes ours.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    throw error
  }
  return exit
}
