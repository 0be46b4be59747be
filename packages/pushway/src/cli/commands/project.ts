// pushway project: create (also from another repository), list, and the webhook that mirrors one.

import { fail } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import { type Connection, checkProject, connect, type ServerOptions, withServer } from '../connection.ts'
import { importRepository } from '../import-repository.ts'
import { note, type OutputFormat, printList, printOne, withOutput, writeText } from '../output.ts'
import { canAsk, readInput } from '../prompt.ts'
import { projectShape, showProject } from '../views/projects.ts'

/** Adds `pushway project`. */
export function register(program: Command): void {
  const project = program.command('project').summary('projects: create, ls, webhook').description('Projects: create one, list them, mirror one from elsewhere.')
  withOutput(
    withServer(
      project
        .command('create')
        .description('Creates a project; with --import its branches and tags are pushed from another repository.')
        .argument('<owner/name>', 'the new project')
        .option('--import <dir or url>', 'a repository to take all branches and tags from'),
    ),
  ).action(create)
  withOutput(withServer(project.command('ls').description('The projects that you may see.'))).action(list)
  withServer(
    project
      .command('webhook')
      .description(
        'Mirrors a project from a remote repository: shows the address for its webhook. The secret comes from standard input, or is made and shown once.',
      )
      .argument('<owner/name>', 'the project')
      .requiredOption('--remote <url>', 'the repository that deliveries are about'),
  ).action(webhook)
}

async function create(name: string, options: ServerOptions & { readonly import?: string; readonly output: OutputFormat }): Promise<void> {
  const connection = connect(options)
  const { client } = connection
  const created = await client.createProject(checkProject(name))
  if (options.import !== undefined) await importInto(connection, name, options.import)
  const view = options.import === undefined ? created : await client.project(name)
  await printOne(view, options.output, { name: `project/${name}`, describe: showProject })
  if (options.import === undefined) note(`Push to it: git remote add pushway ${created.cloneUrl} && git push pushway HEAD`)
}

async function importInto(connection: Connection, name: string, source: string): Promise<void> {
  try {
    await importRepository({ source, connection, project: name })
  } catch (error) {
    note(`The project ${name} is there, but empty.`)
    throw error
  }
}

async function list(options: ServerOptions & { readonly output: OutputFormat }): Promise<void> {
  await printList(await connect(options).client.projects(), options.output, projectShape)
}

async function webhook(name: string, options: ServerOptions & { readonly remote: string }): Promise<void> {
  const { client } = connect(options)
  const secret = canAsk() || process.stdin.isTTY ? '' : await readInput()
  if (secret !== '' && secret.length < 8)
    throw fail('usage', { problem: 'The secret is too short.', hint: 'Use at least 8 characters, or none: one is made then.' })
  const set = await client.setWebhook(checkProject(name), { remote: options.remote, ...(secret === '' ? {} : { secret }) })
  writeText(`Payload URL:   ${set.url}`)
  writeText('Content type:  application/json')
  if (set.secret === undefined) return
  writeText(`Secret:        ${set.secret}`)
  note('The secret is not shown again.')
}
