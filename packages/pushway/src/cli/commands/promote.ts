// pushway promote: the release of one environment to another, by digest.

import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { connectProject, type ProjectOptions, withProject } from '../connection.ts'
import { finish } from '../follow-deployment.ts'
import { type OutputFormat, withOutput } from '../output.ts'

interface Options extends ProjectOptions {
  readonly watch?: boolean
  readonly output: OutputFormat
}

/** Adds `pushway promote`. */
export function register(program: Command, context: CommandContext): void {
  withOutput(
    withProject(
      program
        .command('promote')
        .summary("take one environment's release to another")
        .description('Deploys the images that run in one environment to another, by digest. Exit code 1 with -w when it fails.')
        .argument('<from>', 'the environment whose release is taken')
        .argument('<to>', 'the environment that gets it')
        .option('-w, --watch', 'wait until it is done, showing how far it is'),
    ),
  ).action(async (from: string, to: string, options: Options) => {
    const { client, project } = await connectProject(options)
    const opened = await client.promote(project, from, to)
    context.exit(await finish(client, opened, { watching: options.watch === true, output: options.output }))
  })
}
