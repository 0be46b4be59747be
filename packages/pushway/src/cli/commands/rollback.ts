// pushway rollback: an environment back to an earlier release; nothing is rebuilt.

import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { connectProject, type ProjectOptions, withProject } from '../connection.ts'
import { finish } from '../follow-deployment.ts'
import { type OutputFormat, withOutput } from '../output.ts'

interface Options extends ProjectOptions {
  readonly to?: string
  readonly watch?: boolean
  readonly output: OutputFormat
}

/** Adds `pushway rollback`. */
export function register(program: Command, context: CommandContext): void {
  withOutput(
    withProject(
      program
        .command('rollback')
        .summary('go back to an earlier release')
        .description('Takes an environment back to the release before, or to the one named with --to. Exit code 1 with -w when it fails.')
        .argument('<environment>', 'its name')
        .option('--to <release>', 'v3, or the id of a release')
        .option('-w, --watch', 'wait until it is done, showing how far it is'),
    ),
  ).action(async (environment: string, options: Options) => {
    const { client, project } = await connectProject(options)
    // An environment that is not there is another mistake than one without an earlier release.
    await client.environment(project, environment)
    const opened = await client.rollback(project, environment, options.to)
    context.exit(await finish(client, opened, { watching: options.watch === true, output: options.output }))
  })
}
