// pushway server: the control plane of a data folder, with its proxy and agent.

import { join, resolve } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import type { CommandContext, RunningServer } from '../../ports/program.ts'

interface Options {
  readonly data: string
  readonly port: string
  readonly host: string
  readonly alias: readonly string[]
  readonly blobs?: string
  readonly maxBlob?: string
  readonly output?: string
}

/** Adds `pushway server`. */
export function register(program: Command, context: CommandContext): void {
  program
    .command('server')
    .summary('start the server of a data folder')
    .description('Starts the server: git, workflows, registry, deployments and the UI on one port. SIGTERM stops it and leaves services running.')
    .option('--data <dir>', 'where everything is kept', process.env.PUSHWAY_DATA ?? '.pushway')
    .option('--port <n>', 'the one port', process.env.PUSHWAY_PORT ?? '7070')
    .option('--host <address>', 'the address to listen on', process.env.PUSHWAY_HOST ?? '127.0.0.1')
    .option(
      '--alias <host>',
      'a registry host name that means the embedded registry (may be repeated)',
      (host: string, all: readonly string[]) => [...all, host],
      [],
    )
    .option('--blobs <place>', 'where images are kept: s3://BUCKET/PREFIX, with the variables AWS_*; the data folder when absent', process.env.PUSHWAY_BLOBS)
    .option('--max-blob <gb>', 'the largest layer that the registry takes, in GB; 100 when absent', process.env.PUSHWAY_MAX_BLOB)
    .option('-o, --output <format>', 'text or json: how the start is reported')
    .action(async (options: Options) => context.exit(await run(options, context)))
}

async function run(options: Options, context: CommandContext): Promise<number> {
  const data = resolve(options.data)
  const log = context.fileLog(join(data, 'logs', 'server.log'))
  const registryAliases = options.alias.length > 0 ? options.alias : ['ghcr.io']
  const server = await context.serve({
    data,
    host: options.host,
    port: portOf(options.port),
    log,
    registryAliases,
    ...placeOptions(options),
  })
  process.stdout.write(options.output === 'json' ? `${JSON.stringify(ready(server))}\n` : `${greeting(server, data)}\n`)
  await signalled()
  process.stderr.write('Stopping the control plane. Services, the proxy and the agent go on; `pushway down --all` stops them.\n')
  await server.stop()
  return 0
}

/** Where images are kept, and how large a layer may be. */
function placeOptions({ blobs, maxBlob }: Options) {
  if (maxBlob !== undefined && !/^\d+(\.\d+)?$/.test(maxBlob)) throw fail('usage', { problem: `"${maxBlob}" is no size in GB.`, hint: 'Write --max-blob 100.' })
  return { ...(blobs ? { blobs } : {}), ...(maxBlob === undefined ? {} : { blobLimit: Number(maxBlob) * 1e9 }) }
}

function portOf(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw fail('usage', { problem: `"${text}" is no port.`, hint: 'Use a number from 0 (any free one) to 65535.' })
  return port
}

function ready(server: RunningServer) {
  return { url: server.url, isolation: server.isolation.kind, ...(server.firstSignIn ? { signIn: `${server.url}/sign-in#${server.firstSignIn.token}` } : {}) }
}

function greeting(server: RunningServer, data: string): string {
  const lines = [`Pushway is ready at ${server.url} (data in ${data}).`]
  if (server.firstSignIn) lines.push(`Sign in once, as admin: ${server.url}/sign-in#${server.firstSignIn.token}`)
  lines.push(`Push a repository: git remote add pushway ${server.url}/OWNER/NAME.git && git push pushway main`)
  if (server.isolation.kind === 'none') lines.push(`warning: jobs and services are not isolated from this server's data: ${server.isolation.why}`)
  return lines.join('\n')
}

function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}
