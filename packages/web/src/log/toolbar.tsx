// What can be done with a log: search, times, follow, raw text, earlier attempts, errors and warnings.

import type { JobView } from '@pushway/core/views/types.ts'
import { useState } from 'preact/hooks'
import { count, plural } from '../lib/format.ts'
import { jobState, StateIcon, StateMark } from '../parts/state.tsx'
import type { LineRef } from './fold.ts'
import type { LogState } from './use-view.ts'

type Note = LineRef & { readonly kind: 'error' | 'warning' }

interface Props {
  readonly job: JobView
  readonly attempt: number
  readonly onAttempt: (attempt: number) => void
  readonly view: LogState
  readonly times: boolean
  readonly onTimes: () => void
  readonly live: boolean
  readonly notes: readonly Note[]
  readonly raw: string | undefined
}

export function Toolbar(props: Props) {
  const { job, attempt, view } = props
  const { query, match } = view
  const found = view.found.length
  return (
    <header class="log-bar">
      <h2>{job.name}</h2>
      <StateMark {...jobState(job)} />
      <Notes notes={props.notes} kind="error" onShow={view.show} />
      <Notes notes={props.notes} kind="warning" onShow={view.show} />
      <span class="grow" />
      {job.attempt > 1 && (
        <select aria-label="Attempt" value={String(attempt)} onChange={(event) => props.onAttempt(Number(event.currentTarget.value))}>
          {Array.from({ length: job.attempt }, (_, i) => (
            <option key={i} value={String(i + 1)}>
              attempt {i + 1}
            </option>
          ))}
        </select>
      )}
      <span class="log-search">
        <input
          type="search"
          aria-label="Search the log"
          placeholder="Search the log"
          value={query}
          onInput={(event) => view.search(event.currentTarget.value)}
          onKeyDown={(event) => event.key === 'Enter' && view.nextMatch(event.shiftKey ? -1 : 1)}
        />
        <span class="dim num" role="status">
          {query === '' ? '' : found === 0 ? 'none' : `${count(match + 1)}/${count(found)}`}
        </span>
      </span>
      {props.live && (
        <button type="button" aria-pressed={view.follow} onClick={() => view.setFollow(!view.follow)}>
          Follow
        </button>
      )}
      <button type="button" aria-pressed={props.times} onClick={props.onTimes}>
        Times
      </button>
      {props.raw !== undefined && (
        <a class="button" href={props.raw} download>
          Raw
        </a>
      )}
    </header>
  )
}

/** How many errors or warnings there are; each click shows the next. */
function Notes({ notes, kind, onShow }: { readonly notes: readonly Note[]; readonly kind: Note['kind']; readonly onShow: (note: Note) => void }) {
  const [next, setNext] = useState(0)
  const own = notes.filter((note) => note.kind === kind)
  const note = own[next % own.length]
  if (!note) return null
  const show = () => {
    onShow(note)
    setNext(next + 1)
  }
  return (
    <button type="button" class={`note note-${kind}`} title={note.text} onClick={show}>
      <StateIcon tone={kind === 'error' ? 'failed' : 'waiting'} size={12} /> {plural(own.length, kind)}
    </button>
  )
}
