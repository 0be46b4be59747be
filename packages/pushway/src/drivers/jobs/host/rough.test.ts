// Jobs that are rough on their machine, in real workers: floods, hidden processes, a full disk, a killed worker with containers.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JobReport, LogLine } from '@pushway/core/run/types.ts'
import { describe, expect, test } from 'vitest'
import { jobSpec } from '../../../../../../test/support/job.ts'
import { jobImage } from '../../../../../../test/support/job-image.ts'
import { needs, needsImage, needsLinux, needsRoot } from '../../../../../../test/support/needs.ts'
import { tempDir } from '../../../../../../test/support/temp.ts'
import type { JobRef, JobRunner } from '../../../ports/jobs.ts'
import { detectIsolation, type Isolation } from '../../../util/isolation/index.ts'
import { createHostJobs } from './index.ts'

const signal = new AbortController().signal
const detected = await detectIsolation(process.env.PUSHWAY_ISOLATION)
const none: Isolation = { kind: 'none', why: 'A test.', mounts: false, pids: false }
const linux = !needsLinux().skip

interface Job {
  readonly jobs: JobRunner
  readonly ref: JobRef
}

async function start(job: string, isolation: Isolation = none, dataDir = tempDir('data')): Promise<Job> {
  const jobs = createHostJobs({ dataDir, isolation, toolchainCacheDir: join(dataDir, 'tools') })
  const ref = { project: 'acme/hello', run: 'r1', job: 'test', attempt: 1 }
  await jobs.start(ref, jobSpec(job, { timeoutMs: 120_000 }), signal)
  return { jobs, ref }
}

/** All lines so far, and how large the largest chunk of them was, in characters. */
async function readLog({ jobs, ref }: Job): Promise<{ lines: readonly LogLine[]; largest: number }> {
  const lines: LogLine[] = []
  let largest = 0
  for (let cursor = 0; ; ) {
    const chunk = await jobs.log(ref, cursor, 256 * 1024, signal)
    if (chunk.cursor === cursor) return { lines, largest }
    lines.push(...chunk.items)
    largest = Math.max(largest, chunk.cursor - cursor)
    cursor = chunk.cursor
  }
}

async function end({ jobs, ref }: Job): Promise<{ reports: readonly JobReport[]; conclusion: string | undefined }> {
  while ((await jobs.observe(ref, signal)).state === 'running') await sleep(100)
  const { items } = await jobs.reports(ref, 0, signal)
  const last = items.at(-1)
  return { reports: items, conclusion: last?.type === 'finished' ? last.conclusion : undefined }
}

async function says(job: Job, text: string): Promise<void> {
  while (!(await readLog(job)).lines.some((line) => line.text === text)) await sleep(100)
}

describe('output', { timeout: 180_000 }, () => {
  test.skipIf(!linux)('of 100 MB in one line and 100 MB in many does not fill the memory; only what is over 1 MB of a line is cut (Linux only)', async () => {
    const job = await start(`
      steps:
        - run: head -c 100000000 /dev/zero | tr '\\0' x; echo; echo after the long line
        - run: seq -f "%07.0f $(printf 'y%.0s' $(seq 1 992))" 1 100000
        - run: 'grep VmHWM "/proc/$(ps -o ppid= -p $PPID | tr -d " ")/status"'
    `)
    expect((await end(job)).conclusion).toBe('success')
    const { lines, largest } = await readLog(job)
    const long = lines.find((line) => line.text.startsWith('xxx'))?.text ?? ''
    expect(long).toMatch(/^x{1048576} … \(cut: the line has 100000000 bytes\)$/)
    expect(lines.some((line) => line.text === 'after the long line')).toBe(true)
    const numbers = lines.filter((line) => /^\d{7} y{992}$/.test(line.text)).map((line) => Number(line.text.slice(0, 7)))
    expect(numbers.length).toBe(100_000)
    expect(numbers.every((number, i) => number === i + 1)).toBe(true)
    const peak = lines.map((line) => /^VmHWM:\s+(\d+) kB/.exec(line.text)?.[1]).find((found) => found !== undefined)
    expect(Number(peak)).toBeLessThan(400 * 1024)
    // What the server holds of it at a time.
    expect(largest).toBeLessThanOrEqual(4 << 20)
  })

  test('that is binary or broken UTF-8 becomes text, and what follows it is whole', async () => {
    const job = await start(`
      steps:
        - run: head -c 2000000 /dev/urandom; echo; printf 'half \\342\\202\\n'; printf 'bad \\377\\300\\200 end\\n'; printf 'nul \\000 gone\\n'; echo 'whole € é'
    `)
    expect((await end(job)).conclusion).toBe('success')
    const texts = (await readLog(job)).lines.map((line) => line.text)
    expect(texts.slice(-4)).toEqual(['half \uFFFD', 'bad \uFFFD\uFFFD\uFFFD end', 'nul  gone', 'whole € é'])
    expect(texts.join('').includes('\0')).toBe(false)
  })
})

