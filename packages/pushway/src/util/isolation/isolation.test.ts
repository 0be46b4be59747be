// What isolated commands can and can't do, with real processes, as root and as an ordinary user.

import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type IsolateOptions, type Isolation, isolateCommand } from './command.ts'
import { detectIsolation } from './detect.ts'
import { projectUid } from './project-uid.ts'

const isRoot = process.getuid?.() === 0
const ownUid = process.getuid?.() ?? 0
const projectId = 210_123

describe('the command that is built', () => {
  const options: IsolateOptions = {
    argv: ['node', 'a.js'],
    hide: ['/data/', '/data/sub', '/run/pw'],
    keep: ['/data/work/1', '/elsewhere'],
    uid: 210_000,
    pidNamespace: true,
  }

  it('is the command itself without isolation', () => {
    expect(isolateCommand({ kind: 'none', why: '', mounts: false, pids: false }, options)).toEqual({ argv: ['node', 'a.js'] })
  })

  it('is a plain uid for the spawn where root may not mount', () => {
    expect(isolateCommand({ kind: 'uid', why: '', mounts: false, pids: false }, options)).toEqual({ argv: ['node', 'a.js'], uid: 210_000, gid: 210_000 })
  })

  it('covers outer folders once, and brings back only what is inside them, outer before inner', () => {
    const { argv } = isolateCommand({ kind: 'uid', why: '', mounts: true, pids: true }, { ...options, keepReadOnly: ['/data/work'] })
    const words = argv.slice(
      argv.indexOf('--hide'),
      argv.findIndex((word) => word.endsWith('/setpriv')),
    )
    expect(words).toEqual(['--hide', '/data', '--keep-ro', '/data/work', '--keep', '/data/work/1', '--hide', '/run/pw', '--'])
    expect(argv[0]).toMatch(/^\/.*\/unshare$/)
    expect(argv.slice(1, 7)).toEqual(['--mount', '--pid', '--fork', '--mount-proc', '--kill-child', '--'])
  })

  it('gives up every capability in user namespaces', () => {
    const { argv } = isolateCommand({ kind: 'namespaces', why: '', mounts: true, pids: false }, options)
    expect(argv).toContain('--bounding-set=-all')
    expect(argv).not.toContain('--pid')
    expect(argv.slice(-2)).toEqual(['node', 'a.js'])
  })
})

describe('the setting', () => {
  it('may not be an unknown word', async () => {
    await expect(detectIsolation('docker')).rejects.toMatchObject({ code: 'usage', message: 'PUSHWAY_ISOLATION can\'t be "docker".' })
  })

  it('none is none', async () => {
    expect((await detectIsolation('none')).kind).toBe('none')
  })

  it('auto says why', async () => {
    expect((await detectIsolation(undefined)).why).toMatch(/\.$/)
  })
})

describe('the uid of a project', () => {
  it('is stable, its own, and 210000 or above', () => {
    const dir = mkdtempSync(join(tmpdir(), 'pushway-uids-'))
    try {
      const first = projectUid('acme/hello', dir)
      expect(first).toBeGreaterThanOrEqual(210_000)
      expect(projectUid('acme/other', dir)).toBe(first + 1)
      expect(projectUid('acme/hello', dir)).toBe(first)
      expect(JSON.parse(readFileSync(join(dir, 'uids.json'), 'utf8'))).toEqual({ 'acme/hello': first, 'acme/other': first + 1 })
    } finally {
      rmSync(dir, { recursive: true })
    }
  })
})

interface Result {
  readonly code: number | null
  readonly signal: string | null
  readonly output: string
}

function start(isolation: Isolation, options: IsolateOptions, cwd: string): ChildProcess {
  const command = isolateCommand(isolation, options)
  const [program = '', ...rest] = command.argv
  // As root, the kind for ordinary users is tried as one.
  const drop = isolation.kind === 'namespaces' && isRoot ? { uid: projectId, gid: projectId } : {}
  return spawn(program, rest, { cwd, detached: true, stdio: ['pipe', 'pipe', 'pipe'], uid: command.uid, gid: command.gid, ...drop })
}

function finish(child: ChildProcess): Promise<Result> {
  let output = ''
  child.stdout?.on('data', (text) => (output += text))
  child.stderr?.on('data', (text) => (output += text))
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, output })))
}

const kinds: readonly Isolation[] = [
  { kind: 'uid', why: '', mounts: true, pids: true },
  { kind: 'namespaces', why: '', mounts: true, pids: true },
]

for (const isolation of kinds) {
  const why = await unavailable(isolation)
  describe.skipIf(why !== '')(`isolation by ${isolation.kind}${why}`, () => describeIsolation(isolation))
}

async function unavailable(isolation: Isolation): Promise<string> {
  if (process.platform !== 'linux') return ' (Linux only)'
  if (isolation.kind === 'uid' && !isRoot) return ' (needs root)'
  const found = await detectIsolation('auto')
  return found.mounts ? '' : ' (mount namespaces are not allowed here)'
}

