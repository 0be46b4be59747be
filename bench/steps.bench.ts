// What a `run:` step costs beside act's host mode: whole processes with 1 and with 51 trivial steps, turn by turn; the difference
// by 50 is the cost of a step. `npm run bench steps`.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programCommand } from '../test/support/server.ts'
import { timeProgramCpu } from './support/processes.ts'
import { fixed, printMachine, printTable } from './support/report.ts'

const more = 50
const rounds = 7

interface Runner {
  readonly name: string
  readonly argv: (workflow: string) => readonly string[]
  readonly env: NodeJS.ProcessEnv
}

interface Took {
  readonly ms: number
  readonly cpuMs: number
}

interface Times {
  /** The whole process with one step. */
  readonly one: Took
  /** Each further step. */
  readonly step: Took
}

/** A repository with two workflows that differ in their number of steps. */
function makeRepository(dir: string): void {
  mkdirSync(join(dir, '.github/workflows'), { recursive: true })
  for (const steps of [1, 1 + more]) {
    const list = '      - run: "true"\n'.repeat(steps)
    writeFileSync(join(dir, workflowFile(steps)), `on: push\njobs:\n  steps:\n    runs-on: ubuntu-latest\n    steps:\n${list}`)
  }
  const git = (...args: string[]) => spawnSync('git', ['-C', dir, '-c', 'user.name=bench', '-c', 'user.email=bench@example.org', ...args])
  git('init', '-q', '-b', 'main')
  git('add', '-A')
  git('commit', '-q', '-m', 'Steps')
}

function workflowFile(steps: number): string {
  return `.github/workflows/steps-${steps}.yml`
}

/** Where act is: on the PATH, or where an earlier benchmark has installed it, or installed now. Undefined with the reason printed. */
function findAct(): string | undefined {
  if (spawnSync('act', ['--version']).status === 0) return 'act'
  const bin = join(tmpdir(), 'pushway-bench-tools')
  const act = join(bin, 'act')
  if (existsSync(act)) return act
  if (spawnSync('go', ['version']).status !== 0) {
    console.log('act is not on this machine, and neither is Go to install it (package golang): ours alone is measured.')
    return undefined
  }
  console.log('act is not on this machine: installing it with `go install` (some minutes the first time) …')
  const { status } = spawnSync('go', ['install', 'github.com/nektos/act@latest'], {
    env: { ...process.env, GOBIN: bin },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status === 0) return act
  console.log('act could not be installed: ours alone is measured.')
  return undefined
}

function actRunner(act: string, home: string): Runner {
  // A configuration of its own, so that it asks nothing; no engine is looked for.
  const { DOCKER_HOST: _, ...env } = process.env
  const config = join(home, '.config', 'act')
  mkdirSync(config, { recursive: true })
  writeFileSync(join(config, 'actrc'), '-P ubuntu-latest=-self-hosted\n')
  const options = ['-P', 'ubuntu-latest=-self-hosted', '--container-daemon-socket', '-']
  return {
    name: 'act -self-hosted',
    argv: (workflow) => [act, 'push', ...options, '-W', workflow],
    env: { ...env, HOME: home, XDG_CONFIG_HOME: join(home, '.config'), XDG_CACHE_HOME: join(home, '.cache') },
  }
}

async function timeOnce({ name, argv, env }: Runner, dir: string, steps: number): Promise<Took> {
  const { ms, cpuMs, exit, output } = await timeProgramCpu(argv(workflowFile(steps)), { cwd: dir, env })
  if (exit !== 0) throw new Error(`${name} failed with ${exit}:\n${output.slice(-2000)}`)
  return { ms, cpuMs }
}

/** Turn by turn, so that another load on the machine meets all of them. */
async function measure(runners: readonly Runner[], dir: string): Promise<readonly Times[]> {
  const times = runners.map(() => ({ one: [] as Took[], all: [] as Took[] }))
  for (const runner of runners) await timeOnce(runner, dir, 1)
  for (let round = 0; round < rounds; round++) {
    for (const [index, runner] of runners.entries()) {
      times[index]?.one.push(await timeOnce(runner, dir, 1))
      times[index]?.all.push(await timeOnce(runner, dir, 1 + more))
    }
  }
  // Another load on the machine only ever adds: the fastest round has the least of it.
  const fastest = (all: readonly Took[]): Took => ({ ms: Math.min(...all.map(({ ms }) => ms)), cpuMs: Math.min(...all.map(({ cpuMs }) => cpuMs)) })
  return times.map(({ one, all }) => {
    const [first, last] = [fastest(one), fastest(all)]
    return { one: first, step: { ms: (last.ms - first.ms) / more, cpuMs: (last.cpuMs - first.cpuMs) / more } }
  })
}

/** What the same command costs when a shell is started for it and nothing else is done. */
function shellRunner(): Runner {
  const script = "const { spawnSync } = require('node:child_process'); for (let n = +process.argv[1]; n > 0; n--) spawnSync('bash', ['-e', '-c', 'true'])"
  return { name: 'bash alone', argv: (workflow) => [process.execPath, '-e', script, /-(\d+)\.yml$/.exec(workflow)?.[1] ?? '1'], env: process.env }
}

async function main(): Promise<void> {
  printMachine()
  const dir = mkdtempSync(join(tmpdir(), 'pushway-bench-'))
  try {
    const tree = join(dir, 'tree')
    makeRepository(tree)
    const act = findAct()
    const ours: Runner = {
      name: 'pushway run',
      argv: (workflow) => [...programCommand(), 'run', '-W', workflow],
      env: { ...process.env, XDG_CACHE_HOME: join(dir, 'cache') },
    }
    const runners = [ours, ...(act ? [actRunner(act, join(dir, 'home'))] : []), shellRunner()]
    const times = await measure(runners, tree)
    const own = times[0]?.step as Took
    const rows = runners.map(({ name }, index) => {
      const { one, step } = times[index] as Times
      return [name, fixed(one.ms), fixed(step.ms, 1), fixed(own.ms / step.ms, 2), fixed(step.cpuMs, 1), fixed(own.cpuMs / step.cpuMs, 2)]
    })
    printTable(['', 'one step, all, ms', 'each further, ms', 'ours : this', 'its CPU time, ms', 'ours : this'], rows)
    console.log(`fastest of ${rounds} rounds; a step is \`run: "true"\` in bash`)
  } finally {
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
  }
}

await main()