describe.skipIf(!linux)('processes that a job hides (Linux only)', { timeout: 60_000 }, () => {
  const cases: readonly (readonly [string, Isolation])[] = [
    ['without namespaces', none],
    [`with what this machine has (${detected.kind}${detected.pids ? ', pid namespaces' : ''})`, detected],
    ...(detected.mounts && detected.pids ? [['with mount namespaces only', { ...detected, pids: false }] as const] : []),
  ]
  test.each(cases)('are ended with it: setsid, forked twice, nohup, ignoring signals; %s', async (_how, isolation) => {
    const time = `6${Math.floor(Math.random() * 1e6)}.5`
    const job = await start(
      `
      steps:
        - run: |
            setsid sleep ${time} > /dev/null 2>&1 &
            ( ( setsid sh -c 'trap "" TERM HUP INT; sleep ${time}; true' & ) & )
            nohup sleep ${time} > /dev/null 2>&1 &
            sleep 0.3
            echo "there are $(ps -A -o args= | grep -c '^sleep ${time}')"
    `,
      isolation,
    )
    expect((await end(job)).conclusion).toBe('success')
    expect((await readLog(job)).lines.map((line) => line.text)).toContain('there are 3')
    expect(execFileSync('ps', ['-A', '-o', 'stat=,args='], { encoding: 'utf8' })).not.toMatch(new RegExp(`^[^Z].*sleep ${time}`, 'm'))
  })
})

const noMount = [needsLinux(), needsRoot(), needs('mount')].some(({ skip }) => skip) || !canMount()
test.skipIf(noMount)(
  'a step that fills the disk of its workspace fails and says so, and the job ends as usual (root only) (Linux only)',
  { timeout: 60_000 },
  async () => {
    const dataDir = tempDir('data')
    const work = join(dataDir, 'work')
    mkdirSync(work, { mode: 0o711 })
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0711', 'tmpfs', work])
    try {
      const job = await start(
        `
      steps:
        - { name: fills, run: head -c 20000000 /dev/zero > big }
        - { name: cleans, if: always(), run: rm -f big; echo freed }
    `,
        detected,
        dataDir,
      )
      const { reports, conclusion } = await end(job)
      const texts = (await readLog(job)).lines.map((line) => line.text)
      expect(conclusion).toBe('failure')
      expect(texts.join('\n')).toContain('##[error]There is no space left on the disk of the workspace')
      const ends = reports.flatMap((report) => (report.type === 'step-finished' ? [[report.name, report.conclusion]] : []))
      expect(ends[0]).toEqual(['fills', 'failure'])
      expect(ends[1]?.[0]).toBe('cleans')
      expect(reports.at(-1)?.type).toBe('finished')
    } finally {
      execFileSync('umount', ['-l', work])
    }
  },
)

function canMount(): boolean {
  const dir = tempDir('mount')
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir]).status !== 0) return false
  execFileSync('umount', [dir])
  return true
}

const docker = needsImage('node:20-slim')
test.skipIf(docker.skip)(`containers of a killed worker are removed, and the job is lost at its step${docker.reason}`, { timeout: 180_000 }, async () => {
  const image = await jobImage()
  const job = await start(`
    container: ${image}
    steps: [{ name: The long step, run: 'echo begun; sleep 600' }]
  `)
  await says(job, 'begun')
  const observed = await job.jobs.observe(job.ref, signal)
  const pid = observed.state === 'running' ? observed.pid : 0
  const left = () =>
    ['ps -a', 'network ls'].flatMap((list) => {
      const args = [...list.split(' '), '--filter', 'label=pushway.job', '--format', '{{.Label "pushway.job.owner"}}']
      return execFileSync('docker', args, { encoding: 'utf8' })
        .split('\n')
        .filter((owner) => owner.includes(` ${pid} `))
    })
  expect(left().length).toBeGreaterThan(1)
  process.kill(pid, 'SIGKILL')
  while ((await job.jobs.observe(job.ref, signal)).state === 'running') await sleep(50)
  expect(await job.jobs.observe(job.ref, signal)).toEqual({ state: 'lost', lastStep: 'The long step' })
  expect(left()).toEqual([])
})
