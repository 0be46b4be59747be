// Which server and which project a command means, and the client for them.

import { fail } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import { type ApiClient, createClient } from '../http/client.ts'
import { execProgram } from '../util/exec.ts'
import { readCredentials } from './credentials.ts'

export const defaultUrl = 'http://127.0.0.1:7070'

export interface ServerOptions {
  readonly server?: string
}

export interface ProjectOptions extends ServerOptions {
  readonly project?: string
}

/** A server with the caller's token for it. */
export interface Connection {
  readonly url: string
  readonly token?: string
  readonly client: ApiClient
}

/** A connection, and the project that is meant. */
export interface ProjectConnection extends Connection {
  readonly project: string
}

/** Adds `--server`. */
export function withServer(command: Command): Command {
  return command.option('--server <url>', 'the server (PUSHWAY_URL, or the one you signed in at)')
}

/** Adds `-p` and `--server`. */
export function withProject(command: Command): Command {
  return withServer(command.option('-p, --project <owner/name>', "the project (PUSHWAY_PROJECT, or this folder's git remote at the server)"))
}

/** The server that the options, the environment or the last sign-in name. @throws PushwayError `usage` */
export function connect(options: ServerOptions, env: NodeJS.ProcessEnv = process.env): Connection {
  const named = options.server ?? (env.PUSHWAY_URL || undefined)
  const own = env.PUSHWAY_TOKEN || undefined
  const kept = named !== undefined && own !== undefined ? { servers: {} } : readCredentials()
  const url = normalizeUrl(named ?? ('current' in kept && kept.current ? kept.current : defaultUrl))
  const token = own ?? kept.servers[url]?.token
  return { url, ...(token === undefined ? {} : { token }), client: createClient({ url, ...(token === undefined ? {} : { token }) }) }
}

/** The server and the project that are meant. @throws PushwayError `usage` when there is no telling which project */
export async function connectProject(options: ProjectOptions, env: NodeJS.ProcessEnv = process.env): Promise<ProjectConnection> {
  const connection = connect(options, env)
  const named = options.project ?? (env.PUSHWAY_PROJECT || undefined)
  if (named !== undefined) return { ...connection, project: checkProject(named) }
  const project = await projectOfFolder(connection.url)
  if (project === undefined)
    throw fail('usage', {
      problem: `Which project? No git remote of this folder points to ${connection.url}.`,
      hint: 'Name it with -p OWNER/NAME, or set PUSHWAY_PROJECT.',
    })
  return { ...connection, project }
}

/** The address without what would make it another key: trailing slashes, paths of pages. @throws PushwayError `usage` */
export function normalizeUrl(text: string): string {
  const url = /^https?:\/\//.test(text) ? text : `http://${text}`
  if (!URL.canParse(url)) throw fail('usage', { problem: `"${text}" is no address of a server.`, hint: `Write it as ${defaultUrl}.` })
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname.replace(/\/+$/, '')}`
}

/** @throws PushwayError `usage` */
export function checkProject(text: string): string {
  if (/^[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+$/.test(text)) return text
  throw fail('usage', { problem: `"${text}" is no project.`, hint: 'Write OWNER/NAME: acme/hello.' })
}

async function projectOfFolder(url: string): Promise<string | undefined> {
  const listed = await execProgram(['git', 'remote', '-v'], { timeoutMs: 10_000 }).catch(() => undefined)
  return listed?.exit === 0 ? projectOfRemotes(listed.stdout, url) : undefined
}

/** The project of the first remote (as `git remote -v` lists them) that is at `url`. */
export function projectOfRemotes(listing: string, url: string): string | undefined {
  for (const line of listing.split('\n')) {
    const address = line.split('\t')[1]?.replace(/ \((fetch|push)\)$/, '') ?? ''
    if (!/^https?:\/\//.test(address) || !URL.canParse(address) || hostOf(address) !== hostOf(url)) continue
    const path = new URL(address).pathname.slice(new URL(url).pathname.replace(/\/+$/, '').length)
    const [, project] = /^\/([A-Za-z0-9._-]+\/[A-Za-z0-9._-]+?)(?:\.git)?\/?$/.exec(path) ?? []
    if (project !== undefined) return project
  }
  return undefined
}

/** `localhost` and `127.0.0.1` are one machine. */
function hostOf(text: string): string {
  const { hostname, port, protocol } = new URL(text)
  const name = ['localhost', '[::1]', '127.0.0.1'].includes(hostname) ? 'localhost' : hostname
  return `${name}:${port || (protocol === 'https:' ? '443' : '80')}`
}
