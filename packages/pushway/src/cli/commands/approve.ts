// pushway approve: lets a deployment go on, as it was looked at.

import type { Command } from 'commander'
import { addDecision, type DecideOptions, decide } from '../decide.ts'

/** Adds `pushway approve`. */
export function register(program: Command): void {
  addDecision(program, {
    name: 'approve',
    summary: 'approve a deployment that waits',
    description: 'Approves what the deployment would run now; with --digest only if it is still that content (see pushway describe deployment).',
  })
    .option('-m, --message <why>', 'why, for the record')
    .option('--digest <sha256>', 'the content digest that you looked at')
    .action((text: string, options: DecideOptions) =>
      decide(text, options, async (client, id) => {
        // Without a digest it is bound to what the server shows at this moment: what changes afterwards is asked for again.
        const contentDigest = options.digest ?? (await client.deployment(id)).approval?.contentDigest
        return client.approve(id, { why: options.message ?? '', ...(contentDigest === undefined ? {} : { contentDigest }) })
      }),
    )
}
