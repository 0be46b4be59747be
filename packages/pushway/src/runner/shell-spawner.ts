// Starts processes from a small shell: starting one from Node.js copies the tables of all its memory, which takes longer than most steps.
// The shell waits for requests on its standard input, says what it started and how that ended, and ends when we do.

import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeMemoryDir, sweepOwnedDirs } from '../util/memory-dir.ts'
import { endProcess, howItEnded } from '../util/process-identity.ts'
import { machineVariables } from './machine-variables.ts'
import { createOutputPipes, type OutputPipes } from './process-output.ts'
import { carries, isThere, requestText } from './shell-request.ts'
import { listenToShell, type Talk } from './shell-talk.ts'
import type { Running, StartOptions } from './start-process.ts'

/**
 * Job control (`set -m`) gives each process a group of its own and leaves SIGINT to it. `wait` also returns for one that is only stopped: then it
 * is asked again. `wait -f` is not for us: it turns for ever when the process ends between its look for it and its waiting (bash 5.2, "wait_for: No
 * record of process"); without `-f` that is 127, and the status is there when it is asked for once more.
 * A request is a file with shell commands that we have written. When we are gone, however we ended, the shell removes the folder:
 * it must not end by SIGPIPE then, which processes of the job get as usual.
 */
const loop = `
cd / && mkfifo -m 600 -- "$1/out-0" "$1/out-1" || exit 1
set -m
trap : PIPE
printf 'ready\\n' >&3
while read -r request; do
  last=$!
  . "$1/$request"
  if [ "$!" = "$last" ]; then
    printf '%s ended -1\\n' "$request" >&3
    continue
  fi
  printf '%s started %s\\n' "$request" "$!" >&3
  wait "$!"
  code=$?
  if [ "$code" = 127 ]; then
    wait "$!"
    code=$?
  fi
  while [ "$code" -gt 128 ] && kill -0 "$!" 2>/dev/null; do
    sleep 0.1
    wait "$!"
    code=$?
  done
  printf '%s ended %s\\n' "$request" "$code" >&3
done
[ ! -d "$1" ] || rm -rf -- "$1"
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

/** A shell that has not said so long that it has started something is not waited for any more, in ms. */
const answersWithinMs = 10_000

/** One of its own, for nobody else. @throws Error where there can be none */
export async function openShellSpawner(answerWithinMs: number = answersWithinMs): Promise<ShellSpawner> {
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
  const talk = listenToShell(shell)
  await inTime(talk.ready, shell)
  void sweepOwnedDirs()
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
      const number = String(count++)
      const file = join(dir, number)
      return request(talk, { argv, ...options, has, pipes, file, claim: `${file}.claim`, number, answerWithinMs }).finally(() => {
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

type Request = StartOptions & {
  readonly onGroup: (pid: number) => void
  readonly argv: readonly string[]
  readonly has: Map<string, string>
  readonly pipes: OutputPipes
  readonly file: string
  readonly claim: string
  readonly number: string
  readonly answerWithinMs: number
}

/** Undefined when the shell has not started it, and never will. */
async function request(talk: Talk, of: Request): Promise<Running | undefined> {
  const output = await of.pipes.open(of.onOutput)
  writeFileSync(of.file, requestText(of, output.fifo), { mode: 0o600, flag: 'wx' })
  let pid: number | undefined
  let onStarted: () => void = () => undefined
  const started = new Promise<void>((resolve) => {
    onStarted = resolve
  })
  const ended = talk.send(of.number, (number) => {
    pid = number
    onStarted()
  })
  const answered = Promise.race([started, ended]).then(() => pid !== undefined)
  const mayRun = await startsInTime(answered, talk, of)
  // The process holds the pipe itself from now on.
  output.started()
  unlinkSync(of.file)
  if (!mayRun) return undefined
  if (pid !== undefined) of.onGroup(pid)
  const stopWatching = pid === undefined ? undefined : watchEnd(pid, talk)
  return {
    ended: ended.then(async (code) => {
      stopWatching?.()
      rmSync(of.claim, { force: true })
      if (code < 0) throw new Error('The shell that starts the processes of this job was ended, so that nobody knows how this one ended.')
      await output.drained()
      return code
    }),
    signal: (signal) => pid !== undefined && endProcess(-pid, signal),
  }
}

/**
 * False when the process does not run and never will: then whoever asked starts it himself. A shell without an answer is ended.
 * @param answered whether it was started
 */
async function startsInTime(answered: Promise<boolean>, talk: Talk, { claim, answerWithinMs }: Request): Promise<boolean> {
  for (let round = 0; round < 2; round++) {
    const answer = await within(answered, answerWithinMs)
    if (answer) return true
    if (takeClaim(claim)) {
      talk.giveUp(-1)
      return false
    }
    // It was started, and the shell is late to say so, or has ended.
  }
  talk.giveUp(-1)
  return true
}

function takeClaim(claim: string): boolean {
  try {
    writeFileSync(claim, '', { mode: 0o600, flag: 'wx' })
    return true
  } catch {
    return false
  }
}

async function within(answered: Promise<boolean>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  try {
    return await Promise.race([answered, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Looks whether the process has ended without a word of the shell: one that was stopped is let go on, one that says nothing then is ended. */
function watchEnd(pid: number, talk: Talk): () => void {
  let before = false
  const timer = setInterval(() => {
    const { running, code } = howItEnded(pid)
    if (!running && before) talk.giveUp(code)
    else if (!running) talk.wake()
    before = !running
  }, 1_000)
  timer.unref()
  return () => clearInterval(timer)
}
