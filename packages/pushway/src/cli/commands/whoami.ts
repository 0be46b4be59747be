// pushway whoami: who one is at which server.

import type { Command } from 'commander'
import { connect, type ServerOptions, withServer } from '../connection.ts'
import { type OutputFormat, printOne, withOutput } from '../output.ts'

/** Adds `pushway whoami`. */
export function register(program: Command): void {
  withOutput(
    withServer(program.command('whoami').summary('who you are, and at which server').description('Asks the server who the kept token belongs to.')),
  ).action(whoami)
}

async function whoami(options: ServerOptions & { readonly output: OutputFormat }): Promise<void> {
  const { url, client } = connect(options)
  const me = { ...(await client.me()), server: url }
  await printOne(me, options.output, { name: me.name, describe: () => `${me.name}${me.admin ? ' (administrator)' : ''} at ${url}` })
}
