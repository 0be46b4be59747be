// Who a process is: a pid alone may belong to another program by now.

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** A process of this machine: pid, when it started (the system's own words), and which boot of the machine that was. */
export interface ProcessIdentity {
  readonly pid: number
  readonly startTime: string
  readonly boot: string
}

let boot: string | undefined

/** A name of this boot of the machine. */
export function bootId(): string {
  boot ??= process.platform === 'linux' ? readText('/proc/sys/kernel/random/boot_id') : runText('sysctl', ['-n', 'kern.boottime'])
  return boot
}

/** The identity of a process that runs now; undefined when there is none. */
export function identify(pid: number): ProcessIdentity | undefined {
  const startTime = process.platform === 'linux' ? procStat(pid)?.startTime : runText('ps', ['-o', 'lstart=', '-p', String(pid)])
  return startTime ? { pid, startTime, boot: bootId() } : undefined
}

/** Whether exactly this process still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.boot !== bootId() || !exists(identity.pid)) return false
  const now = identify(identity.pid)
  return now !== undefined && now.startTime === identity.startTime
}

export interface ProcStat {
  readonly state: string
  readonly parent: number
  readonly group: number
  readonly session: number
  readonly startTime: string
}

/** What Linux says about a process; undefined when it is gone or only a zombie. */
export function procStat(pid: number): ProcStat | undefined {
  const text = readText(`/proc/${pid}/stat`)
  // The program's name is in parentheses and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state = '', parent, group, session] = fields
  const startTime = fields[19]
  if (!startTime || state === 'Z' || state === 'X') return undefined
  return { state, parent: Number(parent), group: Number(group), session: Number(session), startTime }
}

/** Every pid of the machine, on Linux; empty elsewhere. */
export function allPids(): readonly number[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** The leader of a process group whose environment has `entry` (`NAME=value`): finds what was started just before the agent died. */
export function findByEnvironment(entry: string): ProcessIdentity | undefined {
  for (const pid of allPids()) {
    const environment = readText(`/proc/${pid}/environ`)
    if (environment.split('\0').includes(entry) && procStat(pid)?.group === pid) return identify(pid)
  }
  return undefined
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}

function runText(program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return ''
  }
}
