// What processes cost: wall time of one that runs to its end; memory and CPU time of those that run (Linux only).

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface ToTheEnd {
  readonly ms: number
  readonly exit: number
  readonly output: string
}

export interface Call {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly timeoutMs?: number
}

/** Runs a program to its end; its output is read, both streams together. @throws Error when it can't be started or takes too long */
export function timeProgram(argv: readonly string[], { cwd, env = process.env, timeoutMs = 60_000 }: Call = {}): Promise<ToTheEnd> {
  const [program = '', ...args] = argv
  const begun = performance.now()
  const child = spawn(program, args, { ...(cwd ? { cwd } : {}), env, stdio: ['ignore', 'pipe', 'pipe'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      // Asked first: it may have other processes to end.
      child.kill('SIGTERM')
      setTimeout(() => child.kill('SIGKILL'), 10_000).unref()
      reject(new Error(`${program} took longer than ${timeoutMs} ms: ${Buffer.concat(chunks).toString().slice(-2000)}`))
    }, timeoutMs)
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ ms: performance.now() - begun, exit: code ?? -1, output: Buffer.concat(chunks).toString() })
    })
  })
}

/** As `timeProgram`; also the CPU time that the program and all that it waited for took, by the shell's own account. */
export async function timeProgramCpu(argv: readonly string[], call: Call = {}): Promise<ToTheEnd & { readonly cpuMs: number }> {
  const done = await timeProgram(['sh', '-c', '"$@"; code=$?; times; exit $code', 'sh', ...argv], call)
  const [user, system] = [...done.output.slice(-200).matchAll(/(\d+)m([\d.]+)s/g)]
    .slice(-2)
    .map(([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds))
  return { ...done, cpuMs: ((user ?? Number.NaN) + (system ?? Number.NaN)) * 1000 }
}

/** CPU time of a process so far, user and system, in ms; the system counts in ticks of 10 ms. */
export function cpuMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** Memory in MB: `pss` counts what is shared with other processes (of any program) in parts, `rss` counts it whole. */
export function memoryMb(pid: number): { readonly pss: number; readonly rss: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN) / 1024
  return { pss: field('Pss'), rss: field('Rss') }
}
