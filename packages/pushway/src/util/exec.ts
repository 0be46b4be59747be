// Runs an outside program to its end and gives its output: argument arrays only, with a time and an output limit.

import { spawn } from 'node:child_process'
import { fail } from '@pushway/core/reason/errors.ts'

export interface ExecOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** What the program reads on its standard input; nothing when absent. */
  readonly input?: string | Uint8Array
  /** Milliseconds; one minute when absent. */
  readonly timeoutMs?: number
  /** Bytes kept of each stream; what comes after is dropped. 16 MB when absent. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal
}

export interface ExecResult {
  /** -1 when it was ended by a signal. */
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * The program's output and exit code, whatever it is.
 * @throws PushwayError `program-missing` when it is not there, `command-failed` when it takes too long; the signal's reason when aborted
 */
export function execProgram(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const [program = '', ...args] = argv
  const timeoutMs = options.timeoutMs ?? 60_000
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted) return reject(options.signal.reason)
    const child = spawn(program, args, { cwd: options.cwd, env: options.env, shell: false, stdio: ['pipe', 'pipe', 'pipe'] })
    const stdout = collect(options.maxBytes ?? 16 << 20)
    const stderr = collect(options.maxBytes ?? 16 << 20)
    child.stdout.on('data', stdout.add)
    child.stderr.on('data', stderr.add)
    // A program that does not read its input closes it: not our problem, its exit code tells.
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
    const stop = (why: unknown) => {
      finish()
      child.kill('SIGKILL')
      reject(why)
    }
    const timer = setTimeout(
      () => stop(fail('command-failed', { command: commandName(argv), exit: -1, output: `it took longer than ${timeoutMs} ms` })),
      timeoutMs,
    )
    const onAbort = () => stop(options.signal?.reason)
    const finish = () => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
    }
    options.signal?.addEventListener('abort', onAbort)
    child.once('error', (error: NodeJS.ErrnoException) => {
      finish()
      reject(startProblem(program, error))
    })
    child.once('close', (code) => {
      finish()
      resolve({ exit: code ?? -1, stdout: stdout.text(), stderr: stderr.text() })
    })
  })
}

/**
 * What the program prints on its standard output.
 * @throws PushwayError as `execProgram`, and `command-failed` for another exit code than 0, with the end of what it said
 */
export async function execFileText(argv: readonly string[], options: ExecOptions = {}): Promise<string> {
  const result = await execProgram(argv, options)
  if (result.exit === 0) return result.stdout
  const said = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-3).join(' ').slice(-500)
  throw fail('command-failed', { command: commandName(argv), exit: result.exit, output: said })
}

/** Program and subcommand only: later arguments may hold what should not be shown. */
function commandName(argv: readonly string[]): string {
  return argv.slice(0, 2).join(' ')
}

function startProblem(program: string, error: NodeJS.ErrnoException): Error {
  if (error.code === 'ENOENT') return fail('program-missing', { program, for: 'this', install: `Install ${program}.` })
  return fail('command-failed', { command: program, exit: -1, output: error.message })
}

function collect(maxBytes: number): { add: (chunk: Buffer) => void; text: () => string } {
  const chunks: Buffer[] = []
  let size = 0
  return {
    add: (chunk) => {
      if (size < maxBytes) chunks.push(chunk.subarray(0, maxBytes - size))
      size += chunk.length
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
  }
}
