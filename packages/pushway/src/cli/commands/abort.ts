// pushway abort: takes a rollout back.

import type { Command } from 'commander'
import { addDecision, type DecideOptions, decide, reasonOf } from '../decide.ts'

/** Adds `pushway abort`. */
export function register(program: Command): void {
  addDecision(program, { name: 'abort', summary: 'take a rollout back', description: 'Gives all traffic back to the release before and stops the new one.' })
    .option('-m, --message <why>', 'why, for the record (required)')
    .action((text: string, options: DecideOptions) => {
      const why = reasonOf(options, 'abort')
      return decide(text, options, (client, id) => client.abort(id, why))
    })
}
