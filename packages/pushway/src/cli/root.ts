// The command line's root: how every call is read, whichever of the commands are loaded.

import { Command, CommanderError } from 'commander'

/** The program without commands. */
export function createRoot(version: string): Command {
  return new Command('pushway')
    .description('From git push to a production that proves itself.')
    .version(version, '-V, --version')
    .showHelpAfterError('(run with --help for what there is)')
    .enablePositionalOptions()
    .exitOverride()
}

/** Does what `argv` (without program name) asks for; gives the exit code of a call that was not understood or asked for help. @throws PushwayError */
export async function parseCall(program: Command, argv: readonly string[]): Promise<number | undefined> {
  try {
    await program.parseAsync(argv, { from: 'user' })
    return undefined
  } catch (error) {
    // Commander has printed its sentence already; its exit code 1 for a wrong call becomes ours.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    throw error
  }
}
