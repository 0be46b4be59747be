// pushway compose ps: the project's containers, as Docker Compose shows them.

import { fail } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { collectTexts } from './flags.ts'
import type { GlobalOptions } from './global.ts'
import { findContainers, inspectContainer, type ProjectContainer } from './observe.ts'
import { printTable } from './print-table.ts'
import { verbAction } from './run-verb.ts'
import { commandText, createdAgo, healthOf, portsText, publishers } from './show-container.ts'
import { checkServices, hasFiles, openNamed, type Situation } from './situation.ts'

interface PsOptions {
  readonly all?: boolean
  readonly quiet?: boolean
  readonly services?: boolean
  readonly orphans: boolean
  readonly trunc: boolean
  readonly format: string
  readonly status?: readonly string[]
  readonly filter?: readonly string[]
}

/** Adds `pushway compose ps`. */
export function register(compose: Command, context: Pick<CommandContext, 'exit'>): void {
  compose
    .command('ps')
    .description('Lists containers.')
    .argument('[services...]', 'only these')
    .option('-a, --all', 'also those that do not run')
    .option('-q, --quiet', 'only ids')
    .option('--services', 'only the names of services')
    .option('--no-orphans', 'not those of services that the files do not have')
    .option('--no-trunc', 'whole texts')
    .option('--format <format>', 'table or json', 'table')
    .option('--status <state>', 'only those in that state (may be repeated)', collectTexts)
    .option('--filter <filter>', 'status=STATE (may be repeated)', collectTexts)
    .action(verbAction<PsOptions>(context, ps))
}

async function ps(global: GlobalOptions, services: readonly string[], options: PsOptions): Promise<void> {
  if (options.format !== 'table' && options.format !== 'json')
    throw fail('usage', { problem: `There is no output format "${options.format}".`, hint: 'Use table or json.' })
  const situation = openNamed(global)
  if (hasFiles(situation)) checkServices(situation, services)
  const states = [...(options.status ?? []), ...(options.filter ?? []).map(statusFilter)]
  const all = options.all === true || states.length > 0
  const found = (await findContainers(situation, { all, services }))
    .filter(({ state }) => states.length === 0 || states.includes(state))
    .filter(({ service }) => options.orphans || !hasFiles(situation) || service in situation.model.services)
  if (options.quiet) return print(found.map(({ id }) => id))
  if (options.services) return print([...new Set(found.map(({ service }) => service))])
  if (options.format === 'json') return print(await Promise.all(found.map(async (one) => JSON.stringify(await jsonOf(situation, one)))))
  printTable(
    ['NAME', 'IMAGE', 'COMMAND', 'SERVICE', 'CREATED', 'STATUS', 'PORTS'],
    found.map((one) => [
      one.name,
      one.summary.Image,
      commandText(one.summary, options.trunc),
      one.service,
      createdAgo(one.summary),
      one.summary.Status,
      portsText(one.summary),
    ]),
  )
}

function statusFilter(text: string): string {
  if (text.startsWith('status=')) return text.slice('status='.length)
  throw fail('usage', { problem: `--filter ${text} is not known.`, hint: 'Use status=STATE.' })
}

function print(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
}

async function jsonOf({ engine, name: project }: Situation, one: ProjectContainer): Promise<object> {
  const { summary, name } = one
  const details = summary.State === 'running' ? undefined : await inspectContainer(engine, one.id)
  return {
    Command: commandText(summary, true),
    CreatedAt: `${new Date(summary.Created * 1000).toISOString().replace('T', ' ').slice(0, 19)} +0000 UTC`,
    ExitCode: details?.State.ExitCode ?? 0,
    Health: healthOf(summary),
    ID: one.id.slice(0, 12),
    Image: summary.Image,
    Labels: Object.entries(one.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    LocalVolumes: String((summary.Mounts ?? []).filter(({ Name }) => Name).length),
    Mounts: (summary.Mounts ?? []).map(({ Name, Source }) => shorten(Name || Source)).join(','),
    Name: name,
    Names: name,
    Networks: one.networks.join(','),
    Ports: portsText(summary),
    Project: project,
    Publishers: publishers(summary),
    RunningFor: createdAgo(summary),
    Service: one.service,
    Size: '0B',
    State: summary.State,
    Status: summary.Status,
  }
}

function shorten(text: string): string {
  return text.length > 15 ? `${text.slice(0, 14)}…` : text
}
