// pushway rerun: runs jobs of a run again.

import { fail } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import { connectProject, type ProjectOptions, withProject } from '../connection.ts'
import { findRun } from '../find.ts'
import { note } from '../output.ts'

interface Options extends ProjectOptions {
  readonly failed?: boolean
  readonly job?: string
  readonly debug?: boolean
}

/** Adds `pushway rerun`. */
export function register(program: Command): void {
  withProject(
    program
      .command('rerun')
      .summary('run the jobs of a run again')
      .description('Runs all jobs again, or the failed ones, or one; and those that need them.')
      .argument('<run>', 'its number or id')
      .option('--failed', 'only what failed')
      .option('-j, --job <id>', 'only this job')
      .option('--debug', 'log what the runner does and the `::debug::` lines of steps'),
  ).action(async (name: string, options: Options) => {
    if (options.failed && options.job !== undefined)
      throw fail('usage', { problem: 'Either the failed jobs or one job.', hint: 'Leave one of --failed and --job out.' })
    const at = await connectProject(options)
    const number = await findRun(at, name)
    const which = options.job !== undefined ? { job: options.job } : options.failed ? 'failed' : 'all'
    await at.client.rerun(at.project, number, { which, debug: options.debug === true })
    note(`Run ${number} goes on: pushway logs ${number} -f`)
  })
}
