// Starts the git program: argument arrays, an environment of our own, no hooks, no prompts, no user configuration.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { fail } from '@pushway/core/reason/errors.ts'

/** What every git process of one repositories folder shares. */
export interface GitContext {
  /** The configuration file that stands in for the user's and the system's. */
  readonly config: string
  readonly home: string
  /** Transports that fetches may use: `https:http:ssh`. */
  readonly protocols: string
}

export interface GitRun {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  readonly input?: Uint8Array
  /** More output than this is a failure; 256 MiB unless told. */
  readonly maxBytes?: number
}

export interface GitResult {
  readonly exit: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** The environment of a git process. Nothing of ours but PATH and proxy settings passes through. */
function gitEnvironment(context: GitContext, extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const passed: Record<string, string> = {}
  for (const name of ['PATH', 'TMPDIR', 'https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY', 'no_proxy', 'NO_PROXY', 'SSL_CERT_FILE', 'SSH_AUTH_SOCK']) {
    const value = process.env[name]
    if (value !== undefined) passed[name] = value
  }
  return {
    ...passed,
    HOME: context.home,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: context.config,
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: 'true',
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
    GIT_ALLOW_PROTOCOL: context.protocols,
    ...extra,
  }
}

/** Starts git with pipes on all three streams. */
export function spawnGit(context: GitContext, args: readonly string[], options: GitRun = {}): ChildProcessWithoutNullStreams {
  return spawn('git', args, {
    cwd: options.cwd ?? context.home,
    env: gitEnvironment(context, options.env),
    shell: false,
    signal: options.signal,
    stdio: 'pipe',
  })
}

/** Runs git to its end and gives what it wrote, whatever its exit code. @throws PushwayError `program-missing` */
export function runGit(context: GitContext, args: readonly string[], options: GitRun = {}): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawnGit(context, args, options)
    const out: Buffer[] = []
    let size = 0
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > (options.maxBytes ?? 256 * 1024 * 1024)) child.kill('SIGKILL')
      else out.push(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < 16_384) stderr += chunk.toString()
    })
    // The program may end before it has read its input; its exit code tells.
    child.stdin.on('error', () => {})
    child.on('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ENOENT' ? missingGit() : error))
    child.on('close', (exit) => resolve({ exit: exit ?? 128, stdout: Buffer.concat(out), stderr }))
    child.stdin.end(options.input)
  })
}

/** As `runGit`, for commands that must succeed. @throws PushwayError `command-failed`, `program-missing` */
export async function git(context: GitContext, args: readonly string[], options: GitRun = {}): Promise<Buffer> {
  const result = await runGit(context, args, options)
  if (result.exit !== 0) {
    const name = args.find((arg, i) => !arg.startsWith('-') && args[i - 1] !== '-c' && args[i - 1] !== '-C') ?? ''
    throw fail('command-failed', { command: `git ${name}`, exit: result.exit, output: lastLine(result.stderr) })
  }
  return result.stdout
}

/** The last line that says something, without credentials in URLs. */
export function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return withoutCredentials((lines.find((line) => line.startsWith('fatal:')) ?? lines.at(-1) ?? '').trim())
}

/** URLs in a text without their user information. */
export function withoutCredentials(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^/@\s]+@/gi, '$1')
}

function missingGit(): Error {
  return fail('program-missing', { program: 'git', for: 'repositories', install: 'Install git, for example with your package manager.' })
}
