// The small shell that starts processes, when it is killed, stopped or left behind: nothing hangs, nothing runs twice, no folder stays.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { jobSpec, runSpec } from '../../../../test/support/job.ts'
import { needsLinux } from '../../../../test/support/needs.ts'
import { tempDir } from '../../../../test/support/temp.ts'
import { makeMemoryDir, sweepOwnedDirs } from '../util/memory-dir.ts'
import { childProcesses, endProcess } from '../util/process-identity.ts'
import { openShellSpawner, type ShellSpawner } from './shell-spawner.ts'

const linux = !needsLinux().skip
const started: number[] = []

afterEach(() => {
  for (const pid of started.splice(0)) endProcess(-pid)
})

/** A shell of the test's own, and its pid. */
async function openOne(answerWithinMs?: number): Promise<{ spawner: ShellSpawner; pid: number }> {
  const before = new Set(childProcesses(process.pid))
  const spawner = await openShellSpawner(answerWithinMs)
  const pid = childProcesses(process.pid).find((child) => !before.has(child)) as number
  started.push(pid)
  return { spawner, pid }
}

function startEcho(spawner: ShellSpawner, file: string, more = '') {
  const onOutput = () => undefined
  return spawner.start(['/bin/sh', '-c', `echo ran >> ${file}; ${more} exit 7`], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    onOutput,
    onGroup: () => undefined,
  })
}

describe.skipIf(!linux)('a shell that starts processes (Linux only)', () => {
  test('and is stopped: what it did not start in time is left to the caller, and never runs', async () => {
    const { spawner, pid } = await openOne(300)
    const file = join(tempDir('stuck'), 'said')
    writeFileSync(file, '')
    process.kill(pid, 'SIGSTOP')
    expect(await startEcho(spawner, file)).toBeUndefined()
    expect(spawner.idle).toBe(false)
    expect(await startEcho(spawner, file)).toBeUndefined()
    expect(readFileSync(file, 'utf8')).toBe('')
  })

  test('and is killed before it reads what it is asked: the same', async () => {
    const { spawner, pid } = await openOne()
    const file = join(tempDir('stuck'), 'said')
    writeFileSync(file, '')
    process.kill(pid, 'SIGKILL')
    expect(await startEcho(spawner, file)).toBeUndefined()
    expect(readFileSync(file, 'utf8')).toBe('')
  })

  test('and is stopped while a process runs: its exit code is found all the same', async () => {
    const { spawner, pid } = await openOne(200)
    const file = join(tempDir('stuck'), 'said')
    const running = await startEcho(spawner, file, 'sleep 0.3;')
    process.kill(pid, 'SIGSTOP')
    expect(await running?.ended).toBe(7)
    expect(readFileSync(file, 'utf8')).toBe('ran\n')
  })

  test('does not come into the way of a job whose step stops it', async () => {
    const run = await runSpec(jobSpec(`steps: [{ name: stops, run: 'kill -STOP $PPID; echo stopped' }, { name: next, run: echo goes on }]`))
    expect(run.steps).toEqual({ stops: 'success', next: 'success' })
    expect(run.text).toContain('goes on')
  }, 60_000)
})

test.skipIf(!linux)('folders of processes that were killed are removed at the next start, others stay (Linux only)', async () => {
  const mine = makeMemoryDir('pushway-shell-')
  const ended = spawnSync('true').pid
  const own = new RegExp(`\\.${process.pid}\\.(\\d+)-`)
  const named = (pid: number) => join(dirname(mine), basename(mine).replace(own, `.${pid}.$1-`))
  const left = named(ended)
  const foreign = mine.replace(/shell-\d+/, 'shell-1')
  for (const dir of [left, foreign]) mkdirSync(dir)
  writeFileSync(join(left, 'request'), 'export SECRET=x')
  try {
    await sweepOwnedDirs()
    const there = readdirSync(dirname(mine))
    expect(there).toContain(basename(mine))
    expect(there).toContain(basename(foreign))
    expect(there).not.toContain(basename(left))
  } finally {
    spawnSync('rm', ['-rf', mine, foreign])
  }
})
