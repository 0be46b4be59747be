// The command line: one table of commands, each in a file of its own that is loaded when it is used.

import type { Command } from 'commander'
import type { CommandContext, CommandNode, Composition } from '../ports/program.ts'
import { describeCommand } from './command-tree.ts'
import { commands } from './commands/index.ts'
import { createRoot, parseCall } from './root.ts'

/** Runs the command that `argv` (without program name) asks for; gives its exit code. @throws PushwayError */
export async function runCli(argv: readonly string[], composition: Composition): Promise<number> {
  let exit = 0
  const context: CommandContext = {
    ...composition,
    exit: (code: number) => {
      exit = code
    },
    commandTree: () => commandTree(composition),
  }
  const words = argv.filter((word) => !word.startsWith('-'))
  const wanted = words[0] === 'help' ? words[1] : words[0]
  const program = await makeProgram(context, (name) => name === wanted)
  return (await parseCall(program, argv)) ?? exit
}

/** Every command with its arguments and options, for completion and documentation. */
export async function commandTree(composition: Composition): Promise<CommandNode> {
  const context: CommandContext = { ...composition, exit: () => undefined, commandTree: () => commandTree(composition) }
  return describeCommand(await makeProgram(context, () => true))
}

/** The program with its commands; those that are not `loaded` are there by name only. */
async function makeProgram(context: CommandContext, loaded: (name: string) => boolean): Promise<Command> {
  const program = createRoot(context.version)
  for (const { name, summary, load } of commands) {
    if (loaded(name)) (await load()).register(program, context)
    else program.command(name, { hidden: false }).summary(summary).description(summary).allowUnknownOption()
  }
  return program
}
