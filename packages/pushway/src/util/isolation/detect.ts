// Finds out which isolation works on this machine by doing it once.

import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import { type Isolation, isolateCommand } from './command.ts'

const settings = ['auto', 'uid', 'namespaces', 'none'] as const
type Setting = (typeof settings)[number]

/** A uid that owns nothing here, for the trial. */
const trialUid = 65534

/**
 * The isolation to use. `setting` is PUSHWAY_ISOLATION; absent is `auto`: `uid` for root, else `namespaces` where they work, else `none`.
 * @throws PushwayError `usage` when the setting is unknown, or names a kind that does not work here
 */
export async function detectIsolation(setting: string | undefined): Promise<Isolation> {
  const wanted = (setting === undefined || setting === '' ? 'auto' : setting) as Setting
  if (!settings.includes(wanted)) {
    throw fail('usage', { problem: `PUSHWAY_ISOLATION can't be "${setting}".`, hint: `Use one of ${settings.join(', ')}.` })
  }
  const root = process.getuid?.() === 0
  switch (wanted) {
    case 'none':
      return { kind: 'none', why: 'PUSHWAY_ISOLATION=none.', mounts: false, pids: false }
    case 'uid':
      if (!root) throw fail('usage', { problem: 'PUSHWAY_ISOLATION=uid needs root.', hint: 'Start Pushway as root, or leave the setting out.' })
      return detectUid()
    case 'namespaces': {
      const found = await detectNamespaces()
      if (found.kind === 'none') throw fail('usage', { problem: found.why, hint: 'Allow user namespaces on this machine, or set PUSHWAY_ISOLATION=none.' })
      return found
    }
    case 'auto':
      return root ? detectUid() : detectNamespaces()
  }
}

async function detectUid(): Promise<Isolation> {
  const why = 'Commands run under a uid of their project'
  for (const pids of [true, false]) {
    const isolation: Isolation = { kind: 'uid', why: `${why}; the data folder is covered.`, mounts: true, pids }
    if (await hides(isolation)) return isolation
  }
  return { kind: 'uid', why: `${why}; mount namespaces are not allowed here, so only file modes protect the data folder.`, mounts: false, pids: false }
}

async function detectNamespaces(): Promise<Isolation> {
  for (const pids of [true, false]) {
    const isolation: Isolation = { kind: 'namespaces', why: 'Commands run in user and mount namespaces; the data folder is covered.', mounts: true, pids }
    if (await hides(isolation)) return isolation
  }
  return { kind: 'none', why: 'User namespaces do not work here: commands could read what this user can read.', mounts: false, pids: false }
}

/** Hides a folder with a file in it and looks whether the file is gone and a kept folder is still there. */
async function hides(isolation: Isolation): Promise<boolean> {
  if (process.platform !== 'linux') return false
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'pushway-isolation-')))
  try {
    chmodSync(dir, 0o755)
    mkdirSync(join(dir, 'kept'), { mode: 0o755 })
    writeFileSync(join(dir, 'secret'), 'x', { mode: 0o644 })
    writeFileSync(join(dir, 'kept', 'file'), 'x', { mode: 0o644 })
    const look = ['sh', '-c', 'test ! -e "$1/secret" && test -e "$1/kept/file"', 'sh', dir]
    const command = isolateCommand(isolation, { argv: look, hide: [dir], keep: [join(dir, 'kept')], uid: trialUid, pidNamespace: isolation.pids })
    return await succeeds(command.argv)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function succeeds(argv: readonly string[]): Promise<boolean> {
  const [program = '', ...rest] = argv
  return new Promise((resolve) => execFile(program, rest, { timeout: 5000 }, (error) => resolve(error === null)))
}
