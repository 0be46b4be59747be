// Starts a command with an image's files as its root: namespaces by `unshare`, mounts by a constant script.

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import { assetPath } from '../../../../util/assets.ts'
import { systemProgram } from '../../../../util/isolation/index.ts'
import { idBase, idCount } from './types.ts'

export type ViewMount =
  | { readonly kind: 'bind' | 'bind-ro'; readonly from: string; readonly to: string }
  | { readonly kind: 'tmpfs'; readonly to: string; readonly options: string }
  | { readonly kind: 'overlay'; readonly to: string; readonly lower: readonly string[]; readonly work: string; readonly upper: string }
  | { readonly kind: 'proc' | 'dev'; readonly to: string }

export interface EnterRequest {
  readonly ids: 'range' | 'single'
  /** The folder on this machine that becomes `/`. */
  readonly root: string
  /** An empty folder, for what the last steps need. */
  readonly tools: string
  /** In the order they are made; targets are on this machine, below `root`. */
  readonly mounts: readonly ViewMount[]
  /** Places that are reached with our rights before these are given up: `from` of binds that only root may reach. */
  readonly stage: readonly { readonly from: string; readonly to: string }[]
  readonly cwd: string
  readonly user?: { readonly uid: number; readonly gid: number }
  /** No network but a loopback that is down. */
  readonly noNetwork: boolean
  readonly argv: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly onLine: (line: string) => void
  readonly signal?: AbortSignal
}

/** Gives what it writes a pipe that its own user may open again (`> /dev/stdout`), and says its exit code on 3. */
const wrapper =
  'exec 4<&0; { [ -z "$1" ] || chown "$1" /proc/self/fd/1; shift; "$@" 2>&1 <&4 & exec 4<&-; echo "pid $!" >&3; wait $!; echo "exit $?" >&3; } | cat'
/** Brings places to where everyone may pass. */
const stageScript = 'while [ "$1" != -- ]; do mount -n --rbind "$1" "$2" || exit 125; shift 2; done; shift; exec "$@"'
/** The ids are mapped from outside, between these two lines. */
const waitScript = 'echo ready >&3; read -r _ || exit 125; exec "$@"'

/** Pure: what to spawn. */
function enterArgv(request: EnterRequest, script: string): readonly string[] {
  const range = request.ids === 'range'
  const [sh, unshare, setpriv] = [systemProgram('sh'), systemProgram('unshare'), systemProgram('setpriv')]
  const stage =
    request.stage.length > 0 ? [unshare, '--mount', '--', sh, '-c', stageScript, 'stage', ...request.stage.flatMap(({ from, to }) => [from, to]), '--'] : []
  const user = range ? ['--user', '--keep-caps'] : ['--user', '--map-root-user']
  const network = request.noNetwork ? ['--net'] : []
  const wait = range ? [sh, '-c', waitScript, 'wait', setpriv, '--reuid', '0', '--regid', '0', '--clear-groups', '--'] : []
  const owner = range ? `${idBase}:${idBase}` : ''
  return [
    ...[sh, '-c', wrapper, 'run', owner, ...stage, unshare, ...user, '--mount', '--pid', '--fork', '--kill-child', ...network, '--', ...wait],
    ...[sh, '-c', script, 'build-root', '--root', request.root, '--tools', request.tools],
    ...request.mounts.flatMap(mountWords),
    ...(range && request.user ? ['--ids', String(request.user.uid), String(request.user.gid)] : []),
    ...['--cwd', request.cwd, '--', ...request.argv],
  ]
}

function mountWords(mount: ViewMount): readonly string[] {
  switch (mount.kind) {
    case 'bind':
    case 'bind-ro':
      return [`--${mount.kind}`, mount.from, mount.to]
    case 'tmpfs':
      return ['--tmpfs', mount.to, mount.options]
    case 'overlay':
      return ['--overlay', mount.upper, mount.lower.join(':'), mount.work, mount.to]
    case 'proc':
    case 'dev':
      return [`--${mount.kind}`, mount.to]
  }
}

/** Runs the command to its end; gives its exit code. 125 when its root could not be made. */
export async function enterImage(request: EnterRequest): Promise<number> {
  const { signal } = request
  const [program = '', ...args] = enterArgv(request, readFileSync(assetPath('build-root.sh'), 'utf8'))
  // A group of its own only where we are the ones to end it: else it ends with the step's own group.
  const child = spawn(program, args, { cwd: '/', env: request.env, stdio: ['pipe', 'pipe', 'pipe', 'pipe'], detached: signal !== undefined })
  child.stdin.on('error', () => undefined)
  const stop = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }
  signal?.addEventListener('abort', stop, { once: true })
  const reading = [child.stdout, child.stderr].map(async (stream) => {
    for await (const line of createInterface({ input: stream })) request.onLine(line)
  })
  try {
    const [exit] = await Promise.all([followStatus(child), ended(child), ...reading])
    signal?.throwIfAborted()
    return exit
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(fail('program-missing', { program: child.spawnfile, for: 'RUN', install: error.message })))
    child.once('close', () => resolve())
  })
}

/** Reads what comes on 3: who it is, that its ids can be mapped, its exit code. */
async function followStatus(child: ChildProcess): Promise<number> {
  let pid = ''
  let exit = 137
  for await (const line of createInterface({ input: child.stdio[3] as Readable })) {
    const [word, value = ''] = line.split(' ')
    if (word === 'pid') pid = value
    if (word === 'exit') exit = Number(value)
    if (word === 'ready') {
      mapIds(pid)
      child.stdin?.write('\n')
    }
  }
  return exit
}

/** The process itself, or (behind a stage) the one that it became, is in a user namespace of its own by now. */
function mapIds(pid: string): void {
  if (readlinkSync(`/proc/${pid}/ns/user`) === readlinkSync('/proc/self/ns/user')) throw fail('bug', { problem: 'a RUN has no user namespace of its own' })
  for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${pid}/${map}`, `0 ${idBase} ${idCount}`)
}
