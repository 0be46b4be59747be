// Reads a job's log: what there is, then what comes, until the job has ended. Resumes where it was cut.

import type { LogPage } from '@pushway/core/views/types.ts'
import { type ApiError, isAborted, open, toApiError } from '../lib/api.ts'
import { parsePages } from './pages-codec.ts'

export interface LogReader {
  readonly onPage: (page: LogPage) => void
  readonly onError: (error: ApiError | undefined) => void
  readonly signal: AbortSignal
}

const MAX_DELAY = 10_000

/** Follows the log at `path`; ends when it is done or `signal` is aborted. */
export async function followLog(path: string, { onPage, onError, signal }: LogReader): Promise<void> {
  let cursor = 0
  let delay = 500
  while (!signal.aborted) {
    try {
      const res = await open(`${path}${path.includes('?') ? '&' : '?'}follow=1&limit=${1 << 20}&cursor=${cursor}`, { signal })
      onError(undefined)
      for await (const page of parsePages(res)) {
        cursor = page.cursor
        delay = 500
        onPage(page)
        if (page.done) return
      }
    } catch (error) {
      if (isAborted(error) || signal.aborted) return
      const known = toApiError(error)
      onError(known)
      // What the server refuses does not become better by asking again.
      if (known.status >= 400 && known.status < 500) return
    }
    await wait(delay, signal)
    delay = Math.min(delay * 2, MAX_DELAY)
  }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = window.setTimeout(resolve, ms)
    const stop = () => {
      window.clearTimeout(timer)
      resolve()
    }
    signal.addEventListener('abort', stop, { once: true })
  })
}
