// What a reader sees of a log: what is folded, searched for, followed, and where he is.

import type { JobView, StepView } from '@pushway/core/views/types.ts'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { place, replaceHash } from '../lib/navigate.ts'
import { formatLogPlace, parseLogPlace } from '../lib/router.ts'
import { defaultOpen, type Folding, findRows, foldRows, keysToSee, type Row, type StepLines, stepsOf } from './fold.ts'
import type { JobLog } from './use-log.ts'

/** A line of a step, from 1. */
export interface At {
  readonly step: number
  readonly number: number
}

interface GoTo {
  readonly index: number
  /** Tells two goings to the same row apart. */
  readonly at: number
}

export interface LogState {
  readonly steps: readonly StepView[]
  readonly rows: readonly Row[]
  readonly query: string
  readonly search: (query: string) => void
  /** Rows with what is searched for. */
  readonly found: readonly number[]
  /** Which of them is the present one. */
  readonly match: number
  readonly nextMatch: (by: number) => void
  readonly follow: boolean
  readonly setFollow: (follow: boolean) => void
  readonly toggle: (key: string, open: boolean) => void
  /** Opens what hides a line, goes there, and names it in the address. */
  readonly show: (at: At) => void
  readonly goTo: GoTo | undefined
  readonly isMarked: (index: number) => boolean
}

/** `live`: more lines may come. */
export function useLogView(job: JobView, log: JobLog, live: boolean): LogState {
  const [chosen, setChosen] = useState<ReadonlyMap<string, boolean>>(new Map())
  const [query, setQuery] = useState('')
  const [match, setMatch] = useState(0)
  const [followed, setFollow] = useState<boolean | undefined>()
  const [goTo, setGoTo] = useState<GoTo | undefined>()
  const target = targetOf(job.key, place.value.hash)
  const folding: Folding = { chosen, openSteps: defaultOpen(job), all: query !== '' }
  const steps = useMemo(() => stepsOf(job, log.lines), [job, log.version])
  const rows = useMemo(() => foldRows(steps, log.lines, folding), [steps, log.version, chosen, query])
  const found = useMemo(() => findRows(rows, query), [rows, query])

  const goToRow = (index: number) => {
    setFollow(false)
    setGoTo({ index, at: performance.now() })
  }
  const reveal = (at: At) => {
    const opened = openFor(log.lines, chosen, at)
    setChosen(opened)
    goToRow(foldRows(steps, log.lines, { ...folding, chosen: opened }).findIndex((row) => isAt(row, at)))
  }
  const nextMatch = (by: number) => {
    const next = found.length === 0 ? 0 : (match + by + found.length) % found.length
    setMatch(next)
    if (found[next] !== undefined) goToRow(found[next])
  }
  const isThere = target !== undefined && (log.lines.get(target.step)?.length ?? 0) >= target.number
  useEffect(() => {
    if (target && isThere) reveal(target)
  }, [place.value.hash, isThere])
  useEffect(() => {
    setMatch(0)
    if (found[0] !== undefined) goToRow(found[0])
  }, [query])
  useMatchKeys(query === '' ? undefined : nextMatch)
  return {
    steps,
    rows,
    query,
    search: setQuery,
    found,
    match,
    nextMatch,
    follow: followed ?? (live && target === undefined),
    setFollow,
    toggle: (key, open) => setChosen(new Map([...chosen, [key, open]])),
    show(at) {
      replaceHash(formatLogPlace({ job: job.key, step: at.step, line: at.number }))
      reveal(at)
    },
    goTo,
    isMarked: (index) => (query !== '' && found[match] === index) || isAt(rows[index], target),
  }
}

function targetOf(job: string, hash: string): At | undefined {
  const at = parseLogPlace(hash)
  return at?.job === job && at.step !== undefined && at.line !== undefined ? { step: at.step, number: at.line } : undefined
}

function openFor(lines: StepLines, chosen: ReadonlyMap<string, boolean>, { step, number }: At): ReadonlyMap<string, boolean> {
  return new Map([...chosen, ...keysToSee(lines.get(step) ?? [], step, number).map((key) => [key, true] as const)])
}

function isAt(row: Row | undefined, at: At | undefined): boolean {
  return row !== undefined && at !== undefined && row.kind !== 'step' && row.step === at.step && row.number === at.number
}

function useMatchKeys(next: ((by: number) => void) | undefined): void {
  useEffect(() => {
    if (!next) return
    const onKey = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.key === 'n' || event.key === 'N') next(event.key === 'n' ? 1 : -1)
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [next])
}
