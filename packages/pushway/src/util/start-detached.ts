// Starts a long-lived process of ours in a session of its own, so that neither a closed terminal nor our own end reaches it.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'

export interface DetachedOptions {
  /** Its stdout and stderr are appended here. */
  readonly logFile: string
  readonly env?: Readonly<Record<string, string>>
  /** Opens a channel to it. */
  readonly ipc?: boolean
}

/** The started child; its failure to start is its `error` event. Of our environment it gets only what it needs: ours may hold passwords. */
export function startDetached(launch: readonly string[], options: DetachedOptions): ChildProcess {
  mkdirSync(dirname(options.logFile), { recursive: true, mode: 0o700 })
  const log = openSync(options.logFile, 'a', 0o600)
  const names = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'XDG_RUNTIME_DIR']
  const env: Record<string, string> = { ...options.env }
  for (const name of names) if (process.env[name] !== undefined) env[name] = process.env[name]
  const [program = '', ...args] = launch
  try {
    const child = spawn(program, args, { detached: true, stdio: options.ipc ? ['ignore', log, log, 'ipc'] : ['ignore', log, log], env, cwd: '/', shell: false })
    child.on('error', () => undefined)
    return child
  } finally {
    closeSync(log)
  }
}
