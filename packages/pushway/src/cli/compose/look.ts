// pushway compose port, top, ls, events: looks at what runs.

import { composeLabel } from '@pushway/core/compose/run/labels.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { containerSummary, eventMessage, readJsonLines, topAnswer } from '../../util/engine-api/index.ts'
import { collectTexts } from './flags.ts'
import type { GlobalOptions } from './global.ts'
import { timeOf } from './log-lines.ts'
import { findContainers, oneContainer } from './observe.ts'
import { printTable } from './print-table.ts'
import { verbAction } from './run-verb.ts'
import { openEngine, openNamed } from './situation.ts'

interface Options {
  readonly protocol?: string
  readonly index?: string
  readonly all?: boolean
  readonly quiet?: boolean
  readonly format?: string
  readonly filter?: readonly string[]
  readonly json?: boolean
  readonly since?: string
  readonly until?: string
}

/** Adds the verbs. */
export function register(compose: Command, context: Pick<CommandContext, 'exit'>): void {
  compose
    .command('port')
    .description('Says where a port of a service is published.')
    .argument('<service>', 'the service')
    .argument('<port>', 'its own port')
    .option('--protocol <name>', 'tcp or udp', 'tcp')
    .option('--index <number>', 'of the container of that number')
    .action(verbAction<Options>(context, port))
  compose.command('top').description('Lists the processes in containers.').argument('[services...]', 'only these').action(verbAction<Options>(context, top))
  compose
    .command('ls')
    .description('Lists the projects of the engine.')
    .option('-a, --all', 'also those of which nothing runs')
    .option('-q, --quiet', 'only names')
    .option('--format <format>', 'table or json', 'table')
    .option('--filter <filter>', 'name=PATTERN', collectTexts)
    .action(verbAction<Options>(context, (_global, _words, options) => list(options)))
  compose
    .command('events')
    .description('Shows what happens to containers, as it comes.')
    .argument('[services...]', 'only of these')
    .option('--json', 'one object a line')
    .option('--since <time>', 'from a time on')
    .option('--until <time>', 'up to a time; then it ends')
    .action(verbAction<Options>(context, events))
}

async function port(global: GlobalOptions, [service = '', target = '']: readonly string[], { protocol, index }: Options): Promise<void> {
  const { summary, name } = await oneContainer(openNamed(global), service, index)
  const found = summary.Ports?.find((one) => one.PrivatePort === Number(target) && one.Type === protocol && one.PublicPort !== undefined)
  if (!found) {
    const published = (summary.Ports ?? []).flatMap((one) => (one.PublicPort === undefined ? [] : [`${one.PrivatePort}/${one.Type}`]))
    const hint = published.length > 0 ? `Published are: ${[...new Set(published)].join(', ')}.` : 'The container publishes none.'
    throw fail('usage', { problem: `no port ${target}/${protocol} for container ${name}`, hint })
  }
  const host = found.IP?.includes(':') ? `[${found.IP}]` : (found.IP ?? '')
  process.stdout.write(`${host}:${found.PublicPort}\n`)
}

async function top(global: GlobalOptions, services: readonly string[]): Promise<void> {
  const situation = openNamed(global)
  const rows: string[][] = []
  let head: readonly string[] = []
  for (const { id, service, number, state } of await findContainers(situation, { services })) {
    if (state !== 'running') continue
    const { Titles, Processes } = await situation.engine.call(topAnswer, { method: 'GET', path: `/containers/${id}/top` })
    head = ['SERVICE', '#', ...Titles]
    rows.push(...(Processes ?? []).map((row) => [service, String(number), ...row]))
  }
  if (rows.length > 0) printTable(head, rows, 2)
}

async function list({ all, quiet, format, filter = [] }: Options): Promise<void> {
  if (format !== 'table' && format !== 'json') throw fail('usage', { problem: `There is no output format "${format}".`, hint: 'Use table or json.' })
  const patterns = filter.map((text) => {
    if (text.startsWith('name=')) return text.slice('name='.length)
    throw fail('usage', { problem: `--filter ${text} is not known.`, hint: 'Use name=PATTERN.' })
  })
  const found = await openEngine().call(containerSummary.array(), {
    method: 'GET',
    path: '/containers/json',
    query: { all: true, filters: { label: [composeLabel.project] } },
  })
  const names = [...new Set(found.map(({ Labels }) => Labels?.[composeLabel.project] ?? ''))].toSorted()
  const rows = names
    .map((name) =>
      projectRow(
        name,
        found.filter(({ Labels }) => Labels?.[composeLabel.project] === name),
      ),
    )
    .filter(({ name, status }) => (all || status.includes('running')) && patterns.every((pattern) => name.includes(pattern)))
  if (quiet) return void process.stdout.write(rows.map(({ name }) => `${name}\n`).join(''))
  if (format === 'json')
    return void process.stdout.write(`${JSON.stringify(rows.map(({ name, status, files }) => ({ Name: name, Status: status, ConfigFiles: files })))}\n`)
  printTable(
    ['NAME', 'STATUS', 'CONFIG FILES'],
    rows.map(({ name, status, files }) => [name, status, files]),
  )
}

function projectRow(name: string, containers: readonly { readonly State: string; readonly Labels?: Readonly<Record<string, string>> | undefined }[]) {
  const states = [...new Set(containers.map(({ State }) => State))].toSorted()
  const status = states.map((state) => `${state}(${containers.filter(({ State }) => State === state).length})`).join(', ')
  const files = [...new Set(containers.flatMap(({ Labels }) => Labels?.[composeLabel.configFiles]?.split(',') ?? []))].join(',')
  return { name, status, files: files || 'N/A' }
}

async function events(global: GlobalOptions, services: readonly string[], { json, since, until }: Options): Promise<void> {
  const { engine, name } = openNamed(global)
  const filters = { type: ['container'], label: [`${composeLabel.project}=${name}`] }
  const range = { since: since && timeOf(since, Date.now()), until: until && timeOf(until, Date.now()) }
  const body = await engine.open({ method: 'GET', path: '/events', query: { filters, ...range } })
  for await (const line of readJsonLines(body)) {
    const found = eventMessage.safeParse(line)
    if (!found.success) continue
    const { Action: action, Actor: actor, time, timeNano } = found.data
    const attributes = actor.Attributes ?? {}
    const service = attributes[composeLabel.service] ?? ''
    // What a health check runs is noise, as in Docker Compose.
    if (action.startsWith('exec_') || (services.length > 0 && !services.includes(service))) continue
    const own = Object.fromEntries(Object.entries(attributes).filter(([key]) => !key.startsWith('com.docker.compose.')))
    const at = new Date(timeNano ? timeNano / 1e6 : time * 1000).toISOString()
    if (json) process.stdout.write(`${JSON.stringify({ time: at, type: 'container', action, id: actor.ID, service, attributes: own })}\n`)
    else
      process.stdout.write(
        `${at} container ${action} ${actor.ID} (${Object.entries(own)
          .map(([key, value]) => `${key}=${value}`)
          .join(', ')})\n`,
      )
  }
}
