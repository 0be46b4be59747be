// pushway compose logs.

import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import type { GlobalOptions } from './global.ts'
import { printLogs, timeOf } from './log-lines.ts'
import { findContainers } from './observe.ts'
import { verbAction } from './run-verb.ts'
import { checkServices, hasFiles, openNamed } from './situation.ts'

interface LogsOptions {
  readonly follow?: boolean
  readonly tail: string
  readonly since?: string
  readonly until?: string
  readonly timestamps?: boolean
  readonly color: boolean
  readonly logPrefix: boolean
  readonly index?: string
}

/** Adds `pushway compose logs`. */
export function register(compose: Command, context: Pick<CommandContext, 'exit'>): void {
  compose
    .command('logs')
    .description('Shows what containers wrote.')
    .argument('[services...]', 'only these')
    .option('-f, --follow', 'go on with what comes')
    .option('-n, --tail <lines>', 'only the last lines of each', 'all')
    .option('--since <time>', 'from a time on: 2026-01-02T13:23:37Z, or 42m')
    .option('--until <time>', 'up to a time')
    .option('-t, --timestamps', 'the time before each line')
    .option('--index <number>', 'only the container of that number')
    .option('--no-color', 'no colours')
    .option('--no-log-prefix', 'no names before lines')
    .action(verbAction<LogsOptions>(context, logs))
}

async function logs(global: GlobalOptions, services: readonly string[], options: LogsOptions): Promise<void> {
  const situation = openNamed(global)
  if (hasFiles(situation)) checkServices(situation, services)
  const found = await findContainers(situation, { services })
  const containers = options.index === undefined ? found : found.filter(({ number }) => number === Number(options.index))
  const { follow, tail, since, until, timestamps } = options
  await printLogs(situation, containers, {
    ...{ tail, prefix: options.logPrefix, color: options.color && process.stdout.isTTY === true && !process.env.NO_COLOR },
    ...(follow ? { follow } : {}),
    ...(timestamps ? { timestamps } : {}),
    ...(since === undefined ? {} : { since: timeOf(since, Date.now()) }),
    ...(until === undefined ? {} : { until: timeOf(until, Date.now()) }),
  })
}
