// An environment: what runs there, the rollout under way, and the way back.

import type { DeploymentSummary, DeploymentView, EnvironmentView } from '@pushway/core/views/types.ts'
import { useResource } from '../lib/resource.ts'
import { Empty, ErrorBox, SafeLink, Section, Skeleton, Time } from '../parts/basics.tsx'
import { DeploymentRows } from '../parts/deployments.tsx'
import { ReleaseText } from '../parts/releases.tsx'
import { Promote, RollBack } from '../parts/roll-back.tsx'
import { Rollout } from '../parts/rollout.tsx'
import { ServiceCard } from '../parts/service-card.tsx'
import { healthState, StateIcon, StateMark } from '../parts/state.tsx'

const LIVE_MS = 1000
const QUIET_MS = 5000

export function EnvironmentPage({ project, environment }: { readonly project: string; readonly environment: string }) {
  const path = `/projects/${project}/environments/${encodeURIComponent(environment)}`
  const topics = [`project:${project}`]
  const first = useResource<EnvironmentView>(path, { topics })
  const active = first.data?.active
  const again = useResource<EnvironmentView>(first.data ? path : undefined, { everyMs: active === undefined ? QUIET_MS : LIVE_MS })
  const newest = again.data && first.data && again.data.active === first.data.active ? again.data : first.data
  const rollout = useResource<DeploymentView>(active === undefined ? undefined : `/deployments/${active}`, { topics, everyMs: LIVE_MS })
  if (!newest) return first.error ? <ErrorBox error={first.error} /> : <Skeleton lines={6} tall />
  const reload = () => {
    first.reload()
    rollout.reload()
  }
  const open = newest.deployments.filter(({ status }) => status === 'waiting-for-approval')
  return (
    <>
      <Head environment={newest} onDone={reload} />
      <ErrorBox error={first.error ?? rollout.error} />
      {open.map((deployment) => (
        <WaitingNote key={deployment.id} deployment={deployment} />
      ))}
      {active !== undefined && rollout.data && <Rollout deployment={rollout.data} onDone={reload} />}
      <Services environment={newest} />
      <Section title="History">
        {newest.deployments.length === 0 ? <p class="dim">Nothing was deployed here yet.</p> : <DeploymentRows deployments={newest.deployments} />}
      </Section>
    </>
  )
}

function Head({ environment, onDone }: { readonly environment: EnvironmentView; readonly onDone: () => void }) {
  const { name, url, release, liveSince, branch, runtime } = environment
  return (
    <header class="page-head env-head">
      <div class="grow">
        <h1>
          {name} <StateMark {...healthState(environment.health)} />
        </h1>
        <p class="facts dim">
          {release ? <ReleaseText release={release} /> : 'No release yet'}
          {liveSince !== undefined && (
            <span>
              live <Time at={liveSince} />
            </span>
          )}
          {url !== undefined && <SafeLink href={url}>{url}</SafeLink>}
          {branch !== undefined && (
            <span>
              takes <span class="tag">{branch}</span>
            </span>
          )}
          <span>{runtime}</span>
        </p>
      </div>
      <div class="actions">
        <Promote environment={environment} onDone={onDone} />
        <RollBack environment={environment} onDone={onDone} />
      </div>
    </header>
  )
}

function WaitingNote({ deployment }: { readonly deployment: DeploymentSummary }) {
  return (
    <p class="notice waiting-note">
      <StateIcon tone="waiting" /> <span>{deployment.why.sentence}</span> <a href={`/deployments/${deployment.id}`}>Look at it and decide</a>
    </p>
  )
}

function Services({ environment }: { readonly environment: EnvironmentView }) {
  if (environment.services.length === 0) {
    return (
      <Empty title="Nothing runs here">
        {environment.deploys ? (
          <p>
            A job with <code>environment: {environment.name}</code> deploys the files that <code>pushway.yml</code> names.
          </p>
        ) : (
          <p>
            <code>pushway.yml</code> names no files for {environment.name}: it gives secrets and a record, nothing is deployed.
          </p>
        )}
      </Empty>
    )
  }
  return (
    <Section title="Services">
      <div class="cards two">
        {environment.services.map((service) => (
          <ServiceCard key={service.name} service={service} environment={environment} />
        ))}
      </div>
    </Section>
  )
}
