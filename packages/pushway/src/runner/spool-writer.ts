// Writes a worker's reports and log lines to its spool, lines in batches.

import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import type { JobReport } from '@pushway/core/run/types.ts'
import { spoolFiles } from '../util/job-spool.ts'
import type { JobSink } from './job-log.ts'

const flushEveryMs = 40
const flushAtBytes = 256 * 1024

export interface SpoolWriter extends JobSink {
  /** What went wrong with writing, if anything did: a full disk. */
  problem(): string | undefined
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
      if (write(reports, `${JSON.stringify(report)}\n`)) fsyncSync(reports)
    },
    flush,
    problem: () => problem,
    close() {
      flush()
      closeSync(log)
      closeSync(reports)
    },
  }
}

/** All bytes or an error; what a failed write left of a line is ended by the next one's newline, and readers skip it. */
function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text)
  let done = 0
  while (done < bytes.length) done += writeSync(fd, bytes, done)
}

function describeProblem(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'There is no space left on the device for the log of the job.' : `The log can't be written: ${(error as Error).message}`
}
