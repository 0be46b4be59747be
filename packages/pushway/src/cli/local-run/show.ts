// How a local run looks in a terminal: each step with its lines, times and results; then the summary.

import type { Conclusion, JobReport } from '@pushway/core/run/types.ts'
import type { JobSink } from '../../runner/job-log.ts'
import type { LocalResult } from './run-workflow.ts'

export interface StepShown {
  readonly name: string
  readonly conclusion: Conclusion
  readonly durationMs: number
}

export interface Show {
  sinkFor(job: string): JobSink
  note(text: string): void
  summary(file: string, result: LocalResult): void
  /** What each job's steps became, for `-o json`. */
  readonly steps: ReadonlyMap<string, readonly StepShown[]>
}

const marks: Readonly<Record<Conclusion, readonly [text: string, color: number]>> = {
  success: ['✓', 32],
  failure: ['✗', 31],
  timed_out: ['✗', 31],
  cancelled: ['■', 33],
  skipped: ['–', 90],
}

/** Writes to `out`; with colours when it is a terminal that has them. */
export function createShow(out: NodeJS.WriteStream): Show {
  const colors = out.isTTY === true && process.env.NO_COLOR === undefined
  const paint = (color: number, text: string) => (colors ? `\u001B[${color}m${text}\u001B[0m` : text)
  const mark = (conclusion: Conclusion) => paint(marks[conclusion][1], marks[conclusion][0])
  const steps = new Map<string, StepShown[]>()
  const write = (job: string, text: string) => out.write(`${paint(90, `[${job}]`)} ${text}\n`)
  const onReport = (job: string, report: JobReport) => {
    if (report.type === 'step-started') write(job, `${paint(36, '▶')} ${report.name}`)
    if (report.type !== 'step-finished') return
    const { name, conclusion, durationMs } = report
    steps.set(job, [...(steps.get(job) ?? []), { name, conclusion, durationMs }])
    write(job, `${mark(conclusion)} ${name}${conclusion === 'skipped' ? ' (skipped)' : ` ${paint(90, seconds(durationMs))}`}`)
  }
  const sinkFor = (job: string): JobSink => {
    // The block that names a step's script is known already to who runs it here.
    let inHeader = false
    return {
      report: (report) => onReport(job, report),
      lines(_step, lines) {
        for (const line of lines) {
          if (line.startsWith('##[group]Run ')) inHeader = true
          if (!inHeader) write(job, showLine(line, paint))
          if (line === '##[endgroup]') inHeader = false
        }
      },
      flush: () => undefined,
    }
  }
  return {
    sinkFor,
    steps,
    note: (text) => out.write(`${text}\n`),
    summary(file, result) {
      const rows = result.jobs.map((job) => `  ${mark(job.conclusion)} ${job.key}${job.why && job.conclusion !== 'success' ? paint(90, `  ${job.why}`) : ''}`)
      out.write(`${mark(result.conclusion)} ${file}: ${result.conclusion}\n${rows.join('\n')}\n`)
    },
  }
}

function showLine(line: string, paint: (color: number, text: string) => string): string {
  const match = /^##\[(group|endgroup|error|warning|notice|debug|command)\](.*)$/s.exec(line)
  const [, kind, text = ''] = match ?? []
  switch (kind) {
    case 'group':
      return paint(1, `  ▾ ${text}`)
    case 'endgroup':
      return ''
    case 'error':
      return paint(31, `  error: ${text}`)
    case 'warning':
      return paint(33, `  warning: ${text}`)
    case 'notice':
    case 'debug':
    case 'command':
      return paint(90, `  ${kind}: ${text}`)
    default:
      return `  ${line}`
  }
}

function seconds(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`
}
