// The demo's own repository: a copy of examples/hello, committed and pushed by real git with none of the user's settings.

import { spawn } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fail } from '@pushway/core/reason/errors.ts'
import { execFileText } from '../../util/exec.ts'

export interface RepositoryOptions {
  /** The folder that is copied. */
  readonly from: string
  readonly dir: string
  readonly remote: string
  readonly token: string
  /** Port in the example's pushway.yml → the one that is free here. */
  readonly ports: ReadonlyMap<number, number>
  readonly signal: AbortSignal
}

export interface Repository {
  /** Lays a folder over the working tree of `develop` and commits. */
  change(from: string, message: string): Promise<void>
  /** Merges `develop` into `main`; the first time they are the same commit. */
  merge(message: string): Promise<void>
  /** Pushes a branch; gives its commit. `onLine` hears what git and the server say. */
  push(branch: string, onLine: (line: string) => void): Promise<string>
}

/** Copies the example, with its published ports replaced, and commits it to `develop`. */
export async function createRepository(options: RepositoryOptions): Promise<Repository> {
  const { from, dir, signal } = options
  const env = gitEnvironment(options)
  const git = (...args: readonly string[]) => execFileText(['git', ...args], { cwd: dir, env, signal })
  copy(from, dir)
  replacePorts(join(dir, 'pushway.yml'), options.ports)
  await git('init', '--quiet', '--initial-branch=develop')
  const commit = async (message: string) => {
    await git('add', '--all')
    await git('commit', '--quiet', '-m', message)
  }
  await commit('Greet people and quote prices')
  return {
    async change(over, message) {
      await git('checkout', '--quiet', 'develop')
      copy(over, dir)
      await commit(message)
    },
    async merge(message) {
      const main = (await git('branch', '--list', 'main')).trim()
      if (main === '') return void (await git('branch', 'main', 'develop'))
      await git('checkout', '--quiet', 'main')
      await git('merge', '--quiet', '--no-ff', '-m', message, 'develop')
    },
    async push(branch, onLine) {
      await pushBranch(branch, { dir, env, remote: options.remote, signal, onLine })
      return (await git('rev-parse', branch)).trim()
    },
  }
}

function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (path) => !['node_modules', 'coverage'].includes(basename(path)) })
}

function replacePorts(file: string, ports: ReadonlyMap<number, number>): void {
  let text = readFileSync(file, 'utf8')
  for (const [port, free] of ports) text = text.replaceAll(String(port), String(free))
  writeFileSync(file, text)
}

/** Git's settings through its environment, so that the token is in no argument list. */
function gitEnvironment({ remote, token }: RepositoryOptions): NodeJS.ProcessEnv {
  const settings: readonly (readonly [string, string])[] = [
    ['user.name', 'Ada'],
    ['user.email', 'ada@example.com'],
    ['commit.gpgsign', 'false'],
    ['core.hooksPath', '/dev/null'],
    ['core.autocrlf', 'false'],
    ['http.proxy', ''],
    [`http.${remote}.extraHeader`, `Authorization: Bearer ${token}`],
  ]
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')))
  return {
    ...own,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([name, value], index) => [[`GIT_CONFIG_KEY_${index}`, name] as const, [`GIT_CONFIG_VALUE_${index}`, value] as const]),
    ),
  }
}

interface PushOptions {
  readonly dir: string
  readonly env: NodeJS.ProcessEnv
  readonly remote: string
  readonly signal: AbortSignal
  readonly onLine: (line: string) => void
}

function pushBranch(branch: string, { dir, env, remote, signal, onLine }: PushOptions): Promise<void> {
  const child = spawn('git', ['push', remote, branch], { cwd: dir, env, signal, shell: false, stdio: ['ignore', 'ignore', 'pipe'] })
  const said: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => {
    const text = line.trimEnd()
    said.push(text)
    if (text !== '' && text !== 'remote:') onLine(text)
  })
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      if (signal.aborted) return reject(signal.reason)
      reject(fail('command-failed', { command: 'git push', exit: -1, output: error.message }))
    })
    child.once('close', (code) => {
      if (code === 0) return resolve()
      reject(fail('command-failed', { command: 'git push', exit: code ?? -1, output: said.slice(-3).join(' ') }))
    })
  })
}
