// The log of one job: masks lines before anyone sees them, and hands them on with the step they belong to.

import type { JobReport } from '@pushway/core/run/types.ts'
import type { Masker } from './mask.ts'

/** Where a job's reports and lines go: the spool of a worker, or the terminal of a local run. */
export interface JobSink {
  report(report: JobReport): void
  /** Lines of one step, in order, already masked. */
  lines(step: number, lines: readonly string[]): void
  /** Everything given so far is where it should be when this returns. */
  flush(): void
}

export interface JobLog {
  /** Text of one or more lines. */
  say(step: number, text: string): void
  /** Lines as they come from a process. */
  lines(step: number, lines: readonly string[]): void
}

export function createJobLog(sink: JobSink, masker: Masker): JobLog {
  return {
    say: (step, text) => sink.lines(step, masker.mask(text).split('\n')),
    // A batch is masked as one text: no pattern of a single line can match across two.
    lines: (step, lines) => sink.lines(step, masker.holds(lines.join('\n')) ? lines.map((line) => masker.mask(line)) : lines),
  }
}
