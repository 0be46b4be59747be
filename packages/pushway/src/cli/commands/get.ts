// pushway get: lists, in the form that scripts and people want. `describe` says more of one thing.

import { fail } from '@pushway/core/reason/errors.ts'
import { nearest } from '@pushway/core/text/nearest.ts'
import type { Command } from 'commander'
import { connect, connectProject, type ProjectConnection, type ProjectOptions, withProject } from '../connection.ts'
import { type OutputFormat, withOutput } from '../output.ts'
import { resources } from '../resources.ts'
import type { Resource } from '../show-resource.ts'

interface Options extends ProjectOptions {
  readonly output: OutputFormat
  readonly watch?: boolean
  readonly limit: string
}

/** Adds `pushway get`. */
export function register(program: Command): void {
  withOutput(
    withProject(
      program
        .command('get')
        .summary('list runs, environments, deployments, …')
        .description(`Lists ${resources.map(({ names }) => names[0]).join(', ')}; with a name, only that one.`)
        .argument('<what>', 'runs, run N, environments, …')
        .argument('[name]', 'only this one')
        .option('-w, --watch', 'go on showing what changes')
        .option('--limit <n>', 'how many runs at most', '50'),
    ),
  ).action(get)
}

/** The kind of thing a word names: plural, singular or short. @throws PushwayError `usage` */
export function resourceOf(word: string): Resource {
  const found = resources.find(({ names }) => names.includes(word.toLowerCase()))
  if (found) return found
  const meant = nearest(
    word,
    resources.flatMap(({ names }) => names),
  )
  const all = resources.map(({ names }) => names[0]).join(', ')
  throw fail('usage', { problem: `There is nothing called "${word}" to get.`, hint: meant ? `Did you mean ${meant}?` : `Use one of ${all}.` })
}

async function get(word: string, name: string | undefined, options: Options): Promise<void> {
  const resource = resourceOf(word)
  const limit = Number(options.limit)
  if (!Number.isInteger(limit) || limit < 1) throw fail('usage', { problem: `"${options.limit}" is no number of runs.`, hint: 'Write --limit 50.' })
  await resource.get({ at: await connectFor(resource, options), name, limit, output: options.output, watching: options.watch === true })
}

/** The project is asked for only where the thing belongs to one. */
export async function connectFor(resource: Resource, options: ProjectOptions): Promise<ProjectConnection> {
  return resource.global ? { ...connect(options), project: '' } : connectProject(options)
}
