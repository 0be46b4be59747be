// What is to be told to workflows: that a run or a deployment has got somewhere. Queued with the fact itself, so a crash loses none.

import type { DeploymentId, RunId } from '@pushway/core/text/ids.ts'
import type { NewAction } from '../ports/store.ts'

export type RunActivity = 'requested' | 'in_progress' | 'completed'
export type DeploymentActivity = 'created' | 'in_progress' | 'success' | 'failure' | 'inactive'

export type Announcement =
  | { readonly kind: 'run'; readonly run: RunId; readonly activity: RunActivity; readonly attempt: number }
  | { readonly kind: 'deployment'; readonly deployment: DeploymentId; readonly activity: DeploymentActivity }

/** The action that tells of a run: once for each attempt. */
export function announceRun(run: RunId, activity: RunActivity, attempt: number): NewAction {
  const body: Announcement = { kind: 'run', run, activity, attempt }
  return { key: `Announce:${activity}:${attempt}`, kind: 'Announce', body }
}

/** The action that tells of a deployment. */
export function announceDeployment(deployment: DeploymentId, activity: DeploymentActivity): NewAction {
  const body: Announcement = { kind: 'deployment', deployment, activity }
  return { key: `Announce:${deployment}:${activity}`, kind: 'Announce', body }
}
