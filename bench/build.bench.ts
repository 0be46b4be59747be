// A warm rebuild of examples/hello with one source line changed, beside Docker's classic builder: whole processes, turn by turn.
// `npm run bench build`; with PUSHWAY_TEST_BUNDLE=1 for the bundle, as it is shipped.

import { spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programCommand } from '../test/support/server.ts'
import { type ToTheEnd, timeProgram } from './support/processes.ts'
import { fixed, median, printMachine, printTable } from './support/report.ts'

const rounds = 9
const hello = new URL('../examples/hello', import.meta.url).pathname

interface Builder {
  readonly name: string
  readonly argv: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Steps that a warm rebuild must take from the cache, as its output says it. */
  readonly cached: RegExp
}

function builders(dir: string): readonly Builder[] {
  const { DOCKER_BUILDKIT: _, ...env } = process.env
  const folders = { PUSHWAY_IMAGE_STORE: join(dir, 'images'), PUSHWAY_BUILD_CACHE: join(dir, 'build'), PUSHWAY_TOOLCHAIN_CACHE: join(dir, 'tools') }
  const ours: Builder = {
    name: 'embedded builder',
    argv: [...programCommand(), 'internal', 'docker', 'build', '-t', 'bench/hello:1', '.'],
    env: { ...env, ...folders, PUSHWAY_BUILDER: 'embedded' },
    cached: / ---> CACHED/g,
  }
  if (spawnSync('docker', ['version'], { stdio: 'ignore' }).status !== 0) {
    console.log('no Docker Engine answers: ours alone is measured')
    return [ours]
  }
  const classic: Builder = {
    name: 'docker build (classic)',
    argv: ['docker', 'build', '-t', 'pushway-bench-hello:1', '.'],
    env: { ...env, DOCKER_BUILDKIT: '0' },
    cached: / ---> Using cache/g,
  }
  return [ours, classic]
}

async function build({ name, argv, env }: Builder, context: string): Promise<ToTheEnd> {
  const done = await timeProgram(argv, { cwd: context, env, timeoutMs: 600_000 })
  if (done.exit !== 0) throw new Error(`${name} failed with ${done.exit}:\n${done.output.slice(-2000)}`)
  return done
}

async function main(): Promise<void> {
  printMachine()
  const dir = mkdtempSync(join(tmpdir(), 'pushway-bench-build-'))
  try {
    const context = join(dir, 'hello')
    cpSync(hello, context, { recursive: true })
    const all = builders(dir)
    const times = all.map(() => ({ first: 0, unchanged: [] as number[], changed: [] as number[] }))
    for (const [index, one] of all.entries()) (times[index] as { first: number }).first = (await build(one, context)).ms
    for (let round = 0; round < rounds; round++) {
      for (const [index, one] of all.entries()) times[index]?.unchanged.push((await build(one, context)).ms)
      appendFileSync(join(context, 'src/main.js'), `// ${round}\n`)
      for (const [index, one] of all.entries()) {
        const { ms, output } = await build(one, context)
        if (!one.cached.test(output)) throw new Error(`${one.name} used no cache:\n${output}`)
        one.cached.lastIndex = 0
        times[index]?.changed.push(ms)
      }
    }
    const own = median(times[0]?.changed ?? [])
    const rows = all.map(({ name }, index) => {
      const { first, unchanged, changed } = times[index] as (typeof times)[number]
      return [name, fixed(first), fixed(median(unchanged)), fixed(median(changed)), fixed(own / median(changed), 2)]
    })
    printTable(['', 'first, ms', 'nothing changed, ms', 'one line changed, ms', 'ours : this'], rows)
    console.log(`medians of ${rounds} rounds; the first build has its bases and packages at hand or not, as the machine has them`)
  } finally {
    spawnSync('docker', ['image', 'rm', '-f', 'pushway-bench-hello:1'], { stdio: 'ignore' })
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
  }
}

await main()
