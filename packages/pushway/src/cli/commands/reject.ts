// pushway reject: ends a deployment that waits for an approval.

import type { Command } from 'commander'
import { addDecision, type DecideOptions, decide, reasonOf } from '../decide.ts'

/** Adds `pushway reject`. */
export function register(program: Command): void {
  addDecision(program, {
    name: 'reject',
    summary: 'reject a deployment that waits',
    description: 'Ends a deployment that waits for an approval; nothing is deployed.',
  })
    .option('-m, --message <why>', 'why, for the record (required)')
    .action((text: string, options: DecideOptions) => {
      const why = reasonOf(options, 'reject')
      return decide(text, options, (client, id) => client.reject(id, why))
    })
}
