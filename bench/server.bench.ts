// How long the server takes to answer, and what it costs while nothing happens: all its processes together. `npm run bench server`.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { askProxy } from '../packages/pushway/src/drivers/router/embedded/index.ts'
import { createAgentClient } from '../packages/pushway/src/drivers/runtime/process/client.ts'
import { controlSocket } from '../packages/pushway/src/util/control-socket.ts'
import { freePort } from '../test/support/free-port.ts'
import { programCommand } from '../test/support/server.ts'
import { cpuMs, memoryMb, timeProgram } from './support/processes.ts'
import { fixed, median, printMachine, printTable } from './support/report.ts'

const rounds = 3
const settleMs = 4_000
const idleMs = 5_000
const limits = { startMs: 1_000, memoryMb: 150 }

interface Start {
  readonly healthyMs: number
  readonly readyMs: number
}

interface Idle {
  readonly pssMb: readonly number[]
  readonly rssMb: readonly number[]
  readonly cpuShare: readonly number[]
}

const processes = ['server', 'agent', 'proxy'] as const

/** Whether the server answers; false when nobody listens yet. */
function isHealthy(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    get(`${url}/healthz`, { agent: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    }).once('error', () => resolve(false))
  })
}

/** Starts the server; gives its process once it answers and has said that it is ready. */
async function start(data: string): Promise<Start & { readonly child: ChildProcess }> {
  const port = await freePort()
  const [program = '', ...rest] = programCommand()
  const begun = performance.now()
  const child = spawn(program, [...rest, 'server', '--data', data, '--port', String(port), '-o', 'json'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stderr?.on('data', (chunk) => (said += chunk))
  const ended = new Promise<never>((_, reject) => child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`))))
  ended.catch(() => undefined)
  const ready = new Promise<number>((resolve) => child.stdout?.once('data', () => resolve(performance.now() - begun)))
  const healthy = async () => {
    while (!(await isHealthy(`http://127.0.0.1:${port}`))) await sleep(5)
    return performance.now() - begun
  }
  const [healthyMs, readyMs] = await Promise.race([Promise.all([healthy(), ready]), ended])
  return { healthyMs, readyMs, child }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}

async function measureIdle(data: string, server: number): Promise<Idle> {
  const agent = (await createAgentClient(controlSocket(join(data, 'agent'), 'agent')).hello()).pid
  const proxy = (await askProxy(controlSocket(join(data, 'proxy'), 'proxy')))?.pid
  if (proxy === undefined) throw new Error('no proxy answers')
  const pids = [server, agent, proxy]
  await sleep(settleMs)
  const memory = pids.map(memoryMb)
  const before = pids.map(cpuMs)
  await sleep(idleMs)
  return {
    pssMb: memory.map(({ pss }) => pss),
    rssMb: memory.map(({ rss }) => rss),
    cpuShare: pids.map((pid, index) => ((cpuMs(pid) - (before[index] ?? 0)) / idleMs) * 100),
  }
}

/** A new data folder each round: first start, a while of nothing, and a start that finds proxy and agent running. */
async function measureRound(): Promise<{ readonly first: Start; readonly again: Start; readonly idle: Idle | undefined }> {
  const dir = mkdtempSync(join(tmpdir(), 'pushway-bench-'))
  const data = join(dir, 'data')
  let child: ChildProcess | undefined
  try {
    const first = await start(data)
    child = first.child
    const idle = process.platform === 'linux' ? await measureIdle(data, child.pid as number) : undefined
    await stop(child)
    const again = await start(data)
    child = again.child
    return { first, again, idle }
  } finally {
    if (child) await stop(child)
    await timeProgram([...programCommand(), 'down', '--all', '--data', data])
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

async function main(): Promise<void> {
  printMachine()
  const all = []
  for (let round = 0; round < rounds; round++) all.push(await measureRound())
  const row = (name: string, values: readonly number[], limit: number) => [name, fixed(median(values)), limit, fixed(median(values) / limit, 2)]
  const rows = [
    row(
      'first start → /healthz answers, ms',
      all.map(({ first }) => first.healthyMs),
      limits.startMs,
    ),
    row(
      'first start → ready line, ms',
      all.map(({ first }) => first.readyMs),
      limits.startMs,
    ),
    row(
      'next start, proxy and agent adopted → ready, ms',
      all.map(({ again }) => again.readyMs),
      limits.startMs,
    ),
  ]
  const idles = all.flatMap(({ idle }) => (idle ? [idle] : []))
  if (idles.length > 0)
    rows.push(
      row(
        'idle memory of all processes, MB (Pss)',
        idles.map(({ pssMb }) => sum(pssMb)),
        limits.memoryMb,
      ),
    )
  printTable(['', 'median', 'limit', 'of the limit'], rows)
  if (idles.length === 0) return console.log('idle memory and CPU are measured on Linux only')
  console.log()
  const idleRow = (name: string, pick: (idle: Idle) => readonly number[]) => [
    name,
    ...processes.map((_, index) => fixed(median(idles.map((idle) => pick(idle)[index] ?? Number.NaN)), 1)),
    fixed(median(idles.map((idle) => sum(pick(idle)))), 1),
  ]
  printTable(
    ['idle', ...processes, 'together'],
    [
      idleRow('memory, proportional set size, MB', ({ pssMb }) => pssMb),
      idleRow('memory, resident, shared pages counted each time, MB', ({ rssMb }) => rssMb),
      idleRow('CPU, % of a core', ({ cpuShare }) => cpuShare),
    ],
  )
  console.log(`medians of ${rounds} new data folders; idle: ${idleMs / 1000} s, ${settleMs / 1000} s after the start`)
}

await main()
