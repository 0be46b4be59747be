// pushway dispatch: starts a workflow by hand.

import type { Command } from 'commander'
import { connectProject, type ProjectOptions, withProject } from '../connection.ts'
import { note, type OutputFormat, printOne, withOutput } from '../output.ts'
import { collectPair } from '../pairs.ts'

interface Options extends ProjectOptions {
  readonly ref: string
  readonly input: Readonly<Record<string, string>>
  readonly output: OutputFormat
}

/** Adds `pushway dispatch`. */
export function register(program: Command): void {
  withOutput(
    withProject(
      program
        .command('dispatch')
        .summary('start a workflow by hand')
        .description('Starts a workflow that has `on: workflow_dispatch`.')
        .argument('<workflow>', 'its file: ci-cd.yml')
        .option('--ref <ref>', 'the branch, tag or commit', 'main')
        .option('--input <name=value>', 'an input (may be repeated)', collectPair('--input'), {}),
    ),
  ).action(async (workflow: string, options: Options) => {
    const { client, project } = await connectProject(options)
    const run = await client.dispatch(project, { workflow, ref: options.ref, inputs: options.input })
    await printOne(run, options.output, { name: `run/${run.number}`, describe: () => `Run ${run.number} of ${run.workflowName} is ${run.status}.` })
    note(`Watch it: pushway get run ${run.number} -w`)
  })
}
