// The lines of one job's log in a page, gathered as they come.

import { useEffect, useRef, useState } from 'preact/hooks'
import type { ApiError } from '../lib/api.ts'
import type { LogLine, StepLines } from './fold.ts'
import { followLog } from './follow.ts'

export interface JobLog {
  readonly lines: StepLines
  /** Counts up with each change of `lines`, which grow in place. */
  readonly version: number
  readonly done: boolean
  readonly error: ApiError | undefined
}

const empty: StepLines = new Map()

/** The log at `path`; nothing while it is undefined. Changes are shown at most once a frame. */
export function useLog(path: string | undefined): JobLog {
  const [state, setState] = useState({ path, version: 0, done: false, error: undefined as ApiError | undefined })
  const lines = useRef(new Map<number, LogLine[]>())
  useEffect(() => {
    lines.current = new Map()
    if (path === undefined) return
    const aborter = new AbortController()
    let planned = 0
    let done = false
    let error: ApiError | undefined
    const show = () => {
      planned = 0
      if (!aborter.signal.aborted) setState((before) => ({ path, version: before.version + 1, done, error }))
    }
    const plan = () => {
      if (planned === 0) planned = window.requestAnimationFrame(show)
    }
    setState((before) => ({ path, version: before.version + 1, done: false, error: undefined }))
    void followLog(path, {
      signal: aborter.signal,
      onPage(page) {
        for (const line of page.lines) append(lines.current, line)
        done = page.done
        plan()
      },
      onError(failure) {
        error = failure
        plan()
      },
    })
    return () => {
      aborter.abort()
      window.cancelAnimationFrame(planned)
    }
  }, [path])
  const current = state.path === path
  return { lines: current ? lines.current : empty, version: state.version, done: current && state.done, error: current ? state.error : undefined }
}

function append(lines: Map<number, LogLine[]>, line: LogLine): void {
  const own = lines.get(line.step)
  if (own) own.push(line)
  else lines.set(line.step, [line])
}
