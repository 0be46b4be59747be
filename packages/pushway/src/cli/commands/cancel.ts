// pushway cancel: stops a run.

import type { Command } from 'commander'
import { connectProject, type ProjectOptions, withProject } from '../connection.ts'
import { findRun } from '../find.ts'
import { note } from '../output.ts'

/** Adds `pushway cancel`. */
export function register(program: Command): void {
  withProject(
    program
      .command('cancel')
      .summary('stop a run')
      .description('Asks the jobs of a run to stop; steps with `always()` still run. With --force, or a second time, everything is killed.')
      .argument('<run>', 'its number or id')
      .option('--force', 'kill the jobs'),
  ).action(async (name: string, options: ProjectOptions & { readonly force?: boolean }) => {
    const at = await connectProject(options)
    const number = await findRun(at, name)
    await at.client.cancelRun(at.project, number, options.force === true)
    note(`Run ${number} is being ${options.force ? 'killed' : 'cancelled'}.`)
  })
}
