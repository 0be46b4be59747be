// Local runs beside act's host mode on the same files: start-up, steps, matrix jobs, composite actions; whole processes, turn by turn.
// And how many log lines a second go from a step through to whoever reads them. `npm run bench steps`.

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { timeProgramCpu } from './support/processes.ts'
import { fixed, printMachine, printTable } from './support/report.ts'

const rounds = 5

interface Runner {
  readonly name: string
  readonly argv: (workflow: string) => readonly string[]
  readonly env: NodeJS.ProcessEnv
}

interface Took {
  readonly ms: number
  readonly cpuMs: number
}

const head = 'on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n'

/** Name → workflow. */
const workflows: Readonly<Record<string, string>> = {
  'one step': `${head}    steps:\n      - run: "true"\n`,
  '50 steps': `${head}    steps:\n${'      - run: "true"\n'.repeat(50)}`,
  '20 matrix jobs': `${head}    strategy: { matrix: { a: [1, 2, 3, 4, 5], b: [1, 2, 3, 4] } }\n    steps:\n      - run: echo \${{ matrix.a }} \${{ matrix.b }}\n`,
  'composite actions: 60 steps': `${head}    steps:\n      - uses: actions/checkout@v4\n${'      - uses: ./actions/outer\n        with: { who: me }\n'.repeat(10)}`,
}

const action = (steps: string) => `name: a
description: a
inputs: { who: { description: who, default: you } }
outputs: { said: { description: said, value: "\${{ steps.a.outputs.said }}" } }
runs:
  using: composite
  steps:
${steps}`

const actions: Readonly<Record<string, string>> = {
  outer: action(`    - { id: a, uses: ./actions/inner, with: { who: "\${{ inputs.who }}" } }\n${'    - uses: ./actions/inner\n'.repeat(2)}`),
  inner: action(`    - { id: a, shell: bash, run: 'echo "said=hello \${{ inputs.who }}" >> "$GITHUB_OUTPUT"' }\n    - { shell: bash, run: "true" }\n`),
}

function makeRepository(dir: string): void {
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  for (const [name, text] of Object.entries(workflows)) write(workflowFile(name), text)
  for (const [name, text] of Object.entries(actions)) write(`actions/${name}/action.yml`, text)
  write(workflowFile('lines'), `${head}    steps:\n      - run: seq -f 'line %.0f of many that a step prints' ${lines}\n`)
  const git = (...args: string[]) => spawnSync('git', ['-C', dir, '-c', 'user.name=bench', '-c', 'user.email=bench@example.org', ...args])
  git('init', '-q', '-b', 'main')
  git('add', '-A')
  git('commit', '-q', '-m', 'Steps')
}

function workflowFile(name: string): string {
  return `.github/workflows/${name.replace(/\W+/g, '-')}.yml`
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

async function timeOnce({ name, argv, env }: Runner, dir: string, workflow: string): Promise<Took> {
  const { ms, cpuMs, exit, output } = await timeProgramCpu(argv(workflowFile(workflow)), { cwd: dir, env })
  if (exit !== 0) throw new Error(`${name} failed with ${exit}:\n${output.slice(-2000)}`)
  return { ms, cpuMs }
}

/** Turn by turn, so that another load on the machine meets all of them; the fastest round has the least of it. */
async function measure(runners: readonly Runner[], dir: string, workflow: string): Promise<readonly Took[]> {
  const times = runners.map((): Took[] => [])
  for (const runner of runners) await timeOnce(runner, dir, workflow)
  for (let round = 0; round < rounds; round++) {
    for (const [index, runner] of runners.entries()) times[index]?.push(await timeOnce(runner, dir, workflow))
  }
  return times.map((all) => ({ ms: Math.min(...all.map(({ ms }) => ms)), cpuMs: Math.min(...all.map(({ cpuMs }) => cpuMs)) }))
}

const lines = 500_000

/** A step that prints, and a reader of the run's output that counts. */
async function measureLines({ argv, env }: Runner, dir: string): Promise<{ readonly perSecond: number; readonly lost: number }> {
  const [program = '', ...args] = argv(workflowFile('lines'))
  const child = spawn(program, args, { cwd: dir, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let seen = 0
  let [first, last] = [0, 0]
  for await (const line of createInterface({ input: child.stdout })) {
    if (!/line \d+ of many/.test(line)) continue
    seen++
    last = performance.now()
    first ||= last
  }
  // The workflow's own text is shown once or not at all.
  return { perSecond: (seen / (last - first)) * 1000, lost: Math.max(0, lines - seen) }
}

async function main(): Promise<void> {
  printMachine()
  const dir = mkdtempSync(join(tmpdir(), 'pushway-bench-'))
  try {
    const tree = join(dir, 'tree')
    makeRepository(tree)
    const act = findAct()
    const program = fileURLToPath(new URL('../packages/pushway/bin/pushway', import.meta.url))
    const ours: Runner = {
      name: 'pushway run',
      argv: (workflow) => [program, 'run', '-W', workflow],
      env: { ...process.env, XDG_CACHE_HOME: join(dir, 'cache') },
    }
    const runners = [ours, ...(act ? [actRunner(act, join(dir, 'home'))] : [])]
    const rows = []
    for (const name of Object.keys(workflows)) {
      const [own, other] = await measure(runners, tree, name)
      if (own)
        rows.push([name, fixed(own.ms), fixed(other?.ms ?? Number.NaN), fixed(own.ms / (other?.ms ?? Number.NaN), 2), name === 'one step' ? '1.00' : '0.50'])
    }
    printTable(['whole process', 'pushway run, ms', 'act -self-hosted, ms', 'ours : act', 'goal'], rows)
    console.log(`fastest of ${rounds} rounds each, turn by turn`)
    const { perSecond, lost } = await measureLines(ours, tree)
    printTable(['log lines from a step to a reader', 'a second', 'goal', 'lost'], [[`${lines} lines`, fixed(perSecond), '100000', lost]])
  } finally {
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
  }
}

await main()
