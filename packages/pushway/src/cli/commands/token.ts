// pushway token: tokens of one's own, for scripts and other machines.

import { fail } from '@pushway/core/reason/errors.ts'
import { parseDuration } from '@pushway/core/text/duration.ts'
import { type Command, Option } from 'commander'
import type { TokenView } from '../../ports/accounts.ts'
import { checkProject, connect, type ServerOptions, withServer } from '../connection.ts'
import { note, type OutputFormat, printList, printOne, type Shape, withOutput } from '../output.ts'

const day = 86_400_000

const shape: Shape<TokenView> = {
  name: (token) => `token/${token.id}`,
  none: 'You have no tokens.',
  columns: [
    { title: 'ID', text: (token) => token.id },
    { title: 'LABEL', text: (token) => token.label },
    { title: 'SCOPE', text: (token) => token.scope },
    { title: 'PROJECT', text: (token) => token.project ?? '(all)' },
    { title: 'EXPIRES', text: (token) => (token.expiresAt === undefined ? 'never' : new Date(token.expiresAt).toISOString().slice(0, 10)) },
    { title: 'AGE', text: (token, screen) => screen.when(token.createdAt) },
  ],
}

interface CreateOptions extends ServerOptions {
  readonly scope: 'read' | 'write'
  readonly label: string
  readonly expires?: number
  readonly only?: string
  readonly output: OutputFormat
}

/** Adds `pushway token`. */
export function register(program: Command): void {
  const token = program.command('token').summary('your tokens: create, ls, revoke').description('Tokens of your own, for scripts, git and docker.')
  withOutput(
    withServer(
      token
        .command('create')
        .description('Makes a token and prints it, once.')
        .addOption(new Option('--scope <scope>', 'what it may do').choices(['read', 'write']).default('write'))
        .option('--label <text>', 'what it is for', 'pushway token create')
        .option('--expires <time>', 'after how long it stops working: 30d', parseExpiry)
        .option('--only <owner/name>', 'only for this project', checkProject),
    ),
  ).action(create)
  withOutput(withServer(token.command('ls').description('Your tokens, without their text.'))).action(list)
  withServer(token.command('revoke').description('Makes a token stop working.').argument('<id>', 'as `pushway token ls` shows it')).action(revoke)
}

/** Whole days; a shorter time is one day. @throws PushwayError `usage` */
export function parseExpiry(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms <= 0 || ms > 3650 * day)
    throw fail('usage', { problem: `"${text}" is no length of time from 1d to 3650d.`, hint: 'Write days or hours: 30d.' })
  return Math.ceil(ms / day)
}

async function create({ scope, label, expires, only, output, ...server }: CreateOptions): Promise<void> {
  const { client } = connect(server)
  const { name } = await client.me()
  const issued = await client.createToken(name, {
    label,
    scope,
    ...(expires === undefined ? {} : { days: expires }),
    ...(only === undefined ? {} : { project: only }),
  })
  await printOne(issued, output, { name: issued.token, describe: () => issued.token })
  note('It is not shown again.')
}

async function list(options: ServerOptions & { readonly output: OutputFormat }): Promise<void> {
  const { client } = connect(options)
  await printList(await client.tokens((await client.me()).name), options.output, shape)
}

async function revoke(id: string, options: ServerOptions): Promise<void> {
  const { client } = connect(options)
  await client.revokeToken((await client.me()).name, id)
  note(`Token ${id} does not work any more.`)
}
