// pushway compose version.

import { type Command, Option } from 'commander'
import type { CommandContext } from '../../ports/program.ts'

/** Adds `pushway compose version`. */
export function register(compose: Command, context: Pick<CommandContext, 'version'>): void {
  compose
    .command('version')
    .description('Shows the version.')
    .addOption(new Option('-f, --format <format>', 'how it is shown').choices(['pretty', 'json']).default('pretty'))
    .option('--short', 'the number alone')
    .action((options: { readonly format: string; readonly short?: boolean }) => {
      const { version } = context
      const line = options.short ? version : options.format === 'json' ? JSON.stringify({ version }) : `Pushway Compose version ${version}`
      process.stdout.write(`${line}\n`)
    })
}
