// Starts processes from a small shell: starting one from Node.js copies the tables of all its memory, which takes longer than most steps.
// The shell waits for requests on its standard input, says what it started and how that ended, and ends when we do.

import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import type { Duplex } from 'node:stream'
import { makeMemoryDir } from '../util/memory-dir.ts'
import { endProcess } from '../util/process-identity.ts'
import { machineVariables } from './machine-variables.ts'
import { createOutputPipes, type OutputPipes } from './process-output.ts'
import type { Running, StartOptions } from './start-process.ts'

/**
 * Job control (`set -m`) gives each process a group of its own and leaves SIGINT to it; `-f` waits for the end of one that is only stopped.
 * A request is a file with shell commands that we have written.
 */
const loop = `
cd / && mkfifo -m 600 -- "$1/out-0" "$1/out-1" || exit 1
set -m
final=; [ "\${BASH_VERSINFO[0]}" -ge 5 ] && final=-f
printf 'ready\\n' >&3
while read -r request; do
  last=$!
  . "$1/$request"
  if [ "$!" = "$last" ]; then
    printf '%s ended -1\\n' "$request" >&3
    continue
  fi
  printf '%s started %s\\n' "$request" "$!" >&3
  wait $final "$!"
  printf '%s ended %s\\n' "$request" "$?" >&3
done
`

export interface ShellSpawner {
  /** Undefined for what it can't start exactly: the caller does it itself then. @throws Error with the code ENOENT */
  start(argv: readonly string[], options: StartOptions & { readonly onGroup: (pid: number) => void }): Promise<Running | undefined>
  /** It may start the next one. */
  readonly idle: boolean
}

/** Shells that no job uses just now. */
const free: Promise<ShellSpawner | undefined>[] = []

/** Begins to start one, so that it is there when the first job wants it. */
export function warmShellSpawner(): void {
  if (free.length === 0) free.push(openOrNot())
}

/** One for a job's own use; undefined where there can be none: without bash, or without room for its files. */
export async function takeShellSpawner(): Promise<ShellSpawner | undefined> {
  const spawner = await (free.pop() ?? openOrNot())
  return spawner === undefined || spawner.idle ? spawner : takeShellSpawner()
}

export function giveShellSpawner(spawner: ShellSpawner | undefined): void {
  if (spawner?.idle) free.push(Promise.resolve(spawner))
}

function openOrNot(): Promise<ShellSpawner | undefined> {
  return openShellSpawner().catch(() => undefined)
}

/** Removed when this process ends. */
const folders: string[] = []

function removeFolders(): void {
  for (const dir of folders) rmSync(dir, { recursive: true, force: true })
}

async function openShellSpawner(): Promise<ShellSpawner> {
  const dir = makeMemoryDir('pushway-shell-')
  folders.push(dir)
  if (folders.length === 1) process.once('exit', removeFolders)
  const env = { LANG: 'C.UTF-8', ...machineVariables() }
  const shell = spawn('bash', ['--noprofile', '--norc', '-c', loop, 'bash', dir], {
    cwd: dir,
    env,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
  })
  const talk = listen(shell)
  await inTime(talk.ready, shell)
  const pipes = createOutputPipes(dir, { ready: [join(dir, 'out-0'), join(dir, 'out-1')] })
  const found = new Set<string>()
  const has = new Map(Object.entries(env))
  let count = 0
  let reserved = false
  return {
    get idle() {
      return talk.alive() && !reserved && !talk.busy()
    },
    async start(argv, options) {
      if (!talk.alive() || reserved || talk.busy() || !carries(options.env)) return undefined
      const [program = ''] = argv
      const key = `${program}\0${options.env.PATH}\0${options.cwd}`
      if (!found.has(key) && !isThere(program, options)) throw Object.assign(new Error(`${program} is not there`), { code: 'ENOENT' })
      found.add(key)
      // Nobody else comes between this and the request.
      reserved = true
      return request(talk, { argv, ...options, has, pipes, file: join(dir, String(count)), number: String(count++) }).finally(() => {
        reserved = false
      })
    },
  }
}

/** A shell that does not come up is left alone: processes are started without it then. */
async function inTime(ready: Promise<void>, shell: ChildProcess): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('The shell that starts processes did not come up.')), readyWithinMs)
  })
  try {
    await Promise.race([ready, late])
  } catch (error) {
    shell.kill('SIGKILL')
    throw error
  } finally {
    clearTimeout(timer)
  }
}

const readyWithinMs = 5_000

/** What is said with the shell; one request at a time. */
interface Talk {
  readonly ready: Promise<void>
  alive(): boolean
  busy(): boolean
  /** The exit code of what the request starts; -1: nobody knows it. */
  send(number: string, onStarted: (pid: number) => void): Promise<number>
}

