// Announce: workflow_run, deployment and deployment_status, told to the workflows of the default branch or of the deployed commit.

import type { RunState } from '@pushway/core/run/state.ts'
import { shortRef } from '@pushway/core/run/trigger.ts'
import type { RunCause } from '@pushway/core/run/types.ts'
import type { Announcement } from '../model/announce.ts'
import { runsForDeployment } from '../model/deployment-runs.ts'
import { anyTrigger, deepestChain, runsForEvent } from '../model/event-runs.ts'
import { defaultHead, repositoryFacts } from '../model/repository-facts.ts'
import { branchOfRun, runFacts } from '../model/run-facts.ts'
import { startAll } from '../model/start-runs.ts'
import type { Performer, Workshop } from '../model/workshop.ts'
import type { Append } from '../ports/store.ts'

export const performAnnounce: Performer = {
  perform(action, shop) {
    const body = action.body as Announcement
    return body.kind === 'run' ? announceRun(shop, body) : runsForDeployment(shop, body)
  },
  refused(action, problem, shop) {
    shop.world.log.warn('an event was not told to workflows', { stream: action.stream, key: action.key, problem })
    return []
  },
}

async function announceRun(shop: Workshop, { run, activity }: Extract<Announcement, { kind: 'run' }>): Promise<readonly Append[]> {
  const { state } = shop.states.run(run)
  const { project, cause, workflowName } = state
  if (project === undefined || cause === undefined || (cause.depth ?? 0) >= deepestChain) return []
  const tip = await defaultHead(shop, project)
  if (!tip || !(await anyTrigger(shop, project, { commit: tip.sha, event: 'workflow_run' }))) return []
  const { workflowRunPayload } = await import('@pushway/core/github/workflow-run.ts')
  const payload = workflowRunPayload(await repositoryFacts(shop, project), await runFacts(shop, run, activity), activity)
  const next: RunCause = { event: 'workflow_run', ...tip, actor: actorOf(state), payload, depth: (cause.depth ?? 0) + 1 }
  const trigger = { action: activity, workflowName: workflowName ?? '', baseRef: branchOfRun(cause) ?? shortRef(cause.ref) }
  const { requests } = await runsForEvent(shop, { project, cause: next, trigger, title: workflowName ?? '' })
  return (await startAll(shop, requests)).appends
}

function actorOf({ rerunBy, cause }: RunState): string {
  return rerunBy ?? cause?.actor ?? 'pushway'
}
