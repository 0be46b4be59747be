// What approve, reject, pause, resume and abort have in common.

import { fail } from '@pushway/core/reason/errors.ts'
import type { DeploymentView } from '@pushway/core/views/types.ts'
import type { Command } from 'commander'
import type { ApiClient } from '../http/client.ts'
import { type ProjectOptions, withProject } from './connection.ts'
import { connectDeployment } from './find.ts'
import { type OutputFormat, printOne, withOutput } from './output.ts'
import { deploymentState } from './views/deployments.ts'

export interface DecideOptions extends ProjectOptions {
  readonly message?: string
  readonly digest?: string
  readonly output: OutputFormat
}

/** Adds one of the five. */
export function addDecision(program: Command, command: { readonly name: string; readonly summary: string; readonly description: string }): Command {
  return withOutput(
    withProject(
      program
        .command(command.name)
        .summary(command.summary)
        .description(command.description)
        .argument('<deployment>', 'its id, the beginning of it, or the name of the environment for the one that is going on'),
    ),
  )
}

/** Does it and says what became of the deployment. */
export async function decide(text: string, options: DecideOptions, act: (client: ApiClient, id: string) => Promise<DeploymentView>): Promise<void> {
  const { client, id } = await connectDeployment(options, text)
  const view = await act(client, id)
  await printOne(view, options.output, {
    name: `deployment/${view.id}`,
    describe: () => `Deployment ${view.id} to ${view.environment}: ${deploymentState(view)}. ${view.why.sentence}`,
  })
}

/** What `-m` says. @throws PushwayError `usage` when it says nothing */
export function reasonOf({ message = '' }: DecideOptions, name: string): string {
  if (message.trim() !== '') return message
  throw fail('usage', { problem: 'Say why.', hint: `Write: pushway ${name} DEPLOYMENT -m WHY` })
}
