// Deployments in rows: what was brought where, by whom, and how it ended.

import type { DeploymentSummary } from '@pushway/core/views/types.ts'
import { Length, Time } from './basics.tsx'
import { ReleaseText } from './releases.tsx'
import { deploymentState, StateMark } from './state.tsx'

const kinds: Readonly<Record<DeploymentSummary['kind'], string>> = { deploy: 'deploy', rollback: 'rollback', promote: 'promotion' }

export function DeploymentRows({ deployments }: { readonly deployments: readonly DeploymentSummary[] }) {
  return (
    <ul class="rows boxed">
      {deployments.map((deployment) => (
        <li key={deployment.id} class="row deployment-row" data-row>
          <StateMark {...deploymentState(deployment)} />
          <a class="row-main" href={`/deployments/${deployment.id}`}>
            {deployment.release ? <ReleaseText release={deployment.release} /> : kinds[deployment.kind]}
          </a>
          <span class="row-text dim">{deployment.why.sentence}</span>
          <span class="row-aside dim">
            <span>
              {kinds[deployment.kind]} by {deployment.by}
            </span>
            <Length from={deployment.createdAt} to={deployment.finishedAt} />
            <Time at={deployment.createdAt} />
          </span>
        </li>
      ))}
    </ul>
  )
}
