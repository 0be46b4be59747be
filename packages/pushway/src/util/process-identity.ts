// Tells one process from another that got its pid later, and finds the processes that carry a mark.

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** The name of the variable that every process of a job has in its environment. */
export const markVariable = 'PUSHWAY_JOB_MARK'

/** When the process was started, as the system says it (ticks since boot, or a date); undefined when there is none. */
export function processStartTime(pid: number): string | undefined {
  if (process.platform === 'linux') return statFields(pid)?.[19]
  try {
    const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 5000 })
    return text.trim() || undefined
  } catch {
    return undefined
  }
}

/** Whether the process that was started then still runs. A zombie does not. */
export function isSameProcess(pid: number, startTime: string): boolean {
  if (process.platform === 'linux' && statFields(pid)?.[0] === 'Z') return false
  return processStartTime(pid) === startTime
}

/**
 * Whether a process runs and, when it has ended and its parent has not asked yet, its exit code, 128 + n for signal n; -1 when nobody knows it.
 * Where there is no /proc every process runs.
 */
export function howItEnded(pid: number): { readonly running: boolean; readonly code: number } {
  if (process.platform !== 'linux') return { running: true, code: -1 }
  const fields = statFields(pid)
  if (fields === undefined) return { running: false, code: -1 }
  const status = Number(fields[49])
  return { running: fields[0] !== 'Z', code: (status & 127) === 0 ? status >> 8 : 128 + (status & 127) }
}

/** The children of a process; Linux only. */
export function childProcesses(pid: number): readonly number[] {
  return allProcesses().filter((other) => statFields(other)?.[1] === String(pid))
}

/** Which processes there are; those of work that begins afterwards are among the others. */
export interface ProcessesBefore {
  readonly at: number
  readonly pids: ReadonlySet<number>
}

export function processesNow(): ProcessesBefore {
  return { at: performance.now(), pids: new Set(allProcesses()) }
}

/** Within this time the system does not come round to a number again, so that one that was there is still the same process, in ms. */
const sameForMs = 5000

/** The processes with `mark` in their environment, not this one; Linux only, none elsewhere. */
function markedProcesses(mark: string, before?: ProcessesBefore): readonly number[] {
  const wanted = `${markVariable}=${mark}`
  const known = before !== undefined && performance.now() - before.at < sameForMs ? before.pids : undefined
  return allProcesses().filter((pid) => {
    if (pid === process.pid || known?.has(pid)) return false
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(wanted)
    } catch {
      return false
    }
  })
}

/** Ends every process with `mark`, and what they start meanwhile. @param before taken before the first of them was started: makes it faster */
export function endMarkedProcesses(mark: string, before?: ProcessesBefore): void {
  for (let round = 0; round < 20; round++) {
    const left = markedProcesses(mark, before).filter((pid) => statFields(pid)?.[0] !== 'Z')
    if (left.length === 0) return
    for (const pid of left) endProcess(pid)
  }
}

/** SIGKILL to a process or, with a negative number, to a group; nothing when it is gone. */
export function endProcess(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It is gone, or not ours.
  }
}

function allProcesses(): readonly number[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** The fields of /proc/PID/stat from the third (state) on: the second holds the name, which may hold anything. */
function statFields(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}