function describeIsolation(isolation: Isolation): void {
  let data = ''
  let work = ''
  let tools = ''

  beforeAll(() => {
    data = realpathSync(mkdtempSync(join(tmpdir(), 'pushway-data-')))
    work = join(data, 'work', 'job-1')
    tools = join(data, 'tools')
    const owner = isRoot ? projectId : ownUid
    for (const dir of [work, join(data, 'work', 'job-2'), tools]) mkdirSync(dir, { recursive: true })
    for (const dir of [work, tools, data]) {
      chmodSync(dir, 0o755)
      if (isRoot) chownSync(dir, owner, owner)
    }
    writeFileSync(join(data, 'state.db'), 'the key', { mode: 0o644 })
    writeFileSync(join(tools, 'tool'), 'tool', { mode: 0o644 })
  })

  afterAll(() => rmSync(data, { recursive: true, force: true }))

  function options(script: string, over: Partial<IsolateOptions> = {}): IsolateOptions {
    return { argv: ['sh', '-c', script, 'sh', data], hide: [data], keep: [work], keepReadOnly: [tools], uid: projectId, pidNamespace: true, ...over }
  }

  function run(script: string, over: Partial<IsolateOptions> = {}): Promise<Result> {
    return finish(start(isolation, options(script, over), work))
  }

  it('hides the data folder, also by way of the working directory', async () => {
    const seen = await run('cat "$1/state.db"; cat ../../state.db; ls -a .. ; ls "$1/work"')
    expect(seen.output).not.toContain('the key')
    expect(seen.output).not.toContain('job-2')
    expect(seen.output).toContain('job-1')
  })

  it('does not let the command uncover it', async () => {
    const tried = await run(
      'umount "$1"; umount -l "$1"; unshare -Ur --mount umount -l "$1"; unshare -Ur --mount sh -c "umount -l $1; cat $1/state.db"; cat "$1/state.db"',
    )
    expect(tried.output).not.toContain('the key')
  })

  it('keeps the workspace, writable and the same files', async () => {
    const done = await run('echo written > "$1/work/job-1/out" && pwd && cat out')
    expect(done.output).toBe(`${work}\nwritten\n`)
    expect(readFileSync(join(work, 'out'), 'utf8')).toBe('written\n')
  })

  it('keeps tools readable but not writable', async () => {
    const tried = await run('cat "$1/tools/tool"; echo x > "$1/tools/tool"')
    expect(tried.output).toContain('tool')
    expect(tried.code).not.toBe(0)
    expect(readFileSync(join(tools, 'tool'), 'utf8')).toBe('tool')
  })

  it.each([true, false])("can't read the server's /proc entry (pid namespace: %s)", async (pidNamespace) => {
    const tried = await run(`cat /proc/${process.pid}/environ; ls /proc/${process.pid}/fd /proc/${process.pid}/root/; cat /proc/${process.pid}/mem`, {
      pidNamespace,
    })
    expect(tried.code).not.toBe(0)
    expect(tried.output).not.toContain('PATH=')
    expect(tried.output).toMatch(/No such file|Permission denied/)
  })

  it("can't signal the server", async () => {
    const tried = await run(`kill -0 ${process.pid}`)
    expect(tried.code).not.toBe(0)
  })

  it.each([true, false])('passes exit codes, standard input and arguments (pid namespace: %s)', async (pidNamespace) => {
    const argv = ['sh', '-c', 'cat; printf "%s|" "$@"; exit 7', 'sh', '--', '$(id)', 'a b']
    const child = start(isolation, options('', { argv, pidNamespace }), work)
    child.stdin?.end('in ')
    expect(await finish(child)).toEqual({ code: 7, signal: null, output: 'in --|$(id)|a b|' })
  })

  it('says 128+n when a signal ended the command', async () => {
    expect((await run('kill -9 $$')).code).toBe(137)
  })

  it.each([true, false])('a signal to the group reaches the command once (pid namespace: %s)', async (pidNamespace) => {
    const child = start(
      isolation,
      options('n=0; trap "n=\\$((n+1)); echo term" TERM; echo up; for i in 1 2 3 4 5 6; do sleep 0.1; done; exit $n', { pidNamespace }),
      work,
    )
    child.stdout?.once('data', () => process.kill(-(child.pid ?? 0), 'SIGTERM'))
    const result = await finish(child)
    expect(result.output.match(/term/g)).toHaveLength(1)
    expect(result.code).toBe(1)
  })

  it('what the command leaves behind dies with it', async () => {
    const mark = join(work, 'alive')
    await run('setsid sh -c "sleep 0.4; touch alive" >/dev/null 2>&1 & exit 0')
    await sleep(700)
    expect(existsSync(mark)).toBe(false)
  })

  it('everything dies when the outer process is killed', async () => {
    const child = start(isolation, options('setsid sh -c "sleep 0.6; touch late" & echo up; sleep 5'), work)
    child.stdout?.once('data', () => child.kill('SIGKILL'))
    await finish(child)
    await sleep(900)
    expect(existsSync(join(work, 'late'))).toBe(false)
  })

  it('variables that steer the hiding programs reach only the command', async () => {
    writeFileSync(join(work, 'unshare'), '#!/bin/sh\necho fooled\n', { mode: 0o755 })
    const env = { PATH: `${work}:${process.env.PATH}`, LD_PRELOAD: '/nowhere.so', PLAIN: 'yes' }
    const command = isolateCommand(isolation, options('', { argv: ['sh', '-c', 'echo "$LD_PRELOAD $PLAIN"; unshare'], env }))
    expect(command.env).toEqual({ PATH: env.PATH, PLAIN: 'yes' })
    expect(command.argv[0]).not.toBe('unshare')
    const [program = '', ...rest] = command.argv
    const drop = isolation.kind === 'namespaces' && isRoot ? { uid: projectId, gid: projectId } : {}
    const done = await finish(spawn(program, rest, { cwd: work, env: command.env, ...drop }))
    expect(done.output).toContain('/nowhere.so yes')
    // Its own PATH is its own again.
    expect(done.output).toContain('fooled')
  })

  it('leaves nothing mounted on the machine', () => {
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(data)
  })
}
