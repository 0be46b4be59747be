// pushway timeline: what happened and what led to it.

import { fail } from '@pushway/core/reason/errors.ts'
import type { TimelineEntry } from '@pushway/core/views/types.ts'
import { type Command, Option } from 'commander'
import { checkProject, connect, type ProjectOptions, withProject } from '../connection.ts'
import { note, type OutputFormat, printList, withOutput, writeText } from '../output.ts'
import { makeScreen } from '../screen.ts'
import { renderTimeline, timelineShape } from '../views/timeline.ts'

interface Options extends ProjectOptions {
  readonly env?: string
  readonly kind?: TimelineEntry['kind']
  readonly by?: string
  readonly limit: string
  readonly output: OutputFormat
}

const kinds: readonly TimelineEntry['kind'][] = ['push', 'run', 'image', 'approval', 'rollout', 'verify', 'rollback', 'release', 'setting']

/** Adds `pushway timeline`. */
export function register(program: Command): void {
  withOutput(
    withProject(
      program
        .command('timeline')
        .summary('what happened, and what led to it')
        .description('Pushes, runs, images, approvals, rollouts and rollbacks of all projects you may see (or of one), each below what caused it.')
        .option('-e, --env <environment>', 'only this environment')
        .addOption(new Option('--kind <kind>', 'only this kind').choices(kinds))
        .option('--by <user>', 'only what this user did')
        .option('--limit <n>', 'how many entries', '100'),
    ),
  ).action(timeline)
}

async function timeline(options: Options): Promise<void> {
  const { env: environment, kind, by, output } = options
  const limit = Number(options.limit)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
    throw fail('usage', { problem: `"${options.limit}" is no number of entries.`, hint: 'Write --limit with 1 to 1000.' })
  const named = options.project ?? process.env.PUSHWAY_PROJECT
  const project = named ? checkProject(named) : undefined
  const filter = { limit, ...(project ? { project } : {}), ...(environment ? { environment } : {}), ...(kind ? { kind } : {}), ...(by ? { by } : {}) }
  const entries = await connect(options).client.timeline(filter)
  if (output !== 'table' && output !== 'wide') return printList(entries, output, timelineShape)
  if (entries.length === 0) note(timelineShape.none)
  writeText(renderTimeline(entries, makeScreen()))
}
