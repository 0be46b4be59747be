// pushway history: what ran in an environment.

import type { Command } from 'commander'
import { connectProject, type ProjectOptions, withProject } from '../connection.ts'
import { type OutputFormat, printList, withOutput } from '../output.ts'
import { deploymentShape } from '../views/deployments.ts'

/** Adds `pushway history`. */
export function register(program: Command): void {
  withOutput(
    withProject(
      program
        .command('history')
        .summary('the deployments of an environment')
        .description('What was deployed to an environment, by whom, and how it ended; newest first.')
        .argument('<environment>', 'its name'),
    ),
  ).action(async (environment: string, options: ProjectOptions & { readonly output: OutputFormat }) => {
    const { client, project } = await connectProject(options)
    // An environment that is not there is an error, not an empty history.
    await client.environment(project, environment)
    await printList(await client.history(project, environment), options.output, deploymentShape)
  })
}
