// pushway logout: forgets a server's token, here and there.

import type { Command } from 'commander'
import { normalizeUrl, type ServerOptions, withServer } from '../connection.ts'
import { readCredentials, removeServer, writeCredentials } from '../credentials.ts'
import { note } from '../output.ts'

/** Adds `pushway logout`. */
export function register(program: Command): void {
  withServer(program.command('logout').summary('forget the token of a server').description('Removes the token that `pushway login` kept.')).action(logout)
}

function logout(options: ServerOptions): void {
  const kept = readCredentials()
  const named = options.server ?? process.env.PUSHWAY_URL
  const url = named ? normalizeUrl(named) : kept.current
  if (url === undefined || kept.servers[url] === undefined) {
    note('You are not signed in.')
  } else {
    writeCredentials(removeServer(kept, url))
    note(`Signed out of ${url}. The token itself ends when it is revoked: pushway token revoke.`)
  }
}
