// The one event stream of the tab: topics of everything on the page, resumed where it stopped.

import { signal } from '@preact/signals'
import { parseLiveMessage } from './live-codec.ts'

interface Watcher {
  readonly topics: readonly string[]
  readonly notice: () => void
}

export type LiveState = 'off' | 'connecting' | 'live' | 'away'

export const liveState = signal<LiveState>('off')

const watchers = new Set<Watcher>()
let source: EventSource | undefined
let subscribed = ''
let cursor: number | undefined
let timer: number | undefined
let delay = 1000

/** Calls `notice` for each change of one of the topics, and when changes may have been missed. Gives what ends it. */
export function watchTopics(topics: readonly string[], notice: () => void): () => void {
  const watcher: Watcher = { topics, notice }
  watchers.add(watcher)
  plan(20)
  return () => {
    watchers.delete(watcher)
    plan(500)
  }
}

/** Ends the stream, at sign-out. */
export function stopLive(): void {
  close()
  cursor = undefined
  liveState.value = 'off'
}

function plan(afterMs: number): void {
  window.clearTimeout(timer)
  timer = window.setTimeout(connect, afterMs)
}

function wantedTopics(): string {
  const all = new Set([...watchers].flatMap(({ topics }) => topics))
  return [...(all.has('all') ? ['all'] : all)].toSorted().join(',')
}

function connect(): void {
  const topics = wantedTopics()
  if (topics === '') {
    stopLive()
    return
  }
  if (topics === subscribed && source && source.readyState !== EventSource.CLOSED) return
  close()
  subscribed = topics
  liveState.value = liveState.value === 'live' ? 'live' : 'connecting'
  const resumed = cursor
  const stream = new EventSource(`/api/v1/events?topics=${encodeURIComponent(topics)}${resumed === undefined ? '' : `&cursor=${resumed}`}`)
  source = stream
  stream.onopen = () => {
    delay = 1000
    const missed = liveState.value === 'away' || resumed === undefined
    liveState.value = 'live'
    // What happened between the first look and this stream is in no message.
    if (missed) for (const { notice } of watchers) notice()
  }
  stream.onmessage = ({ data }) => onMessage(String(data))
  stream.onerror = () => {
    liveState.value = 'away'
    if (stream.readyState !== EventSource.CLOSED) return
    plan(delay)
    delay = Math.min(delay * 2, 15_000)
  }
}

function onMessage(text: string): void {
  const message = parseLiveMessage(text)
  if (!message) return
  cursor = Math.max(cursor ?? 0, message.cursor)
  for (const { topics, notice } of watchers) if (topics.includes('all') || topics.includes(message.topic)) notice()
}

function close(): void {
  source?.close()
  source = undefined
  subscribed = ''
}
