// Draws the way of a release: stations on a line whose front moves right.

import { shortCommit } from '../lib/format.ts'
import { Length, SafeLink, Time } from './basics.tsx'
import { StateIcon, stationState } from './state.tsx'
import { type Way, type WayStation, whyOf } from './way.ts'

/** One way. `heading` gives it a title line with commit, message, branch, author and time. */
export function Lane({ way, project, heading = true }: { readonly way: Way; readonly project: string; readonly heading?: boolean }) {
  const why = whyOf(way)
  return (
    <div class="lane">
      {heading && <LaneHead way={way} />}
      <ol class="way" aria-label={`Way of ${shortCommit(way.commit)} of ${project}`}>
        {way.stations.map((station, index) => (
          <Station key={`${station.kind}-${station.title}`} station={station} passed={index <= way.front} reached={index < way.front} />
        ))}
      </ol>
      <p class={`lane-why state-${why?.station.state ?? 'info'}`}>
        {why && (
          <>
            <strong>{why.station.title}:</strong> {why.text}
          </>
        )}
      </p>
    </div>
  )
}

function LaneHead({ way }: { readonly way: Way }) {
  return (
    <div class="lane-head">
      <code class="hash">{shortCommit(way.commit)}</code>
      <span class="lane-message">{way.message.split('\n')[0] || 'No message'}</span>
      <span class="lane-by dim">
        {way.refs.map((ref) => (
          <span key={ref} class="tag">
            {ref}
          </span>
        ))}
        {way.by} · <Time at={way.at} />
      </span>
    </div>
  )
}

function Station({ station, passed, reached }: { readonly station: WayStation; readonly passed: boolean; readonly reached: boolean }) {
  const { state } = station
  const shown = state === undefined ? undefined : stationState(state)
  const classes = ['station', state === undefined ? 'station-none' : `station-${state}`, passed ? 'passed' : '', reached ? 'reached' : '']
  return (
    <li class={classes.join(' ')}>
      <SafeLink href={station.href} class="station-link">
        <span class="station-dot">{shown ? <StateIcon tone={shown.tone} size={20} /> : <span class="station-hole" />}</span>
        <span class="station-title">{station.title}</span>
        <span class="station-state">
          {shown ? <span class={`state-${shown.tone}`}>{shown.word}</span> : <span class="dim">{passed ? 'passed by' : 'not yet'}</span>}
          {shown && station.kind !== 'commit' && station.kind !== 'image' && state !== 'pending' && (
            <span class="dim">
              {' '}
              <Length ms={station.durationMs} from={state === 'done' || state === 'failed' ? undefined : station.startedAt} />
            </span>
          )}
        </span>
      </SafeLink>
    </li>
  )
}
