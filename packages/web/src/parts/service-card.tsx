// A service in an environment: its groups with image, release, replicas, health and instances.

import type { EnvironmentView, GroupView, ServiceView } from '@pushway/core/views/types.ts'
import { DigestText, SafeLink, Time } from './basics.tsx'
import { type Shown, StateMark } from './state.tsx'

export function ServiceCard({ service, environment }: { readonly service: ServiceView; readonly environment: EnvironmentView }) {
  return (
    <article class="card service">
      <header class="card-head">
        <h3>{service.name}</h3>
        {service.addresses.map((address) => (
          <SafeLink key={address} href={address} class="small">
            {address.replace(/^https?:\/\//, '')}
          </SafeLink>
        ))}
      </header>
      {service.groups.length === 0 && <p class="dim">No instances.</p>}
      {service.groups.map((group) => (
        <Group key={group.id} group={group} number={releaseNumber(group, environment)} />
      ))}
    </article>
  )
}

function releaseNumber(group: GroupView, { release, deployments }: EnvironmentView): string {
  const known = [release, ...deployments.map((deployment) => deployment.release)].find((one) => one?.id === group.release)
  return known ? `#${known.number}` : group.release
}

function Group({ group, number }: { readonly group: GroupView; readonly number: string }) {
  return (
    <div class="group">
      <div class="group-head">
        <strong class="num">{number}</strong>
        <StateMark {...groupState(group)} />
        <span class="num">
          {group.ready}/{group.wanted} ready
        </span>
        {group.weight !== undefined && <span class="tag num">{group.weight} % of traffic</span>}
        {group.crashes > 0 && <span class="state-failed">stopped by itself {group.crashes}×</span>}
        <span class="grow" />
        {group.digest !== '' && <DigestText digest={group.digest} />}
      </div>
      <ul class="instances">
        {group.instances.map((instance) => (
          <li key={instance.id}>
            <StateMark {...instanceState(instance.state)} />
            <span class="mono dim instance-id">{instance.id.split('~').at(-1)}</span>
            <span class="dim">
              since <Time at={instance.startedAt} />
              {instance.restarts > 0 && `, ${instance.restarts} restarts`}
            </span>
            {instance.problem !== undefined && <span class="state-failed problem">{instance.problem}</span>}
          </li>
        ))}
      </ul>
    </div>
  )
}

function groupState({ ready, wanted }: GroupView): Shown {
  if (wanted === 0) return { tone: 'skipped', word: 'stopping' }
  if (ready >= wanted) return { tone: 'done', word: 'healthy' }
  return ready === 0 ? { tone: 'failed', word: 'not ready' } : { tone: 'waiting', word: 'degraded' }
}

function instanceState(state: string): Shown {
  switch (state) {
    case 'ready':
      return { tone: 'done', word: 'ready' }
    case 'starting':
      return { tone: 'active', word: 'starting' }
    case 'draining':
    case 'stopping':
    case 'stopped':
      return { tone: 'skipped', word: state }
    default:
      return { tone: 'failed', word: state }
  }
}
