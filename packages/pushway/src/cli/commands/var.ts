// pushway var: plain settings that workflows see as vars.NAME.

import type { Command } from 'commander'
import { connectProject, type ProjectOptions, withProject } from '../connection.ts'
import { note, type OutputFormat, printList, type Shape, withOutput } from '../output.ts'
import { readInput } from '../prompt.ts'

interface Named {
  readonly name: string
  readonly environment?: string
  readonly value: string
}

const shape: Shape<Named> = {
  name: (variable) => `var/${variable.name}`,
  none: 'There are no variables yet: pushway var set NAME VALUE',
  columns: [
    { title: 'NAME', text: (variable) => variable.name },
    { title: 'ENVIRONMENT', text: (variable) => variable.environment ?? '(all)' },
    { title: 'VALUE', text: (variable) => variable.value },
  ],
}

/** Adds `pushway var`. */
export function register(program: Command): void {
  const variable = program.command('var').summary('variables of a project: set, ls').description('Variables of a project or of one of its environments.')
  withProject(
    variable
      .command('set')
      .description('Sets a variable.')
      .argument('<name>', 'as workflows name it: vars.NAME')
      .argument('[value]', 'the value; standard input when absent')
      .option('-e, --env <environment>', 'only for this environment'),
  ).action(set)
  withOutput(withProject(variable.command('ls').description('All variables with their values.'))).action(list)
}

async function set(name: string, value: string | undefined, options: ProjectOptions & { readonly env?: string }): Promise<void> {
  const { client, project } = await connectProject(options)
  const text = value ?? (await readInput())
  await client.setVariable(project, name, { value: text, ...(options.env === undefined ? {} : { environment: options.env }) })
  note(`${name} is set${options.env === undefined ? '' : ` for ${options.env}`}.`)
}

async function list(options: ProjectOptions & { readonly output: OutputFormat }): Promise<void> {
  const { client, project } = await connectProject(options)
  await printList(await client.variables(project), options.output, shape)
}
