// A real server for tests: the program itself as a child process on a data folder of its own, with a client that is signed in.

import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { signIn } from '../../packages/pushway/src/cli/sign-in.ts'
import { type ApiClient, createClient } from '../../packages/pushway/src/http/client.ts'
import { selfCommand } from '../../packages/pushway/src/util/self.ts'
import { tempDir } from './temp.ts'

export interface CommandResult {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandCall {
  /** What the program reads on its standard input; empty when absent. */
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** After this long it is killed and the call fails; one minute when absent. */
  readonly timeoutMs?: number
  /** A program that runs it, such as `setpriv` with its options: as another user. */
  readonly as?: readonly string[]
}

export interface ServerOptions {
  /** The data folder; a new one when absent. */
  readonly data?: string
  /** 0 (any free one) when absent. */
  readonly port?: number
  readonly env?: Readonly<Record<string, string>>
  /** More options of `pushway server`. */
  readonly args?: readonly string[]
  /** The token of an earlier start of the same folder: there is no first sign-in then. */
  readonly token?: string
  /** The program to start instead of this one: an older build. */
  readonly program?: readonly string[]
}

export interface TestServer {
  readonly url: string
  readonly data: string
  /** The administrator's. */
  readonly token: string
  readonly client: ApiClient
  readonly pid: number
  /** From the start of the process to its first answer, milliseconds. */
  readonly startedInMs: number
  /** How it isolates jobs and services, as it says at its start. */
  readonly isolation: string
  /** What it has said on its standard error so far. */
  said(): string
  /** The command line, connected to this server and signed in. */
  cli(args: readonly string[], call?: CommandCall): Promise<CommandResult>
  /** SIGKILL to the control plane alone; services, proxy and agent go on. */
  kill(): Promise<void>
  /** SIGTERM to the control plane alone. */
  terminate(): Promise<void>
  /** Ends everything of the data folder. May be called twice. */
  stop(): Promise<void>
}

const open = new Set<TestServer>()

// Benchmarks start servers too, outside the test runner; they stop them themselves.
if (process.env.VITEST !== undefined) {
  afterAll(async () => {
    for (const server of open) await server.stop()
  })
}

/** The program as the tests run it: the bundle where `npm test` has made it (or the one that is named), else the sources. */
export function programCommand(): readonly string[] {
  const bundle = process.env.PUSHWAY_TEST_BUNDLE
  if (bundle?.endsWith('.js')) return [process.execPath, bundle]
  if (bundle !== '1') return selfCommand()
  return [process.execPath, fileURLToPath(new URL('../../packages/pushway/dist/main.js', import.meta.url))]
}

/** Runs the program to its end. Nothing of the caller's own sign-in or settings reaches it. */
export function runProgram(args: readonly string[], call: CommandCall = {}): Promise<CommandResult> {
  const [program = '', ...rest] = [...(call.as ?? []), ...programCommand(), ...args]
  const child = spawn(program, rest, { env: cleanEnv(call.env), ...(call.cwd ? { cwd: call.cwd } : {}), stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.on('error', () => undefined)
  child.stdin.end(call.input ?? '')
  const stdout = textOf(child.stdout)
  const stderr = textOf(child.stderr)
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`pushway ${args.join(' ')} hangs: ${stdout()}${stderr()}`))
    }, call.timeoutMs ?? 60_000)
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ exit: code ?? -1, stdout: stdout(), stderr: stderr() })
    })
  })
}

/** Starts a server and signs in as its administrator. It is stopped after the last test of the file, or by `stop`. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const data = options.data ?? join(passableDir(), 'data')
  const command = options.program ?? programCommand()
  const [program = '', ...rest] = [...command, 'server', '--data', data, '--port', String(options.port ?? 0), '-o', 'json', ...(options.args ?? [])]
  const startedAt = performance.now()
  const child = spawn(program, rest, { env: cleanEnv(options.env), stdio: ['ignore', 'pipe', 'pipe'] })
  const said = textOf(child.stderr)
  const ready = await firstLine(child)
  const startedInMs = performance.now() - startedAt
  const token = options.token ?? (await firstToken(ready))
  const server: TestServer = {
    url: ready.url,
    data,
    token,
    client: createClient({ url: ready.url, token }),
    pid: child.pid as number,
    startedInMs,
    isolation: ready.isolation,
    said,
    cli: (args, call = {}) => runProgram(args, { ...call, env: { PUSHWAY_URL: ready.url, PUSHWAY_TOKEN: token, ...call.env } }),
    kill: () => end(child, 'SIGKILL'),
    terminate: () => end(child, 'SIGTERM'),
    async stop() {
      open.delete(server)
      await end(child, 'SIGTERM')
      await runProgram(['down', '--all', '--data', data])
    },
  }
  open.add(server)
  return server
}

interface Ready {
  readonly url: string
  readonly isolation: string
  readonly signIn?: string
}

async function firstToken({ url, signIn: address }: Ready): Promise<string> {
  if (address === undefined) throw new Error('this data folder has users already: give startServer the token of its first start')
  return (await signIn(url, { token: address.slice(address.indexOf('#') + 1) }, 'tests')).token
}

/** The line of JSON that the server prints when it is up. */
function firstLine(child: ChildProcess): Promise<Ready> {
  const { stdout, stderr } = child
  if (!stdout || !stderr) throw new Error('the server was started without pipes')
  const problems = textOf(stderr)
  return new Promise((resolve, reject) => {
    let text = ''
    const failed = (code: number | null) => reject(new Error(`the server ended with ${code}: ${problems()}`))
    const onData = (chunk: Buffer) => {
      text += chunk.toString('utf8')
      const end = text.indexOf('\n')
      if (end < 0) return
      child.off('exit', failed)
      stdout.off('data', onData)
      stdout.resume()
      resolve(JSON.parse(text.slice(0, end)) as Ready)
    }
    child.once('error', reject)
    child.once('exit', failed)
    stdout.on('data', onData)
  })
}

function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill(signal)
  })
}

/** Jobs and services may run as users of their own: they must get through to what is theirs below. */
function passableDir(): string {
  const dir = tempDir('server')
  chmodSync(dir, 0o711)
  return dir
}

function cleanEnv(env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('PUSHWAY_') || name === 'PUSHWAY_ISOLATION' || name === 'PUSHWAY_DEBUG')
  // Not the tester's own sign-in: a test that signs in names a folder for it.
  return { ...Object.fromEntries(own), XDG_CONFIG_HOME: join(tmpdir(), 'pushway-no-config'), ...env }
}

function textOf(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString('utf8')
}
