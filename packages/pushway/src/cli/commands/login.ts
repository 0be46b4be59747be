// pushway login: signs in at a server and keeps the token.

import { hostname } from 'node:os'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import { createClient } from '../../http/client.ts'
import { defaultUrl, normalizeUrl } from '../connection.ts'
import { addServer, readCredentials, writeCredentials } from '../credentials.ts'
import { note } from '../output.ts'
import { ask, readInput } from '../prompt.ts'
import { type Proof, readSignInAddress, signIn } from '../sign-in.ts'

interface Options {
  readonly user?: string
  readonly passwordStdin?: boolean
  readonly tokenStdin?: boolean
}

/** Adds `pushway login`. */
export function register(program: Command): void {
  program
    .command('login')
    .summary('sign in at a server')
    .description('Signs in and keeps a token for the server in ~/.config/pushway/credentials.json. A one-time sign-in address signs in by itself.')
    .argument('[url]', 'the server (PUSHWAY_URL, or http://127.0.0.1:7070), or a one-time sign-in address')
    .option('-u, --user <name>', 'the user name; asked for when absent')
    .option('--password-stdin', 'read the password from standard input')
    .option('--token-stdin', 'read a token from standard input and keep it')
    .action(login)
}

async function login(address: string | undefined, options: Options): Promise<void> {
  if (options.passwordStdin && options.tokenStdin)
    throw fail('usage', { problem: 'Standard input is either a password or a token.', hint: 'Leave one of --password-stdin and --token-stdin out.' })
  const once = address === undefined ? undefined : readSignInAddress(address)
  const url = normalizeUrl(once?.url ?? address ?? (process.env.PUSHWAY_URL || defaultUrl))
  const account = options.tokenStdin
    ? await checkToken(url, await readInput())
    : await signIn(url, once ? { token: once.token } : await askProof(options), tokenLabel())
  writeCredentials(addServer(readCredentials(), url, account))
  note(`Signed in at ${url} as ${account.user}.`)
}

async function askProof({ user, passwordStdin }: Options): Promise<Proof> {
  const hint = 'Write: pushway login URL --user NAME --password-stdin < FILE, or use --token-stdin.'
  const name = user ?? (await ask('User', { hint }))
  return { user: name, password: passwordStdin ? await readInput() : await ask('Password', { hidden: true, hint }) }
}

async function checkToken(url: string, token: string): Promise<{ user: string; token: string }> {
  if (token === '') throw fail('usage', { problem: 'The token is empty.', hint: 'Write: pushway login URL --token-stdin < FILE' })
  const { name } = await createClient({ url, token }).me()
  return { user: name, token }
}

function tokenLabel(): string {
  return `pushway login on ${hostname()}`.slice(0, 100)
}
