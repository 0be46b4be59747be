// pushway describe: all of one run, environment, deployment, …

import type { Command } from 'commander'
import { type ProjectOptions, withProject } from '../connection.ts'
import { type OutputFormat, withOutput } from '../output.ts'
import { connectFor, resourceOf } from './get.ts'

/** Adds `pushway describe`. */
export function register(program: Command): void {
  withOutput(
    withProject(
      program
        .command('describe')
        .summary('all about one run, deployment, environment, …')
        .description('Shows one thing whole: what it is, what it waits for and why.')
        .argument('<what>', 'run, deployment, environment, project, image, release')
        .argument('<name>', 'its number, id, the beginning of its id, or name; a deployment also by its environment')
        .option('-w, --watch', 'go on showing what changes'),
    ),
  ).action(async (word: string, name: string, options: ProjectOptions & { readonly output: OutputFormat; readonly watch?: boolean }) => {
    const resource = resourceOf(word)
    await resource.describe({ at: await connectFor(resource, options), name, limit: 1, output: options.output, watching: options.watch === true })
  })
}
