// One deployment: the sheet to decide on, then the rollout as it goes.

import type { DeploymentView } from '@pushway/core/views/types.ts'
import { shortCommit } from '../lib/format.ts'
import { useResource } from '../lib/resource.ts'
import { environmentHref } from '../lib/router.ts'
import { Approval } from '../parts/approval.tsx'
import { DigestText, ErrorBox, Section, Skeleton, Time } from '../parts/basics.tsx'
import { Changes, Evidence } from '../parts/changes.tsx'
import { RolloutControls } from '../parts/controls.tsx'
import { Rollout } from '../parts/rollout.tsx'
import { deploymentState, StateMark } from '../parts/state.tsx'

const LIVE_MS = 1000
const verbs: Readonly<Record<DeploymentView['kind'], string>> = { deploy: 'Deploy', rollback: 'Roll back', promote: 'Promote' }

export function DeploymentPage({ id }: { readonly id: string }) {
  const path = `/deployments/${encodeURIComponent(id)}`
  const first = useResource<DeploymentView>(path, { topics: [`deployment:${id}`] })
  const moving = first.data !== undefined && ['rolling', 'paused', 'aborting'].includes(first.data.status)
  const live = useResource<DeploymentView>(moving ? path : undefined, { everyMs: LIVE_MS })
  const data = moving && live.data && first.data && live.data.status === first.data.status ? live.data : first.data
  if (!data) return first.error ? <ErrorBox error={first.error} /> : <Skeleton lines={6} tall />
  const { approval } = data
  const decided = approval === undefined || approval.state !== 'open'
  return (
    <>
      <Head deployment={data} />
      <ErrorBox error={first.error} />
      {decided && <Rollout deployment={data} onDone={first.reload} />}
      {decided && !data.rollout && data.status !== 'done' && <RolloutControls deployment={data} onDone={first.reload} />}
      <div class="sheet">
        <div class="sheet-main">
          <Changes changes={data.changes} first={data.previous === undefined} />
        </div>
        <div class="sheet-side">
          {approval && <Approval deployment={data} approval={approval} onDone={first.reload} />}
          <Evidence evidence={data.evidence} />
          <Digests deployment={data} />
        </div>
      </div>
    </>
  )
}

function Head({ deployment }: { readonly deployment: DeploymentView }) {
  const { project, environment, release, previous, kind, by, createdAt, finishedAt, why } = deployment
  return (
    <header class="page-head">
      <div class="grow">
        <p class="over dim">
          <a href={`/${project}`}>{project}</a> / <a href={environmentHref(project, environment)}>{environment}</a>
        </p>
        <h1>
          {verbs[kind]} {release ? `#${release.number}` : ''} to {environment} <StateMark {...deploymentState(deployment)} />
        </h1>
        <p class="facts dim">
          {release && (
            <span>
              <code class="hash">{shortCommit(release.commit)}</code> {release.message.split('\n')[0]}
            </span>
          )}
          <span>
            asked by {by} <Time at={createdAt} />
          </span>
          {previous && <span>in place of #{previous.number}</span>}
          {finishedAt !== undefined && (
            <span>
              ended <Time at={finishedAt} />
            </span>
          )}
        </p>
        {!deployment.rollout && <p class="why-line">{why.sentence}</p>}
      </div>
    </header>
  )
}

function Digests({ deployment }: { readonly deployment: DeploymentView }) {
  const { release } = deployment
  if (!release) return null
  return (
    <Section title="What will run">
      <ul class="digests boxed">
        {release.services.map(({ name, repository, digest, replicas }) => (
          <li key={name}>
            <strong>{name}</strong> <span class="num dim">×{replicas}</span>
            <br />
            <span class="mono small wrap">{repository}</span>@<DigestText digest={digest} />
          </li>
        ))}
        <li class="dim small">
          Content <DigestText digest={release.contentDigest} />
        </li>
      </ul>
    </Section>
  )
}
