// Test support: a git server on a free port, and a real git client with its own home.

import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Principal } from '../ports/principal.ts'
import { openRepositories, type Repositories } from './repositories.ts'
import { createGitHandler, type GitPush, type GitServer } from './server.ts'

const run = promisify(execFile)

export interface ClientResult {
  readonly ok: boolean
  readonly stdout: string
  readonly stderr: string
}

export interface GitWorld {
  readonly dir: string
  readonly port: number
  readonly repositories: Repositories
  readonly pushes: GitPush[]
  readonly created: string[]
  readonly mistakes: unknown[]
  /** Called for each push; may say lines. */
  onPush: (push: GitPush) => Promise<void>
  /** `http://user:password@127.0.0.1:PORT/acme/hello.git`. */
  url(project: string, user?: string): string
  git(cwd: string, ...args: string[]): Promise<ClientResult>
  /** A fresh work tree with one commit on `main`, in `<dir>/<name>`. */
  workTree(name: string): Promise<string>
  commit(tree: string, file: string, text: string): Promise<string>
  close(): Promise<void>
}

const people: Readonly<Record<string, Principal>> = {
  'ana:secret': { name: 'ana', kind: 'user', admin: true },
  'wim:secret': { name: 'wim', kind: 'user' },
  'rio:secret': { name: 'rio', kind: 'user' },
  'x-access-token:run-own': { name: 'run 1', kind: 'run', project: 'acme/hello', scope: 'read' },
  'x-access-token:run-other': { name: 'run 2', kind: 'run', project: 'acme/other', scope: 'read' },
}

/** ana may do everything, wim writes, rio reads, runs read their own project. */
function allowed(principal: Principal, project: string, what: string): boolean {
  if (principal.kind === 'run') return what === 'read' && principal.project === project
  if (principal.name === 'ana') return true
  if (what === 'create') return project.startsWith(`${principal.name}/`)
  return project === 'acme/hello' && (what === 'read' || principal.name === 'wim')
}

function fakeAccess(): GitServer['access'] {
  return {
    authenticate: async (req) => people[Buffer.from((req.headers.authorization ?? '').replace('Basic ', ''), 'base64').toString()],
    allowed,
  }
}

/** Starts everything below a temporary folder; `close` ends it all. */
export async function startGitWorld(): Promise<GitWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'pushway-git-'))
  const repositories = openRepositories(join(dir, 'repositories'))
  const handler = createGitHandler({
    repositories,
    access: fakeAccess(),
    onCreate: (project) => void world.created.push(project),
    onMistake: (error) => void world.mistakes.push(error),
    onPush: async (push) => {
      world.pushes.push(push)
      await world.onPush(push)
    },
  })
  const server = createServer((req, res) => void handler(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const port = (server.address() as AddressInfo).port
  const env = { PATH: process.env.PATH, HOME: dir, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' }
  await writeFile(join(dir, '.gitconfig'), '[user]\n\tname = Ana\n\temail = ana@example.org\n[init]\n\tdefaultBranch = main\n[safe]\n\tdirectory = *\n')
  const git = async (cwd: string, ...args: string[]): Promise<ClientResult> => {
    try {
      return { ok: true, ...(await run('git', args, { cwd, env, maxBuffer: 1 << 26 })) }
    } catch (error) {
      const failed = error as { stdout?: string; stderr?: string }
      return { ok: false, stdout: failed.stdout ?? '', stderr: failed.stderr ?? String(error) }
    }
  }
  const commit = async (tree: string, file: string, text: string): Promise<string> => {
    await writeFile(join(tree, file), text)
    await git(tree, 'add', '-A')
    await git(tree, 'commit', '-qm', `change ${file}`)
    return (await git(tree, 'rev-parse', 'HEAD')).stdout.trim()
  }
  const world: GitWorld = {
    dir,
    port,
    repositories,
    pushes: [],
    created: [],
    mistakes: [],
    onPush: async () => {},
    url: (project, user = 'ana:secret') => `http://${user}@127.0.0.1:${port}/${project}.git`,
    git,
    workTree: async (name) => {
      await git(dir, 'init', '-q', name)
      await commit(join(dir, name), 'README.md', `# ${name}\n`)
      return join(dir, name)
    },
    commit,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(dir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  return world
}
