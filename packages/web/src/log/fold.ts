// Which rows a job's log shows: steps, groups and lines, folded and unfolded. Pure.

import type { JobView, LogPage, StepView } from '@pushway/core/views/types.ts'
import { readLine, stripAnsi } from './line.ts'

export type LogLine = LogPage['lines'][number]

/** Lines by step, in order of their coming; grows while the log is followed. */
export type StepLines = ReadonlyMap<number, readonly LogLine[]>

export type Row =
  | { readonly kind: 'step'; readonly step: StepView; readonly open: boolean; readonly lines: number }
  | { readonly kind: 'group'; readonly step: number; readonly number: number; readonly title: string; readonly open: boolean; readonly depth: number }
  /** `number`: the line's place in its step, from 1. */
  | { readonly kind: 'line'; readonly step: number; readonly number: number; readonly line: LogLine; readonly depth: number }

export interface Folding {
  /** What the reader opened or closed himself: `3` a step, `3:12` the group that begins at its line 12. */
  readonly chosen: ReadonlyMap<string, boolean>
  /** Steps that are open unless the reader says otherwise. */
  readonly openSteps: ReadonlySet<number>
  /** While something is searched for, everything is open. */
  readonly all: boolean
}

/** Lines of the job itself, before and after its steps. */
export const jobStep = -1

/** The steps of a job with its own lines as the first, in order; steps that only the log knows come too. */
export function stepsOf(job: Pick<JobView, 'steps'>, lines: StepLines): readonly StepView[] {
  const known = new Set(job.steps.map(({ index }) => index))
  const extra = [...lines.keys()].filter((index) => index !== jobStep && !known.has(index))
  const steps: readonly StepView[] = [...job.steps, ...extra.map((index) => ({ index, name: `Step ${index + 1}`, status: 'running' as const }))]
  const own: readonly StepView[] = lines.has(jobStep) ? [{ index: jobStep, name: 'Job', status: 'finished' }] : []
  return [...own, ...steps.toSorted((a, b) => a.index - b.index)]
}

/** The steps that are open at first: those that failed, or else the one that runs. */
export function defaultOpen(job: Pick<JobView, 'steps' | 'phase' | 'conclusion'>): ReadonlySet<number> {
  const failed = job.steps.filter(({ conclusion }) => conclusion === 'failure' || conclusion === 'timed_out')
  const running = job.steps.filter(({ status }) => status === 'running')
  const open = failed.length > 0 ? failed : running
  const own = job.phase === 'finished' && job.conclusion === 'failure' && failed.length === 0 ? [jobStep] : []
  return new Set([...open.map(({ index }) => index), ...own])
}

/** All rows that are visible. */
export function foldRows(steps: readonly StepView[], lines: StepLines, folding: Folding): readonly Row[] {
  const rows: Row[] = []
  for (const step of steps) {
    const own = lines.get(step.index) ?? []
    const open = folding.all || (folding.chosen.get(String(step.index)) ?? folding.openSteps.has(step.index))
    rows.push({ kind: 'step', step, open, lines: own.length })
    if (open) foldStep(rows, { index: step.index, lines: own }, folding)
  }
  return rows
}

function foldStep(rows: Row[], step: { readonly index: number; readonly lines: readonly LogLine[] }, folding: Folding): void {
  let depth = 0
  /** The depth at which a closed group began; its lines are not shown. */
  let closedAt: number | undefined
  step.lines.forEach((line, index) => {
    const { kind, text } = readLine(line.text)
    if (kind === 'endgroup') {
      depth = Math.max(0, depth - 1)
      if (closedAt !== undefined && depth <= closedAt) closedAt = undefined
      return
    }
    const number = index + 1
    if (kind === 'group') {
      const open = folding.all || (folding.chosen.get(`${step.index}:${number}`) ?? false)
      if (closedAt === undefined) rows.push({ kind: 'group', step: step.index, number, title: stripAnsi(text), open, depth })
      if (closedAt === undefined && !open) closedAt = depth
      depth += 1
    } else if (closedAt === undefined) rows.push({ kind: 'line', step: step.index, number, line, depth })
  })
}

/** The groups that must be open for a line to be seen: the keys of `Folding.chosen`. */
export function keysToSee(lines: readonly LogLine[], step: number, number: number): readonly string[] {
  const open: number[] = []
  lines.slice(0, number).forEach((line, index) => {
    const { kind } = readLine(line.text)
    if (kind === 'group' && index + 1 < number) open.push(index + 1)
    if (kind === 'endgroup') open.pop()
  })
  return [String(step), ...open.map((at) => `${step}:${at}`)]
}

export interface LineRef {
  readonly step: number
  readonly number: number
  readonly text: string
}

const closing = /^Process completed with exit code \d+\.?$/

/** The line that says best why a step failed: its last error that is not merely the exit code, else the last words before that. */
export function lastError(lines: readonly LogLine[], step: number): LineRef | undefined {
  const read = lines.map((line, index) => ({ ...readLine(line.text), number: index + 1 }))
  const errors = read.filter(({ kind }) => kind === 'error')
  const telling = errors.findLast(({ text }) => !closing.test(text))
  const before = read.findLast(({ kind, text }) => kind === 'plain' && text.trim() !== '')
  const found = telling ?? before ?? errors.at(-1)
  return found && { step, number: found.number, text: stripAnsi(found.text) }
}

/** Errors and warnings of the whole job. */
export function annotations(steps: readonly StepView[], lines: StepLines): readonly (LineRef & { readonly kind: 'error' | 'warning' })[] {
  return steps.flatMap(({ index }) =>
    (lines.get(index) ?? []).flatMap((line, at) => {
      const { kind, text } = readLine(line.text)
      return kind === 'error' || kind === 'warning' ? [{ kind, step: index, number: at + 1, text: stripAnsi(text) }] : []
    }),
  )
}

/** The rows with the words of a search, by their index. */
export function findRows(rows: readonly Row[], query: string): readonly number[] {
  const wanted = query.toLowerCase()
  if (wanted === '') return []
  return rows.flatMap((row, index) => {
    const text = row.kind === 'line' ? stripAnsi(row.line.text) : row.kind === 'group' ? row.title : ''
    return text.toLowerCase().includes(wanted) ? [index] : []
  })
}
