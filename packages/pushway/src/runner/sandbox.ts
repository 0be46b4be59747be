// Where the processes of a job run: one set of namespaces for the whole job, entered by each of its processes.
// Services that a step leaves running stay for the next step, as on GitHub; at the end everything that is left is ended.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { guardCommand, type Isolation, isolateCommand, systemProgram, writeUsers } from '../util/isolation/index.ts'
import { childProcesses, endMarkedProcesses, endProcess, processesNow } from '../util/process-identity.ts'
import { createOutputPipes, type OutputPipes } from './process-output.ts'
import { giveShellSpawner, takeShellSpawner } from './shell-spawner.ts'
import { type Running, type StartOptions, startProcess } from './start-process.ts'

export interface SandboxOptions {
  readonly isolation: Isolation
  readonly hide: readonly string[]
  readonly keep: readonly string[]
  readonly keepReadOnly: readonly string[]
  readonly uid?: number
  /** In the environment of every process of the job. */
  readonly mark: string
  /** For named pipes: a folder of the worker's. */
  readonly pipesDir: string
}

export interface Sandbox {
  /** The error of one that could not be started is that of `ended`, or this one's. */
  start(argv: readonly string[], options: StartOptions): Promise<Running>
  /** Ends every process of the job. */
  close(): Promise<void>
}

/** Says that the namespaces stand, then holds them as long as the worker lives: its standard input ends with the worker. */
const holderScript = 'echo ready; exec cat >/dev/null'
/** Enters the working directory by its name inside the namespaces, and becomes the program. */
const enterScript = 'cd -- "$1" || exit 126; shift; exec "$@"'

/** @throws Error when the namespaces can't be made: nothing of the job has run then */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { isolation } = options
  if (isolation.kind === 'none' || !isolation.mounts) return plainSandbox(options)
  const holder = await startHolder(options)
  const pids = isolation.pids
  const enter = [...enterArguments(isolation, holder.pid as number), '--', ...(pids ? [systemProgram('setsid')] : []), ...dropArguments(options)]
  const groups = new Set<number>()
  const pipes = pipesOf(options)
  return {
    async start(argv, { cwd, env, onOutput }) {
      // What enters and gives up the rights must not be steered by the job's own PATH or environment.
      // Behind the shell, which would drop variables whose names have dashes: inputs of actions.
      const guarded = guardCommand([...enter, systemProgram('sh'), '-c', enterScript, 'sh', cwd], { argv, env })
      const running = await startProcess({ argv: guarded.argv, cwd: '/', env: guarded.env ?? {}, onOutput, pipes }, (child, signal) =>
        signalEntered(child, pids, signal),
      )
      if (running.pid !== undefined && !pids) groups.add(running.pid)
      return running
    },
    async close() {
      pipes.close()
      for (const group of groups) endProcess(-group)
      holder.stdin?.end()
      await ended(holder, () => endProcess(-(holder.pid as number)))
      if (!pids) endMarkedProcesses(options.mark)
    },
  }
}

/** Without namespaces: process groups, and at the end everything that carries the mark. */
function plainSandbox(options: SandboxOptions): Sandbox {
  const groups = new Set<number>()
  const uid = options.isolation.kind === 'uid' ? options.uid : undefined
  const pipes = pipesOf(options)
  const before = processesNow()
  // A shell with our own rights can't start processes of another user.
  const shell = uid === undefined ? takeShellSpawner() : undefined
  return {
    async start(argv, wanted) {
      const byShell = await (await shell)?.start(argv, { ...wanted, onGroup: (pid) => groups.add(pid) })
      if (byShell !== undefined) return byShell
      const running = await startProcess(
        { argv, ...wanted, pipes, ...(uid === undefined ? {} : { uid }) },
        ({ pid }, signal) => pid !== undefined && endProcess(-pid, signal),
      )
      if (running.pid !== undefined) groups.add(running.pid)
      return running
    },
    async close() {
      pipes.close()
      for (const group of groups) endProcess(-group)
      endMarkedProcesses(options.mark, before)
      giveShellSpawner(await shell)
    },
  }
}

function pipesOf({ isolation, uid, pipesDir }: SandboxOptions): OutputPipes {
  return createOutputPipes(pipesDir, isolation.kind === 'uid' && uid !== undefined ? { uid } : {})
}

function startHolder(options: SandboxOptions): Promise<ChildProcess> {
  const { isolation, hide, keep, keepReadOnly, uid, pipesDir } = options
  const existing = (dirs: readonly string[]) => dirs.filter((dir) => existsSync(dir))
  // No uid: root's own pid 1 can't be touched by the job's processes.
  const command = isolateCommand(isolation, {
    argv: [systemProgram('sh'), '-c', holderScript],
    hide: existing(hide),
    keep: existing(keep),
    keepReadOnly: existing(keepReadOnly),
    pidNamespace: true,
    over: isolation.kind === 'uid' && uid !== undefined ? writeUsers(pipesDir, uid) : [],
  })
  const [program = '', ...args] = command.argv
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin' }
  const holder = spawn(program, args, { cwd: '/', env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
  holder.stdin.on('error', () => undefined)
  return new Promise((resolve, reject) => {
    let said = ''
    holder.stderr.on('data', (chunk) => (said += chunk))
    holder.once('error', reject)
    holder.once('exit', () => reject(new Error(`The job could not be isolated: ${said.trim() || 'its namespaces could not be made'}.`)))
    holder.stdout.once('data', () => resolve(holder))
  })
}

function enterArguments(isolation: Isolation, holder: number): readonly string[] {
  const ns = `/proc/${holder}/ns`
  const user = isolation.kind === 'namespaces' ? [`--user=${ns}/user`, '--preserve-credentials'] : []
  return [systemProgram('nsenter'), ...user, `--mount=${ns}/mnt`, ...(isolation.pids ? [`--pid=${ns}/pid_for_children`] : [])]
}

function dropArguments({ isolation, uid }: SandboxOptions): readonly string[] {
  if (isolation.kind === 'namespaces')
    return [systemProgram('setpriv'), '--no-new-privs', '--ambient-caps=-all', '--inh-caps=-all', '--bounding-set=-all', '--']
  if (uid === undefined) return []
  return [systemProgram('setpriv'), '--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--no-new-privs', '--']
}

/** With a pid namespace the program leads a group of its own below `nsenter`, which stays outside and hands on its exit code. */
function signalEntered(child: ChildProcess, pids: boolean, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  if (!pids) endProcess(-child.pid, signal)
  else
    for (const inner of childProcesses(child.pid)) {
      endProcess(-inner, signal)
      endProcess(inner, signal)
    }
}

function ended(child: ChildProcess, force: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(force, 2000)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
