// Every command: its name, one line about it, and where it is.

import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'

export interface CommandModule {
  /** Adds the command to the program. */
  register(program: Command, context: CommandContext): void
}

export interface CommandEntry {
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<CommandModule>
}

export const commands: readonly CommandEntry[] = [
  { name: 'server', summary: 'start the server of a data folder', load: () => import('./server.ts') },
  { name: 'down', summary: 'stop what the server leaves running: instances, agent, proxy', load: () => import('./down.ts') },
  { name: 'run', summary: 'run workflows of the working tree, without a server', load: () => import('./run.ts') },
]
