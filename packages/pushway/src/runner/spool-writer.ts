// Writes a worker's reports and log lines to its spool, lines in batches.

import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import type { JobReport } from '@pushway/core/run/types.ts'
import { spoolFiles } from '../util/job-spool.ts'
import type { JobSink } from './job-log.ts'

const flushEveryMs = 40
const flushAtBytes = 256 * 1024

export interface SpoolWriter extends JobSink {
  /** Reports could not be written so far. */
  pending(): boolean
  /** Tries them again. */
  retry(): void
  close(): void
}

/** Lines are on disk within 50 ms, or sooner when there are many. Reports are written and synced at once, after the lines before them. */
export function openSpool(spool: string, onProblem: (problem: string) => void): SpoolWriter {
  const files = spoolFiles(spool)
  const log = openSync(files.log, 'a', 0o600)
  const reports = openSync(files.reports, 'a', 0o600)
  let batch = ''
  let timer: NodeJS.Timeout | undefined
  let problem: string | undefined
  const unwritten: string[] = []
  const write = (fd: number, text: string) => {
    try {
      writeAll(fd, text)
      return true
    } catch (error) {
      const first = problem === undefined
      problem = describeProblem(error)
      if (first) onProblem(problem)
      return false
    }
  }
  const writeReports = () => {
    while (unwritten.length > 0 && write(reports, unwritten[0] as string)) unwritten.shift()
    if (unwritten.length === 0) fsyncSync(reports)
  }
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (batch === '') return
    const text = batch
    batch = ''
    write(log, text)
  }
  return {
    lines(step, lines) {
      const head = `{"at":${Date.now()},"step":${step},"text":`
      for (const line of lines) batch += `${head}${JSON.stringify(line)}}\n`
      if (batch.length > flushAtBytes) flush()
      else timer ??= setTimeout(flush, flushEveryMs)
    },
    report(report: JobReport) {
      flush()
      unwritten.push(`${JSON.stringify(report)}\n`)
      writeReports()
    },
    flush,
    pending: () => unwritten.length > 0,
    retry: writeReports,
    close() {
      flush()
      closeSync(log)
      closeSync(reports)
    },
  }
}

/** All bytes, or none and an error: half a line would spoil the one that is written when there is space again. */
function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text)
  const before = fstatSync(fd).size
  try {
    let done = 0
    while (done < bytes.length) done += writeSync(fd, bytes, done)
  } catch (error) {
    takeBack(fd, before)
    throw error
  }
}

function takeBack(fd: number, size: number): void {
  try {
    ftruncateSync(fd, size)
  } catch {
    // Not a file that can be cut: readers skip a line that is not whole.
  }
}

function describeProblem(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? 'There is no space left on the device for the log of the job.'
    : `The log can't be written: ${(error as Error).message}`
}
