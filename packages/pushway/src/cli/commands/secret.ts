// pushway secret: values go in and never come out.

import type { Command } from 'commander'
import { connectProject, type ProjectOptions, withProject } from '../connection.ts'
import { note, type OutputFormat, printList, type Shape, withOutput } from '../output.ts'
import { readValue } from '../prompt.ts'

interface Named {
  readonly name: string
  readonly environment?: string
  readonly version: number
}

const shape: Shape<Named> = {
  name: (secret) => `secret/${secret.name}`,
  none: 'There are no secrets yet: pushway secret set NAME < FILE',
  columns: [
    { title: 'NAME', text: (secret) => secret.name },
    { title: 'ENVIRONMENT', text: (secret) => secret.environment ?? '(all)' },
    { title: 'VERSION', text: (secret) => String(secret.version) },
  ],
}

/** Adds `pushway secret`. */
export function register(program: Command): void {
  const secret = program.command('secret').summary('secrets of a project: set, ls').description('Secrets of a project or of one of its environments.')
  withProject(
    secret
      .command('set')
      .description('Sets a secret. The value comes from standard input, or is asked for without being shown.')
      .argument('<name>', 'as workflows name it: secrets.NAME')
      .option('-e, --env <environment>', 'only for this environment'),
  ).action(set)
  withOutput(withProject(secret.command('ls').description('Names and versions; values are never shown.'))).action(list)
}

async function set(name: string, options: ProjectOptions & { readonly env?: string }): Promise<void> {
  const { client, project } = await connectProject(options)
  const value = await readValue(`The value of ${name}`, `Write: printf %s VALUE | pushway secret set ${name}`)
  const { version } = await client.setSecret(project, name, { value, ...(options.env === undefined ? {} : { environment: options.env }) })
  note(`${name} is set${options.env === undefined ? '' : ` for ${options.env}`} (version ${version}); the next release uses it.`)
}

async function list(options: ProjectOptions & { readonly output: OutputFormat }): Promise<void> {
  const { client, project } = await connectProject(options)
  await printList(await client.secrets(project), options.output, shape)
}
