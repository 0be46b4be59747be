// What happened, newest first, each entry with what led to it.

import type { TimelineEntry } from '@pushway/core/views/types.ts'
import { navigate, place, setQuery } from '../lib/navigate.ts'
import { useResource } from '../lib/resource.ts'
import { environmentHref } from '../lib/router.ts'
import { Empty, ErrorBox, SafeLink, Skeleton, Time } from '../parts/basics.tsx'
import { chainOf, namedCause } from '../parts/causes.ts'
import { entryState, StateIcon } from '../parts/state.tsx'

const kinds = ['push', 'pull', 'run', 'image', 'release', 'approval', 'rollout', 'verify', 'rollback', 'setting']
const filters = ['kind', 'environment', 'by'] as const

export function TimelinePage({ project }: { readonly project?: string }) {
  const query = new URLSearchParams(place.value.search)
  const wanted = new URLSearchParams({ limit: '200', ...(project === undefined ? {} : { project }) })
  for (const name of filters) {
    const value = query.get(name) ?? ''
    if (value !== '') wanted.set(name, value)
  }
  const { data, error } = useResource<readonly TimelineEntry[]>(`/timeline?${wanted}`, { topics: [project === undefined ? 'all' : `project:${project}`] })
  const chosen = decodeHash(place.value.hash)
  return (
    <>
      <header class="page-head">
        <h1>Timeline</h1>
        <Filters query={query} />
      </header>
      <ErrorBox error={error} />
      {!data && !error && <Skeleton lines={8} />}
      {data?.length === 0 && <Empty title="Nothing of this kind has happened">{query.size > 0 && <p>Choose other filters, or take them away.</p>}</Empty>}
      {data && data.length > 0 && <Entries entries={data} chosen={chosen} everywhere={project === undefined} />}
    </>
  )
}

function decodeHash(hash: string): string | undefined {
  try {
    return hash.length > 1 ? decodeURIComponent(hash.slice(1)) : undefined
  } catch {
    return undefined
  }
}

function Filters({ query }: { readonly query: URLSearchParams }) {
  return (
    <div class="filters">
      <select aria-label="Kind" value={query.get('kind') ?? ''} onChange={(event) => setQuery('kind', event.currentTarget.value)}>
        <option value="">Every kind</option>
        {kinds.map((kind) => (
          <option key={kind} value={kind}>
            {kind}
          </option>
        ))}
      </select>
      <input
        type="search"
        aria-label="Environment"
        placeholder="Environment"
        value={query.get('environment') ?? ''}
        onChange={(event) => setQuery('environment', event.currentTarget.value.trim())}
      />
      <input
        type="search"
        aria-label="Person"
        placeholder="Person"
        value={query.get('by') ?? ''}
        onChange={(event) => setQuery('by', event.currentTarget.value.trim())}
      />
    </div>
  )
}

interface EntriesProps {
  readonly entries: readonly TimelineEntry[]
  readonly chosen: string | undefined
  readonly everywhere: boolean
}

function Entries({ entries, chosen, everywhere }: EntriesProps) {
  const byId = new Map(entries.map((entry) => [entry.id, entry]))
  const chain = chosen !== undefined && byId.has(chosen) ? chainOf(entries, chosen) : undefined
  return (
    <ol class="timeline boxed">
      {entries.map((entry) => (
        <Entry
          key={entry.id}
          entry={entry}
          cause={namedCause(byId, entry)}
          everywhere={everywhere}
          light={chain === undefined ? '' : chain.has(entry.id) ? 'in-chain' : 'off-chain'}
        />
      ))}
    </ol>
  )
}

interface EntryProps {
  readonly entry: TimelineEntry
  readonly cause: TimelineEntry | undefined
  readonly everywhere: boolean
  readonly light: string
}

function Entry({ entry, cause, everywhere, light }: EntryProps) {
  const shown = entryState(entry.state)
  const own = `#${encodeURIComponent(entry.id)}`
  const address = `${place.value.path}${place.value.search}`
  const isChosen = place.value.hash === own
  return (
    <li class={`entry ${light}`} data-row>
      <StateIcon tone={shown.tone} />
      <span class="kind">{entry.kind}</span>
      <span class="entry-text">
        <SafeLink href={entry.href}>{entry.text}</SafeLink>
        {shown.word !== '' && <span class="hidden"> ({shown.word})</span>}
        {cause && (
          <span class="entry-cause dim">
            because: <a href={`${address}#${encodeURIComponent(cause.id)}`}>{cause.text}</a>
          </span>
        )}
        {entry.kind === 'rollback' && entry.environment !== undefined && (
          <span class="entry-cause">
            <a href={environmentHref(entry.project, entry.environment)}>What runs now, and the way back</a>
          </span>
        )}
      </span>
      <span class="entry-place dim">
        {everywhere && <a href={`/${entry.project}`}>{entry.project}</a>}
        {entry.environment !== undefined && <a href={environmentHref(entry.project, entry.environment)}>{entry.environment}</a>}
        {entry.by?.startsWith('run ') ? undefined : entry.by}
      </span>
      <span class="entry-time dim">
        <Time at={entry.at} />
        <button
          type="button"
          class="plain chain-button"
          aria-pressed={isChosen}
          title="Show what led to this and what followed"
          aria-label={`Show what led to “${entry.text}” and what followed`}
          onClick={() => navigate(isChosen ? address : `${address}${own}`, { replace: true })}
        >
          chain
        </button>
      </span>
    </li>
  )
}
