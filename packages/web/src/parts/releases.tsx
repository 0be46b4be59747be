// What runs in an environment, in one line.

import type { EnvironmentSummary, ReleaseView } from '@pushway/core/views/types.ts'
import { shortCommit } from '../lib/format.ts'
import { environmentHref } from '../lib/router.ts'
import { SafeLink, Time } from './basics.tsx'
import { healthState, StateMark } from './state.tsx'

/** `#12 abc1234 the message`. */
export function ReleaseText({ release }: { readonly release: ReleaseView }) {
  return (
    <span class="release">
      <strong class="num">#{release.number}</strong> <code class="hash">{shortCommit(release.commit)}</code>{' '}
      <span class="release-message">{release.message.split('\n')[0]}</span>
    </span>
  )
}

/** An environment's row: health, release, since when, address. */
export function EnvironmentRow({ environment }: { readonly environment: EnvironmentSummary }) {
  const { project, name, release, liveSince, url, active } = environment
  return (
    <li class="row env-row" data-row>
      <a class="row-main" href={environmentHref(project, name)}>
        {name}
      </a>
      <StateMark {...healthState(environment.health)} />
      <span class="row-text">{release ? <ReleaseText release={release} /> : <span class="dim">No release yet</span>}</span>
      <span class="row-aside dim">
        {active !== undefined && (
          <a class="tag tag-active" href={`/deployments/${active}`}>
            rollout under way
          </a>
        )}
        {url !== undefined && <SafeLink href={url}>{url.replace(/^https?:\/\//, '')}</SafeLink>}
        {liveSince !== undefined && (
          <span>
            live <Time at={liveSince} />
          </span>
        )}
      </span>
    </li>
  )
}
