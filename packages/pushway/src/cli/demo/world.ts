// The world of the demo: a server of its own with three people on it, and how all of it ends.

import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fail } from '@pushway/core/reason/errors.ts'
import { type ApiClient, createClient } from '../../http/client.ts'
import { selfCommand } from '../../util/self.ts'
import { signIn } from '../sign-in.ts'
import { type Ready, readReady } from './schema.ts'

export const project = 'acme/hello'

/** Where everything of one demo is. */
export interface Place {
  /** Made for the demo, and removed with it. */
  readonly dir: string
  /** The server's data folder. */
  readonly data: string
  /** Whether the data folder goes too. */
  readonly ownData: boolean
}

export interface DemoServer {
  readonly child: ChildProcess
  readonly url: string
  readonly signInToken: string
  readonly isolation: string
}

/** The three people of the demo, each with a client of their own. */
export interface People {
  readonly admin: ApiClient
  /** Writes the code. */
  readonly ada: ApiClient
  readonly adaToken: string
  /** Reviews. */
  readonly grace: ApiClient
}

/** A new folder for the demo; with `--data` that folder for the server, which must be empty. @throws PushwayError `usage` */
export function openPlace(data: string | undefined): Place {
  // Links resolved: on some systems the temporary folder is one, and paths are compared.
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'pushway-demo-')))
  // The users that jobs and services run as pass through to their own folders.
  chmodSync(dir, 0o711)
  if (data === undefined) return { dir, data: join(dir, 'data'), ownData: true }
  const own = resolve(data)
  if (existsSync(own) && readdirSync(own).length > 0) {
    rmSync(dir, { recursive: true, force: true })
    throw fail('usage', { problem: `The folder ${own} is not empty.`, hint: 'The demo starts with a server of its own: give --data an empty or new folder.' })
  }
  return { dir, data: own, ownData: false }
}

/** The folder of the examples that come with the program. @throws PushwayError `usage` */
export function examplesFolder(): string {
  const entry = selfCommand().at(-1) ?? ''
  const folder = join(dirname(entry), '../../../examples')
  if (!existsSync(join(folder, 'hello/pushway.yml')))
    throw fail('usage', { problem: 'The demo needs the examples of the checkout, and they are not here.', hint: 'Run it in the checkout: npm run demo' })
  return folder
}

/** Starts the program itself as a server; returns when it answers. */
export async function startServer({ data }: Place, signal: AbortSignal): Promise<DemoServer> {
  const logs = join(data, 'logs')
  mkdirSync(logs, { recursive: true, mode: 0o700 })
  const errors = join(logs, 'server.err')
  const log = openSync(errors, 'a', 0o600)
  // The demo signs in with the one-time address, whatever password the caller's environment has for other servers.
  const { PUSHWAY_ADMIN_PASSWORD: _, ...env } = process.env
  const [program = '', ...args] = [...selfCommand(), 'server', '--data', data, '--host', '127.0.0.1', '--port', '0', '-o', 'json']
  // A session of its own: Ctrl-C reaches the demo alone, which then ends things in their order.
  const child = spawn(program, args, { detached: true, env, shell: false, stdio: ['ignore', 'pipe', log] })
  closeSync(log)
  try {
    const ready = await readFirstLine(child, errors, signal)
    return { child, url: ready.url, signInToken: ready.signIn?.split('#')[1] ?? '', isolation: ready.isolation }
  } catch (error) {
    await endServer(child)
    throw error
  }
}

function readFirstLine(child: ChildProcess, errors: string, signal: AbortSignal): Promise<Ready> {
  const said = () => readFileSync(errors, 'utf8').trim().split('\n').slice(0, 2).join(' ').replace(/\.$/, '')
  return new Promise((resolve, reject) => {
    const stop = (why: unknown) => reject(why)
    signal.addEventListener('abort', () => stop(signal.reason), { once: true })
    child.once('error', (error) => stop(fail('command-failed', { command: 'pushway server', exit: -1, output: error.message })))
    child.once('exit', (code) => stop(fail('command-failed', { command: 'pushway server', exit: code ?? -1, output: said() })))
    setTimeout(() => stop(fail('command-failed', { command: 'pushway server', exit: -1, output: 'it was not ready within 60 s' })), 60_000).unref()
    if (child.stdout) createInterface({ input: child.stdout }).once('line', (line) => resolve(readReady(line)))
  })
}

/** The administrator signs in with the one-time address, makes the project and its two members; each of them gets a token of their own. */
export async function invitePeople({ url, signInToken }: DemoServer): Promise<People> {
  const enter = async (token: string) => {
    const signedIn = await signIn(url, { token }, 'demo')
    return { client: createClient({ url, token: signedIn.token }), token: signedIn.token }
  }
  const admin = (await enter(signInToken)).client
  await admin.createProject(project)
  const invite = async (name: string) => {
    const { signIn: link } = await admin.createUser(name)
    await admin.setMember(project, name, 'write')
    return enter(link.token)
  }
  const ada = await invite('ada')
  const grace = await invite('grace')
  return { admin, ada: ada.client, adaToken: ada.token, grace: grace.client }
}

/** Free ports of this machine, below those that outgoing connections are given. */
export async function pickPorts(count: number): Promise<readonly number[]> {
  const found: number[] = []
  for (let tries = 0; found.length < count && tries < 500; tries++) {
    const port = 10_000 + Math.floor(Math.random() * 7_000)
    if (!found.includes(port) && (await isFree(port))) found.push(port)
  }
  return found
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** Cancels what still runs, so that no job outlives the server; a server that is gone has nothing to cancel. */
export async function cancelRuns(admin: ApiClient): Promise<void> {
  const active = async () => (await admin.runs(project, 50)).filter((run) => run.status !== 'finished')
  try {
    for (const run of await active()) await admin.cancelRun(project, run.number, true)
    for (let waited = 0; waited < 5_000 && (await active()).length > 0; waited += 100) await sleep(100)
  } catch {
    // The way down goes on.
  }
}

/** Ends the control plane as its administrator would; by force when it does not end. */
export async function endServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
  child.kill('SIGTERM')
  await ended
  clearTimeout(force)
}

/** Removes what the demo made on disk. */
export function removePlace({ dir, data, ownData }: Place): void {
  for (const folder of ownData ? [dir] : [dir, join(data, 'work')]) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}
