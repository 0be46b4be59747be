// pushway explain: why something is as it is.

import type { Command } from 'commander'
import { connect, type ProjectOptions, withProject } from '../connection.ts'
import { findExplained } from '../find.ts'
import { type OutputFormat, printOne, withOutput } from '../output.ts'
import { showExplanation } from '../views/timeline.ts'

/** Adds `pushway explain`. */
export function register(program: Command): void {
  withOutput(
    withProject(
      program
        .command('explain')
        .summary('why a run or deployment is as it is')
        .description('The present reason in one sentence, and every fact that led there.')
        .argument('<id>', 'a run or deployment: number, id, or the name of an environment for its newest deployment'),
    ),
  ).action(async (text: string, options: ProjectOptions & { readonly output: OutputFormat }) => {
    const view = await connect(options).client.explain(await findExplained(options, text))
    await printOne(view, options.output, { name: view.stream, describe: showExplanation })
  })
}
