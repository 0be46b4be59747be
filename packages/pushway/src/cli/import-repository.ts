// Brings another repository's branches and tags into a project: a bare clone, then an ordinary push.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import { type ExecResult, execProgram } from '../util/exec.ts'
import type { Connection } from './connection.ts'
import { note } from './output.ts'

export interface Import {
  /** A folder or an address, as `git clone` takes it. */
  readonly source: string
  readonly connection: Pick<Connection, 'url' | 'token'>
  readonly project: string
}

const hour = 3_600_000

/** @throws PushwayError `command-failed` with what git said, `program-missing` */
export async function importRepository({ source, connection, project }: Import): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pushway-import-'))
  // The user's own configuration and credentials read the source; nobody is asked where there is no terminal.
  const env = { ...process.env, ...(process.stdin.isTTY ? {} : { GIT_TERMINAL_PROMPT: '0' }) }
  try {
    note(`Cloning ${withoutPassword(source)}`)
    const bare = join(folder, 'source.git')
    check('git clone', await execProgram(['git', 'clone', '--quiet', '--bare', '--', source, bare], { env, timeoutMs: hour }))
    note(`Pushing to ${connection.url}/${project}.git`)
    const refs = ['refs/heads/*:refs/heads/*', 'refs/tags/*:refs/tags/*']
    const push = ['git', '-C', bare, 'push', '--porcelain', '--', `${connection.url}/${project}.git`, ...refs]
    const pushed = await execProgram(push, { env: { ...env, ...tokenEnv(connection) }, timeoutMs: hour })
    process.stderr.write(pushed.stderr)
    check('git push', pushed)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The token for that server alone, in the environment: the argument list is everybody's to read. */
function tokenEnv({ url, token }: Import['connection']): Record<string, string> {
  if (token === undefined) return {}
  return {
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: `http.${url}/.extraHeader`,
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`,
    // A helper must not keep or replace it.
    GIT_CONFIG_KEY_1: 'credential.helper',
    GIT_CONFIG_VALUE_1: '',
  }
}

function check(command: string, { exit, stderr }: ExecResult): void {
  if (exit === 0) return
  const output = stderr.trim().split('\n').slice(-3).join(' ').slice(-500)
  throw fail('command-failed', { command, exit, output: output.replace(/[.\s]+$/, '') })
}

function withoutPassword(source: string): string {
  return source.replace(/^([a-z+]+:\/\/)[^/@]*@/, '$1')
}
