// README's first command for real: the whole way on this machine, its measurements in bounds, and nothing left behind.

import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TimelineEntry } from '@pushway/core/views/types.ts'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { selfCommand } from '../../packages/pushway/src/util/self.ts'
import { tempDir } from '../support/temp.ts'

/** The bundle when the tests have made one, else the sources. */
const program =
  process.env.PUSHWAY_TEST_BUNDLE === '1' ? [process.execPath, fileURLToPath(new URL('../../packages/pushway/bin/pushway.js', import.meta.url))] : selfCommand()

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/)
const report = z.strictObject({
  pushToStagingMs: z.number().int().min(1_000),
  pushToProductionMs: z.number().int().min(10_000),
  requests: z.strictObject({ total: z.number().int().min(1_000), failed: z.literal(0) }),
  bad: z.strictObject({
    detectedMs: z.number().min(0).max(30_000),
    rolledBackMs: z.number().min(0).max(30_000),
    failedShare: z.number().gt(0).max(0.1),
  }),
  digests: z.strictObject({ staging: digest, production: digest, bad: digest }),
  timeline: z.array(z.looseObject({ id: z.string(), at: z.number(), kind: z.string(), state: z.string(), text: z.string() })),
})

interface Ended {
  readonly exit: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Demo {
  /** Where it works. */
  readonly temp: string
  readonly ended: Promise<Ended>
  /** Waits until standard error has said this. */
  says(text: string): Promise<void>
  signal(name: NodeJS.Signals): void
}

function startDemo(args: readonly string[], env: NodeJS.ProcessEnv = {}): Demo {
  const temp = tempDir('demo')
  // The users that jobs run as pass through.
  chmodSync(temp, 0o711)
  const [command = '', ...before] = program
  const child = spawn(command, [...before, 'demo', ...args], { env: { ...process.env, TMPDIR: temp, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  const heard = new Set<() => void>()
  child.stdout.on('data', (chunk) => (stdout += chunk))
  child.stderr.on('data', (chunk) => {
    stderr += chunk
    for (const look of heard) look()
  })
  const ended = new Promise<Ended>((resolve) => child.once('close', (exit) => resolve({ exit, stdout, stderr })))
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => stderr.includes(text) && resolve()
      heard.add(look)
      look()
      void ended.then(() => reject(new Error(`it ended without saying "${text}":\n${stderr}`)))
    })
  return { temp, ended, says, signal: (name) => void child.kill(name) }
}

/** What is left in the folder; tsx keeps what it compiled there. */
function filesOf(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => !name.startsWith('tsx-'))
}

/** The processes that have the folder in their arguments. */
function processesOf(folder: string): readonly string[] {
  const listed = execFileSync('ps', ['-A', '-o', 'pid=,args='], { encoding: 'utf8', maxBuffer: 64 << 20 })
  return listed.split('\n').filter((line) => line.includes(folder) && !line.includes('ps -A'))
}

function kindsIn(timeline: readonly Pick<TimelineEntry, 'kind' | 'state'>[]): readonly string[] {
  return timeline.map(({ kind, state }) => `${kind} ${state}`)
}

describe('pushway demo', () => {
  test('goes the whole way, prints one object, and leaves nothing', { timeout: 900_000 }, async () => {
    const demo = startDemo(['--json'])
    const { exit, stdout, stderr } = await demo.ended
    expect(exit, stderr).toBe(0)
    const seen = report.parse(JSON.parse(stdout))
    expect(seen.digests.production).toBe(seen.digests.staging)
    expect(seen.digests.bad).not.toBe(seen.digests.production)
    expect(seen.bad.detectedMs).toBeLessThanOrEqual(seen.bad.rolledBackMs)

    const kinds = kindsIn(seen.timeline as unknown as TimelineEntry[])
    for (const kind of ['push info', 'image info', 'approval waiting', 'approval good', 'verify good', 'rollout good', 'rollback bad', 'rollback good']) {
      expect(kinds).toContain(kind)
    }
    expect(seen.timeline.map(({ at }) => at)).toEqual(seen.timeline.map(({ at }) => at).sort((a, b) => a - b))
    for (const line of [
      'deploy-prod – skipped',
      'given by grace',
      'Who started a run may not approve it here',
      'canary 10 → 50 → 100 %',
      'Rolled back by itself',
      'Summary',
    ])
      expect(stderr).toContain(line)

    expect(filesOf(demo.temp)).toEqual([])
    expect(processesOf(demo.temp)).toEqual([])
  })

  test('Ctrl-C in the middle of a run stops and removes everything', { timeout: 300_000 }, async () => {
    const demo = startDemo(['--json'])
    await demo.says('test │ ✓ Checkout code')
    demo.signal('SIGINT')
    const { exit, stdout, stderr } = await demo.ended
    expect(exit, stderr).toBe(130)
    expect(stdout).toBe('')
    expect(stderr).toContain('Interrupted: everything is stopped and removed.')
    expect(filesOf(demo.temp)).toEqual([])
    expect(processesOf(demo.temp)).toEqual([])
  })

  test('says at which station it stopped, in one sentence, and keeps the logs', { timeout: 300_000 }, async () => {
    const demo = startDemo([], { PUSHWAY_ISOLATION: 'nonsense' })
    const { exit, stderr } = await demo.ended
    expect(exit).toBe(1)
    expect(stderr).toMatch(/^error: The demo stopped at "a server of its own": .+ \(demo-failed\)\n/)
    const kept = /logs are kept in (\S+)\.\n/.exec(stderr)?.[1] ?? ''
    expect(existsSync(join(kept, 'logs'))).toBe(true)
    expect(stderr).not.toContain('    at ')
    expect(processesOf(demo.temp)).toEqual([])
  })

  test('refuses a data folder that holds something', async () => {
    const data = tempDir('full')
    mkdirSync(join(data, 'something'))
    const demo = startDemo(['--data', data])
    const { exit, stderr } = await demo.ended
    expect(exit).toBe(2)
    expect(stderr).toContain('is not empty')
    expect(filesOf(demo.temp)).toEqual([])
    expect(readdirSync(data)).toEqual(['something'])
  })
})
