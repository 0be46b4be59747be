// pushway down --all: stops what the server leaves running.

import { resolve } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'

/** Adds `pushway down`. */
export function register(program: Command, context: CommandContext): void {
  program
    .command('down')
    .summary('stop what the server leaves running: instances, agent, proxy')
    .description('Stops all instances, the agent and the proxy of a data folder. The server must be stopped before.')
    .option('--data <dir>', 'the data folder', process.env.PUSHWAY_DATA ?? '.pushway')
    .option('--all', 'yes, everything')
    .action(async (options: { data: string; all?: boolean }) => {
      if (!options.all) throw fail('usage', { problem: 'This stops every service of the data folder.', hint: 'Say so: pushway down --all' })
      const stopped = await context.stopAll(resolve(options.data))
      process.stdout.write(`Stopped: ${stopped.join(', ')}.\n`)
    })
}