function listen(shell: ChildProcess): Talk {
  const [requests, , , said] = shell.stdio as unknown as [Duplex, null, null, Duplex & { ref(): void; unref(): void }]
  let alive = true
  let current: { readonly number: string; readonly onStarted: (pid: number) => void; readonly onEnded: (code: number) => void } | undefined
  let rest = ''
  let onReady: (problem?: Error) => void = () => undefined
  const ready = new Promise<void>((resolve, reject) => {
    onReady = (problem) => (problem ? reject(problem) : resolve())
  })
  const take = (line: string) => {
    if (line === 'ready') return onReady()
    const [number, what, value] = line.split(' ')
    if (current === undefined || number !== current.number) return
    if (what === 'started') return current.onStarted(Number(value))
    const { onEnded } = current
    current = undefined
    said.unref()
    onEnded(Number(value))
  }
  const gone = () => {
    alive = false
    onReady(new Error('The shell that starts processes has ended.'))
    current?.onEnded(-1)
    current = undefined
  }
  said.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  })
  said.on('close', gone)
  said.on('error', gone)
  shell.on('error', gone)
  requests.on('error', gone)
  // It must keep nobody from ending: it ends with us.
  shell.unref()
  for (const stream of [requests, said] as unknown as { unref(): void }[]) stream.unref()
  void ready.then(
    () => said.unref(),
    () => undefined,
  )
  said.ref()
  return {
    ready,
    alive: () => alive,
    busy: () => current !== undefined,
    send: (number, onStarted) =>
      new Promise((resolve) => {
        current = { number, onStarted, onEnded: resolve }
        said.ref()
        requests.write(`${number}\n`)
      }),
  }
}

type Request = StartOptions & {
  readonly onGroup: (pid: number) => void
  readonly argv: readonly string[]
  /** The variables that the shell has by now. */
  readonly has: Map<string, string>
  readonly pipes: OutputPipes
  readonly file: string
  readonly number: string
}

async function request(talk: Talk, of: Request): Promise<Running> {
  const output = await of.pipes.open(of.onOutput)
  writeFileSync(of.file, requestText(of, output.fifo), { mode: 0o600, flag: 'wx' })
  let pid: number | undefined
  const waiting: NodeJS.Signals[] = []
  const release = () => {
    output.started()
    unlinkSync(of.file)
  }
  const ended = talk.send(of.number, (started) => {
    // The process holds the pipe itself from now on.
    release()
    pid = started
    of.onGroup(pid)
    for (const signal of waiting) endProcess(-pid, signal)
  })
  return {
    ended: ended.then(async (code) => {
      if (pid === undefined) release()
      if (code < 0) throw new Error('The shell that starts the processes of this job was ended, so that nobody knows how this one ended.')
      await output.drained()
      return code
    }),
    signal: (signal) => (pid === undefined ? void waiting.push(signal) : endProcess(-pid, signal)),
  }
}

/**
 * What the shell does: it opens the output before it forks, so that the reader sees no end before there is a writer. It keeps the
 * variables for the next request, which sets only what is new: most are the same, and setting the language again reads tables.
 */
function requestText({ argv, cwd, env, has }: Request, fifo: string): string {
  const fresh = Object.entries(env).filter(([name, value]) => has.get(name) !== value)
  const surplus = [...has.keys()].filter((name) => !(name in env))
  for (const [name, value] of fresh) has.set(name, value)
  for (const name of surplus) has.delete(name)
  return [
    ...fresh.map(([name, value]) => `export ${name}=${quote(value)}`),
    ...(surplus.length > 0 ? [`unset ${surplus.join(' ')}`] : []),
    `exec 4>${quote(fifo)}`,
    '(',
    `cd -- ${quote(cwd)} >/dev/null || exit 126`,
    'unset OLDPWD SHLVL',
    `exec -- ${argv.map(quote).join(' ')} </dev/null >&4 2>&1 3>&- 4>&-`,
    ') &',
    'exec 4>&-',
    '',
  ].join('\n')
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** Variables that a shell has for itself, or can't have at all. */
const own =
  /^(_|PWD|OLDPWD|SHLVL|IFS|UID|EUID|PPID|GROUPS|RANDOM|SRANDOM|SECONDS|LINENO|EPOCH\w*|DIRSTACK|FUNCNAME|HIST\w*|OPT\w*|PIPESTATUS|SHELLOPTS|POSIXLY_CORRECT|BASH\w*|COMP_\w*|COPROC|MAILCHECK|REPLY|TMOUT|PS[0-4]|FCEDIT|GLOBIGNORE|CHILD_MAX|auto_resume)$/

function carries(env: Readonly<Record<string, string>>): boolean {
  return Object.keys(env).every((name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !own.test(name))
}

/** Whether the system would find the program, as it looks for it. */
function isThere(program: string, { cwd, env }: StartOptions): boolean {
  const paths = program.includes('/') ? [resolve(cwd, program)] : (env.PATH ?? '').split(delimiter).map((dir) => resolve(cwd, dir || '.', program))
  return paths.some((path) => {
    try {
      accessSync(path, constants.X_OK)
      return statSync(path).isFile()
    } catch {
      return false
    }
  })
}
