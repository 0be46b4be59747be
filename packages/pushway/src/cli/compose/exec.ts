// pushway compose exec: a command in a container that runs.

import { fail } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { readOutput, type StartedExec, startExec } from '../../util/engine-api/index.ts'
import { collectTexts } from './flags.ts'
import type { GlobalOptions } from './global.ts'
import { oneContainer } from './observe.ts'
import { verbAction } from './run-verb.ts'
import { checkServices, hasFiles, openNamed } from './situation.ts'
import { connectTerminal } from './terminal.ts'

interface ExecOptions {
  readonly detach?: boolean
  readonly env?: readonly string[]
  readonly index?: string
  readonly privileged?: boolean
  /** False with `-T`. */
  readonly tty: boolean
  readonly user?: string
  readonly workdir?: string
}

/** Adds `pushway compose exec`. */
export function register(compose: Command, context: Pick<CommandContext, 'exit'>): void {
  compose
    .command('exec')
    .description('Runs a command in a container that runs; gives its exit code.')
    .passThroughOptions()
    .argument('<service>', 'the service')
    .argument('<command...>', 'the command and its arguments')
    .option('-d, --detach', 'in the background')
    .option('-e, --env <name=value>', 'a variable (may be repeated)', collectTexts)
    .option('--index <number>', 'the container of that number')
    .option('--privileged', 'with all rights')
    .option('-T, --no-tty', 'no terminal; the default when standard input or output is none')
    .option('-u, --user <user>', 'as that user')
    .option('-w, --workdir <folder>', 'in that folder')
    .action(verbAction<ExecOptions>(context, exec))
}

async function exec(global: GlobalOptions, [service = '', ...argv]: readonly string[], options: ExecOptions): Promise<number> {
  const situation = openNamed(global)
  if (hasFiles(situation)) checkServices(situation, [service])
  const container = await oneContainer(situation, service, options.index)
  if (container.state !== 'running') throw fail('usage', { problem: `service "${service}" is not running.`, hint: 'Start it: pushway compose up -d.' })
  const tty = options.tty && process.stdin.isTTY === true && process.stdout.isTTY === true
  const started = await startExec(situation.engine, container.id, {
    ...{ argv, tty, stdin: !options.detach, env: environmentOf(options.env) },
    ...(options.user ? { user: options.user } : {}),
    ...(options.workdir ? { workingDir: options.workdir } : {}),
    ...(options.privileged ? { privileged: true } : {}),
  })
  if (options.detach) {
    started.destroy()
    return 0
  }
  return runToEnd(started, tty)
}

/** `NAME=VALUE`; a name alone has its value from here. */
export function environmentOf(pairs: readonly string[] = []): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.flatMap((pair) => {
      const at = pair.indexOf('=')
      const value = at < 0 ? process.env[pair] : pair.slice(at + 1)
      return value === undefined ? [] : [[at < 0 ? pair : pair.slice(0, at), value]]
    }),
  )
}

async function runToEnd(started: StartedExec, tty: boolean): Promise<number> {
  const disconnect = connectTerminal(started, { tty, resize: (size) => started.resize(size) })
  try {
    for await (const { stream, bytes } of readOutput(started.output, tty)) process[stream].write(bytes)
    return await started.exitCode()
  } finally {
    disconnect()
    started.destroy()
  }
}
