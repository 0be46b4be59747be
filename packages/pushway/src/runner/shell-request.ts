// What the small shell is asked: a file with shell commands that start one process.

import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, resolve } from 'node:path'
import type { StartOptions } from './start-process.ts'

type RequestOf = Pick<StartOptions, 'cwd' | 'env'> & {
  readonly argv: readonly string[]
  /** The variables that the shell has by now. */
  readonly has: Map<string, string>
  readonly claim: string
}

/**
 * What the shell does: it opens the output before it forks, so that the reader sees no end before there is a writer. It keeps the
 * variables for the next request, which sets only what is new: most are the same, and setting the language again reads tables.
 * The process goes on only when it is the first to make the file `claim`: whoever gives up waiting for it makes the file himself.
 */
export function requestText({ argv, cwd, env, has, claim }: RequestOf, fifo: string): string {
  const fresh = Object.entries(env).filter(([name, value]) => has.get(name) !== value)
  const surplus = [...has.keys()].filter((name) => !(name in env))
  for (const [name, value] of fresh) has.set(name, value)
  for (const name of surplus) has.delete(name)
  return [
    ...fresh.map(([name, value]) => `export ${name}=${quote(value)}`),
    ...(surplus.length > 0 ? [`unset ${surplus.join(' ')}`] : []),
    `exec 4>${quote(fifo)}`,
    '(',
    `set -C; : >${quote(claim)} || exit 126`,
    `cd -- ${quote(cwd)} >/dev/null || exit 126`,
    'unset OLDPWD SHLVL',
    `exec -- ${argv.map(quote).join(' ')} </dev/null >&4 2>&1 3>&- 4>&-`,
    ') &',
    'exec 4>&-',
    '',
  ].join('\n')
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** Variables that a shell has for itself, or can't have at all. */
const own =
  /^(_|PWD|OLDPWD|SHLVL|IFS|UID|EUID|PPID|GROUPS|RANDOM|SRANDOM|SECONDS|LINENO|EPOCH\w*|DIRSTACK|FUNCNAME|HIST\w*|OPT\w*|PIPESTATUS|SHELLOPTS|POSIXLY_CORRECT|BASH\w*|COMP_\w*|COPROC|MAILCHECK|REPLY|TMOUT|PS[0-4]|FCEDIT|GLOBIGNORE|CHILD_MAX|auto_resume)$/

/** Whether a shell can hand on exactly these variables. */
export function carries(env: Readonly<Record<string, string>>): boolean {
  return Object.keys(env).every((name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !own.test(name))
}

/** Whether the system would find the program, as it looks for it. */
export function isThere(program: string, { cwd, env }: Pick<StartOptions, 'cwd' | 'env'>): boolean {
  const paths = program.includes('/') ? [resolve(cwd, program)] : (env.PATH ?? '').split(delimiter).map((dir) => resolve(cwd, dir || '.', program))
  return paths.some((path) => {
    try {
      accessSync(path, constants.X_OK)
      return statSync(path).isFile()
    } catch {
      return false
    }
  })
}
