// A job's log: steps to fold, search, times, links to lines, raw text, following.

import type { JobView } from '@pushway/core/views/types.ts'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { place, replaceHash } from '../lib/navigate.ts'
import { parseLogPlace } from '../lib/router.ts'
import { ErrorBox } from '../parts/basics.tsx'
import { StateIcon } from '../parts/state.tsx'
import { annotations, defaultOpen, findRows, foldRows, jobStep, keysToSee, type LineRef, lastError, type Row, stepsOf } from './fold.ts'
import { LogRow } from './rows.tsx'
import { Toolbar } from './toolbar.tsx'
import { useLog } from './use-log.ts'
import { VirtualList } from './virtual.tsx'

/** `address`: of the log in the API, without its query. */
export function LogView({ job, address }: { readonly job: JobView; readonly address: string }) {
  const [attempt, setAttempt] = useState<number | undefined>()
  // A job that never began has no log.
  const began = job.startedAt !== undefined || attempt !== undefined
  const log = useLog(began ? `${address}?attempt=${attempt ?? job.attempt}` : undefined)
  const [chosen, setChosen] = useState<ReadonlyMap<string, boolean>>(new Map())
  const [query, setQuery] = useState('')
  const [times, setTimes] = useState(readTimes)
  const [followed, setFollowed] = useState<boolean | undefined>()
  const [goTo, setGoTo] = useState<{ index: number; at: number } | undefined>()
  const [match, setMatch] = useState(0)

  const live = job.phase === 'running' && attempt === undefined
  const target = parseLogPlace(place.value.hash)
  const targetLine = target?.job === job.key && target.line !== undefined && target.step !== undefined ? { step: target.step, number: target.line } : undefined
  const follow = followed ?? (live && targetLine === undefined)

  const steps = useMemo(() => stepsOf(job, log.lines), [job, log.version])
  const rows = useMemo(() => foldRows(steps, log.lines, { chosen, openSteps: defaultOpen(job), all: query !== '' }), [steps, log.version, chosen, query])
  const found = useMemo(() => findRows(rows, query), [rows, query])
  const notes = useMemo(() => annotations(steps, log.lines), [steps, log.version])
  const pinned = useMemo(() => pinnedError(job, log.lines), [job, log.version])

  const show = (line: { step: number; number: number }) => {
    const keys = keysToSee(log.lines.get(line.step) ?? [], line.step, line.number)
    const opened = new Map([...chosen, ...keys.map((key) => [key, true] as const)])
    setChosen(opened)
    setFollowed(false)
    const all = foldRows(steps, log.lines, { chosen: opened, openSteps: defaultOpen(job), all: query !== '' })
    setGoTo({ index: indexOfLine(all, line), at: performance.now() })
  }
  const lineIsThere = targetLine !== undefined && (log.lines.get(targetLine.step)?.length ?? 0) >= targetLine.number
  useEffect(() => {
    if (targetLine && lineIsThere) show(targetLine)
  }, [place.value.hash, lineIsThere])
  const step = (by: number) => {
    if (found.length === 0) return
    const next = (match + by + found.length) % found.length
    setMatch(next)
    setFollowed(false)
    setGoTo({ index: found[next] ?? 0, at: performance.now() })
  }
  useMatchKeys(query === '' ? undefined : step)
  const search = (text: string) => {
    setQuery(text)
    setMatch(0)
  }
  useEffect(() => {
    const [first] = found
    if (query !== '' && first !== undefined) setGoTo({ index: first, at: performance.now() })
  }, [query])

  const toggleTimes = () => {
    writeTimes(!times)
    setTimes(!times)
  }

  return (
    <section class={`log${times ? ' with-times' : ''}`} aria-label={`Log of ${job.name}`}>
      <Toolbar
        job={job}
        attempt={attempt ?? job.attempt}
        onAttempt={(chosenAttempt) => setAttempt(chosenAttempt === job.attempt ? undefined : chosenAttempt)}
        query={query}
        onQuery={search}
        found={found.length}
        match={match}
        onMatch={step}
        times={times}
        onTimes={toggleTimes}
        live={live}
        follow={follow}
        onFollow={setFollowed}
        notes={notes}
        onShow={(note) => showLine(job.key, note, show)}
        raw={began ? `/api/v1${address}?raw=1&attempt=${attempt ?? job.attempt}` : undefined}
      />
      <ErrorBox error={log.error} />
      {rows.length === 0 ? (
        <p class="log-empty dim">{job.why?.sentence ?? (job.phase === 'finished' ? 'This job wrote nothing.' : 'Nothing has been written yet.')}</p>
      ) : (
        <VirtualList
          count={rows.length}
          follow={follow && live}
          onFollow={(on) => live && setFollowed(on)}
          goTo={goTo}
          label={`Lines of ${job.name}`}
          row={(index) => {
            const row = rows[index]
            if (!row) return null
            const marked = (query !== '' && found[match] === index) || isLine(row, targetLine)
            return (
              <LogRow
                key={keyOf(row)}
                row={row}
                job={job.key}
                times={times}
                query={query}
                marked={marked}
                onToggle={(key, open) => setChosen(new Map([...chosen, [key, open]]))}
              />
            )
          }}
        />
      )}
      {!pinned && job.conclusion === 'failure' && job.why && (
        <p class="pinned">
          <StateIcon tone="failed" /> <span>{job.why.sentence}</span>
        </p>
      )}
      {pinned && (
        <button type="button" class="pinned" onClick={() => showLine(job.key, pinned, show)}>
          <StateIcon tone="failed" /> <strong>{steps.find(({ index }) => index === pinned.step)?.name ?? 'Job'}:</strong>{' '}
          <span class="mono pinned-text">{pinned.text}</span>
        </button>
      )}
    </section>
  )
}

function showLine(job: string, line: LineRef, show: (line: LineRef) => void): void {
  replaceHash(`#${encodeURIComponent(job)}:${line.step}:${line.number}`)
  show(line)
}

/** Where and why a failed job failed. */
function pinnedError(job: JobView, lines: ReadonlyMap<number, readonly { at: number; step: number; text: string }[]>): LineRef | undefined {
  if (job.phase !== 'finished' || (job.conclusion !== 'failure' && job.conclusion !== 'timed_out')) return undefined
  const failed = job.steps.findLast(({ conclusion }) => conclusion === 'failure' || conclusion === 'timed_out')?.index ?? jobStep
  return lastError(lines.get(failed) ?? [], failed)
}

function useMatchKeys(step: ((by: number) => void) | undefined): void {
  useEffect(() => {
    if (!step) return
    const onKey = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.key === 'n' || event.key === 'N') step(event.key === 'n' ? 1 : -1)
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [step])
}

function indexOfLine(rows: readonly Row[], line: { step: number; number: number }): number {
  return rows.findIndex((row) => isLine(row, line))
}

function isLine(row: Row, line: { step: number; number: number } | undefined): boolean {
  return line !== undefined && row.kind !== 'step' && row.step === line.step && row.number === line.number
}

function keyOf(row: Row): string {
  return row.kind === 'step' ? `s${row.step.index}` : `${row.step}:${row.number}`
}

const timesKey = 'pushway.log-times'

function readTimes(): boolean {
  try {
    return window.localStorage.getItem(timesKey) === '1'
  } catch {
    return false
  }
}

function writeTimes(on: boolean): void {
  try {
    window.localStorage.setItem(timesKey, on ? '1' : '0')
  } catch {
    // Without storage the choice holds for this page.
  }
}
