// pushway doctor: whether this machine has what Pushway needs, and what it would do without.

import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs'
import { arch, platform, release } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { PushwayError } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { defaultCacheDir } from '../../util/cache-dir.ts'
import { execProgram } from '../../util/exec.ts'
import { type OutputFormat, printOne, withOutput } from '../output.ts'
import type { Screen } from '../screen.ts'
import { renderTable } from '../table.ts'

interface Check {
  readonly name: string
  /** `info`: neither good nor bad. */
  readonly state: 'ok' | 'info' | 'warning' | 'failed'
  readonly text: string
}

interface Diagnosis {
  readonly version: string
  readonly ok: boolean
  readonly checks: readonly Check[]
}

/** Adds `pushway doctor`. Exit code 1 when something that is needed is missing. */
export function register(program: Command, context: CommandContext): void {
  withOutput(
    program
      .command('doctor')
      .summary('what this machine has of what Pushway needs')
      .description('Checks Node.js, git, isolation, a Docker engine, the toolchain cache and the data folder. Nothing is changed.')
      .option('--data <dir>', 'the data folder', process.env.PUSHWAY_DATA ?? '.pushway'),
  ).action(async (options: { readonly data: string; readonly output: OutputFormat }) => {
    const checks = await Promise.all([
      checkNode(),
      checkGit(),
      checkPlatform(),
      checkIsolation(),
      checkEngine(context),
      checkCache(),
      checkData(resolve(options.data)),
    ])
    const diagnosis: Diagnosis = { version: context.version, ok: checks.every(({ state }) => state !== 'failed'), checks }
    await printOne(diagnosis, options.output, { name: `pushway/${context.version}`, describe: show })
    context.exit(diagnosis.ok ? 0 : 1)
  })
}

function show({ version, checks }: Diagnosis, screen: Screen): string {
  const columns = [
    { title: 'CHECK', text: (check: Check) => check.name },
    { title: 'STATE', text: (check: Check) => check.state, state: true },
    { title: `PUSHWAY ${version}`, text: (check: Check) => check.text },
  ]
  return renderTable(columns, checks, screen)
}

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const fits = major > 20 || (major === 20 && minor >= 19)
  return { name: 'Node.js', state: fits ? 'ok' : 'failed', text: fits ? process.versions.node : `${process.versions.node} is too old: install 20.19 or newer.` }
}

async function checkGit(): Promise<Check> {
  try {
    const { stdout } = await execProgram(['git', '--version'], { timeoutMs: 10_000 })
    return { name: 'git', state: 'ok', text: stdout.trim().replace(/^git version /, '') }
  } catch {
    return { name: 'git', state: 'failed', text: 'git is not on the PATH: install it.' }
  }
}

function checkPlatform(): Check {
  const known = ['linux', 'darwin'].includes(platform())
  return {
    name: 'platform',
    state: known ? 'ok' : 'warning',
    text: `${platform()} ${release()} on ${arch()}${known ? '' : ': only Linux and macOS are tested'}`,
  }
}

async function checkIsolation(): Promise<Check> {
  const { detectIsolation } = await import('../../util/isolation/index.ts')
  try {
    const { kind, why } = await detectIsolation(process.env.PUSHWAY_ISOLATION)
    return { name: 'isolation', state: kind === 'none' ? 'warning' : 'ok', text: `${kind}: ${why}` }
  } catch (error) {
    if (!(error instanceof PushwayError)) throw error
    return { name: 'isolation', state: 'failed', text: `${error.message} ${error.next}` }
  }
}

async function checkEngine(context: CommandContext): Promise<Check> {
  if (!(await context.engineAnswers())) {
    return { name: 'docker', state: 'info', text: 'no engine answers: jobs build with the embedded builder, and runtime: docker has nothing to run on' }
  }
  const [{ findEngine }, { describeEngine }] = await Promise.all([import('../../util/engine-api/index.ts'), import('../../drivers/runtime/docker/index.ts')])
  try {
    const address = findEngine({ env: process.env })
    const said = address ? await describeEngine(address) : []
    return { name: 'docker', state: 'info', text: `jobs build with it; ${said.join(' ')}` }
  } catch (error) {
    if (!(error instanceof PushwayError)) throw error
    return { name: 'docker', state: 'warning', text: `${error.message} ${error.next}` }
  }
}

function checkCache(): Check {
  const dir = join(defaultCacheDir(), 'toolchains')
  const problem = writeProblem(dir)
  const node = join(dir, 'node')
  const versions = existsSync(node) ? readdirSync(node).filter((name) => /^\d/.test(name)) : []
  const text = `${dir}${versions.length > 0 ? `: Node.js ${versions.join(', ')}` : ' (empty)'}`
  return { name: 'toolchains', state: problem ? 'failed' : 'ok', text: problem ?? text }
}

function checkData(dir: string): Check {
  const problem = writeProblem(dir)
  return { name: 'data folder', state: problem ? 'failed' : 'ok', text: problem ?? `${dir}${existsSync(dir) ? '' : ' (made when the server starts)'}` }
}

/** Why nothing can be written there; the folder may not exist yet, then its nearest parent that does is asked. */
function writeProblem(dir: string): string | undefined {
  let place = dir
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place)
  try {
    if (!statSync(place).isDirectory()) return `${place} is not a folder.`
    accessSync(place, constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    return `${place} can't be written: ${(error as NodeJS.ErrnoException).code}.`
  }
}
