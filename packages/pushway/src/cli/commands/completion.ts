// pushway completion: the script that makes a shell complete commands, options and their choices.

import { Argument, type Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { renderCompletion, type Shell } from '../completion-script.ts'
import { writeText } from '../output.ts'

/** Adds `pushway completion`. */
export function register(program: Command, context: CommandContext): void {
  program
    .command('completion')
    .summary('the completion script of a shell')
    .description('Prints the script. bash: source <(pushway completion bash); zsh: put it in $fpath as _pushway; fish: pushway completion fish | source')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: Shell) => writeText(renderCompletion(shell, await context.commandTree())))
}
