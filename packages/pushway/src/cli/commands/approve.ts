// pushway approve: lets a deployment go on, as it was looked at.

import type { Command } from 'commander'
import { connectProject } from '../connection.ts'
import { addDecision, type DecideOptions, decide } from '../decide.ts'
import { note } from '../output.ts'

/** Adds `pushway approve`. */
export function register(program: Command): void {
  addDecision(program, {
    name: 'approve',
    summary: 'approve a deployment that waits',
    description:
      'Approves what the deployment would run now; with --digest only if it is still that content (see pushway describe deployment). `run/NUMBER` lets a run of a fork go on.',
  })
    .option('-m, --message <why>', 'why, for the record')
    .option('--digest <sha256>', 'the content digest that you looked at')
    .action(async (text: string, options: DecideOptions) => {
      const run = /^run\/([1-9]\d*)$/.exec(text)?.[1]
      if (run !== undefined) return approveRun(Number(run), options)
      return decide(text, options, async (client, id) => {
        // Without a digest it is bound to what the server shows at this moment: what changes afterwards is asked for again.
        const contentDigest = options.digest ?? (await client.deployment(id)).approval?.contentDigest
        return client.approve(id, { why: options.message ?? '', ...(contentDigest === undefined ? {} : { contentDigest }) })
      })
    })
}

/** A run of a fork's code. */
async function approveRun(number: number, options: DecideOptions): Promise<void> {
  const { client, project } = await connectProject(options)
  await client.approveRun(project, number)
  note(`Run ${number} may go on.`)
}
