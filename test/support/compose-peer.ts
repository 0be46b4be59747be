// Docker Compose itself, for comparison: built from its Go module as `pw-peer-docker-compose`.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type ComposeCase, caseFolder, caseHome, peerArguments } from './compose-corpus.ts'

const program = 'pw-peer-docker-compose'
/** The version whose output is recorded. Built by hand, the program itself only says `dev`. */
export const peerVersion = 'v2.40.3'

/** Whether the program is on this machine. */
export function hasPeer(): boolean {
  return spawnSync(program, ['version'], { stdio: 'ignore' }).status === 0
}

export interface PeerAnswer {
  readonly ok: boolean
  /** Standard output when it is well, else what it complained about. */
  readonly text: string
}

/** Writes the case's files and asks for its configuration; the folder's name is replaced by the corpus's own. */
export function askPeer(one: ComposeCase, format: 'json' | 'yaml'): PeerAnswer {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'compose-peer-')))
  const folder = join(root, 'case')
  try {
    for (const [path, text] of Object.entries(one.files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    const env = { PATH: process.env.PATH ?? '', HOME: caseHome, PWD: folder, ...one.env }
    const { status, stdout, stderr } = spawnSync(program, [...peerArguments(one), '--format', format], { cwd: folder, env, encoding: 'utf8' })
    const errors = stderr.split('\n').filter((line) => !line.startsWith('time=') && line !== '')
    const text = status === 0 ? stdout : `${errors.join('\n')}\n`
    return { ok: status === 0, text: text.replaceAll(folder, caseFolder).replaceAll(root, dirname(caseFolder)) }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
