// A job's log: steps to fold, search, times, links to lines, raw text, following.

import type { JobView } from '@pushway/core/views/types.ts'
import { useMemo, useState } from 'preact/hooks'
import { ErrorBox } from '../parts/basics.tsx'
import { StateIcon } from '../parts/state.tsx'
import { annotations, jobStep, type LineRef, lastError, type Row, type StepLines } from './fold.ts'
import { LogRow } from './rows.tsx'
import { Toolbar } from './toolbar.tsx'
import { useLog } from './use-log.ts'
import { type LogState, useLogView } from './use-view.ts'
import { VirtualList } from './virtual.tsx'

/** `address`: of the log in the API, without its query. */
export function LogView({ job, address }: { readonly job: JobView; readonly address: string }) {
  const [attempt, setAttempt] = useState(job.attempt)
  const [times, setTimes] = useState(readTimes)
  const newest = attempt === job.attempt
  // A job that never began has no log.
  const began = job.startedAt !== undefined || !newest
  const log = useLog(began ? `${address}?attempt=${attempt}` : undefined)
  const live = job.phase === 'running' && newest
  const view = useLogView(job, log, live)
  const notes = useMemo(() => annotations(view.steps, log.lines), [view.steps, log.version])
  const toggleTimes = () => {
    writeTimes(!times)
    setTimes(!times)
  }
  return (
    <section class={`log${times ? ' with-times' : ''}`} aria-label={`Log of ${job.name}`}>
      <Toolbar
        job={job}
        attempt={attempt}
        onAttempt={setAttempt}
        view={view}
        times={times}
        onTimes={toggleTimes}
        live={live}
        notes={notes}
        raw={began ? `/api/v1${address}?raw=1&attempt=${attempt}` : undefined}
      />
      <ErrorBox error={log.error} />
      {view.rows.length === 0 ? (
        <p class="log-empty dim">{job.why?.sentence ?? (job.phase === 'finished' ? 'This job wrote nothing.' : 'Nothing has been written yet.')}</p>
      ) : (
        <Rows job={job} view={view} times={times} live={live} />
      )}
      {newest && <Pinned job={job} lines={log.lines} version={log.version} view={view} />}
    </section>
  )
}

function Rows({ job, view, times, live }: { readonly job: JobView; readonly view: LogState; readonly times: boolean; readonly live: boolean }) {
  const draw = (index: number) => {
    const row = view.rows[index]
    return row && <LogRow key={keyOf(row)} row={row} job={job.key} times={times} query={view.query} marked={view.isMarked(index)} onToggle={view.toggle} />
  }
  return (
    <VirtualList
      count={view.rows.length}
      follow={view.follow && live}
      onFollow={(on) => live && view.setFollow(on)}
      goTo={view.goTo}
      label={`Lines of ${job.name}`}
      row={draw}
    />
  )
}

interface PinnedProps {
  readonly job: JobView
  readonly lines: StepLines
  readonly version: number
  readonly view: LogState
}

/** Why a failed job failed, always in sight. */
function Pinned({ job, lines, version, view }: PinnedProps) {
  const error = useMemo(() => pinnedError(job, lines), [job, version])
  if (error) {
    return (
      <button type="button" class="pinned" onClick={() => view.show(error)}>
        <StateIcon tone="failed" /> <strong>{view.steps.find(({ index }) => index === error.step)?.name ?? 'Job'}:</strong>{' '}
        <span class="mono pinned-text">{error.text}</span>
      </button>
    )
  }
  if (job.conclusion !== 'failure' || !job.why) return null
  return (
    <p class="pinned">
      <StateIcon tone="failed" /> <span>{job.why.sentence}</span>
    </p>
  )
}

function pinnedError(job: JobView, lines: StepLines): LineRef | undefined {
  if (job.phase !== 'finished' || (job.conclusion !== 'failure' && job.conclusion !== 'timed_out')) return undefined
  const failed = job.steps.findLast(({ conclusion }) => conclusion === 'failure' || conclusion === 'timed_out')?.index ?? jobStep
  return lastError(lines.get(failed) ?? [], failed)
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
