// A thing of the server on a page: loaded, kept for coming back to, loaded again when it changes.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { type ApiError, isAborted, request, toApiError } from './api.ts'
import { watchTopics } from './live.ts'

export interface Resource<T> {
  readonly data: T | undefined
  readonly error: ApiError | undefined
  readonly reload: () => void
}

export interface ResourceOptions {
  /** What it depends on; it is loaded again when one of them changes. Followed once it has been found. */
  readonly topics?: readonly string[]
  /** Loads it this often while the page is seen, for numbers that are not events. */
  readonly everyMs?: number
}

const DEBOUNCE_MS = 150
const kept = new Map<string, unknown>()
const MAX_KEPT = 60

function keep(path: string, data: unknown): void {
  kept.delete(path)
  kept.set(path, data)
  const [oldest] = kept.keys()
  if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest)
}

/** Forgets everything, at sign-out. */
export function forgetResources(): void {
  kept.clear()
}

interface Held<T> {
  readonly path: string | undefined
  readonly data: T | undefined
  readonly error: ApiError | undefined
}

/** The answer of `GET path`; nothing is asked while `path` is undefined. */
export function useResource<T>(path: string | undefined, { topics = [], everyMs }: ResourceOptions = {}): Resource<T> {
  const [held, setHeld] = useState<Held<T>>({ path: undefined, data: undefined, error: undefined })
  const current: Held<T> = held.path === path ? held : { path, data: path === undefined ? undefined : (kept.get(path) as T | undefined), error: undefined }
  const aborter = useRef<AbortController | undefined>(undefined)
  const timer = useRef<number | undefined>(undefined)

  const load = useCallback(async () => {
    if (path === undefined) return
    aborter.current?.abort()
    const mine = new AbortController()
    aborter.current = mine
    try {
      const data = await request<T>(path, { signal: mine.signal })
      keep(path, data)
      setHeld({ path, data, error: undefined })
    } catch (error) {
      if (!isAborted(error))
        setHeld((before) => ({ path, data: before.path === path ? before.data : (kept.get(path) as T | undefined), error: toApiError(error) }))
    }
  }, [path])

  const soon = useCallback(() => {
    if (timer.current !== undefined) return
    timer.current = window.setTimeout(() => {
      timer.current = undefined
      void load()
    }, DEBOUNCE_MS)
  }, [load])

  useEffect(() => {
    void load()
    return () => {
      aborter.current?.abort()
      window.clearTimeout(timer.current)
      timer.current = undefined
    }
  }, [load])

  const found = current.data !== undefined
  useEffect(() => (found && topics.length > 0 ? watchTopics(topics, soon) : undefined), [found, topics.join(), soon])
  useEffect(() => (everyMs === undefined ? undefined : pollWhileSeen(load, everyMs)), [everyMs, load])
  return { data: current.data, error: current.error, reload: load }
}

function pollWhileSeen(load: () => Promise<void>, everyMs: number): () => void {
  let over = false
  let busy = false
  const timer = window.setInterval(async () => {
    if (over || busy || document.hidden) return
    busy = true
    await load()
    busy = false
  }, everyMs)
  return () => {
    over = true
    window.clearInterval(timer)
  }
}
