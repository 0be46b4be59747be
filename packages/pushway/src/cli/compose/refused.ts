// Verbs of docker compose that are not here: refused by name, with what to do instead.

import { fail } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { verbAction } from './run-verb.ts'

/** Verb → what to do instead. */
const refusedVerbs: Readonly<Record<string, string>> = {
  attach: 'Use logs -f to see what a container writes, exec to work in it.',
  bridge: 'Use docker compose for it.',
  commit: 'Write a Dockerfile, and build.',
  export: 'Use docker export with the name that ps shows.',
  publish: 'Keep the compose file in the repository.',
  scale: 'Use up -d --scale SERVICE=NUMBER.',
  stats: 'Use docker stats with the names that ps shows.',
  volumes: 'Use config --volumes, or docker volume ls.',
  watch: 'Use up -d --build after a change.',
}

/** Adds them; they do not show in the help. */
export function register(compose: Command, context: Pick<CommandContext, 'exit'>): void {
  for (const [name, hint] of Object.entries(refusedVerbs)) {
    const action = verbAction(context, () => {
      throw fail('usage', { problem: `pushway compose ${name} is not supported.`, hint })
    })
    compose
      .command(name, { hidden: true })
      .description(`Not here. ${hint}`)
      .allowUnknownOption()
      .argument('[words...]', 'whatever docker compose takes')
      .action(action)
  }
}
