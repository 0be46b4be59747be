// What GitHub-shaped answers are made of, from the streams.

import type { DeploymentFacts, DeploymentStateName, DeploymentStatusFacts } from '@pushway/core/github/deployment.ts'
import { pullFacts } from '@pushway/core/pull/state.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { shortRef } from '@pushway/core/run/trigger.ts'
import type { DeploymentId, ProjectName } from '@pushway/core/text/ids.ts'
import { pullContent } from '../model/pull-runs.ts'
import { pullState } from '../model/pulls.ts'
import { repositoryFacts } from '../model/repository-facts.ts'
import { runFacts } from '../model/run-facts.ts'
import type { Workshop } from '../model/workshop.ts'
import type { DeploymentRecord, ForgeQueries } from '../ports/service.ts'
import { deploymentSummary } from './views/deployments.ts'

/** The queries over a workshop. */
export function createForgeQueries(shop: Workshop): ForgeQueries {
  const { lists } = shop.world
  const runBySerial = (project: ProjectName, serial: number) => {
    const id = lists.runBySerial(serial)
    if (id === undefined || shop.states.run(id).state.project !== project) throw fail('not-found', { what: 'run', name: String(serial) })
    return id
  }
  return {
    repository: (project) => repositoryFacts(shop, project),
    async pullFacts(place) {
      const state = pullState(shop, place)
      const { fork: _, ...content } = await pullContent(shop, state)
      return { ...pullFacts(state), content }
    },
    runFacts: async (project, serial) => runFacts(shop, runBySerial(project, serial)),
    runSerials: (project, limit) => lists.runs(project, limit).flatMap((id) => lists.runSerial(id) ?? []),
    runBySerial,
    async deploymentRecords(project, limit) {
      return lists.deployments(project, undefined, limit).flatMap((id) => recordOf(shop, id) ?? [])
    },
  }
}

function recordOf(shop: Workshop, id: DeploymentId): DeploymentRecord | undefined {
  const { created } = shop.states.deployment(id).state
  const run = created?.run === undefined ? undefined : shop.states.run(created.run).state
  const release = created?.release === undefined ? undefined : shop.states.release(created.release)
  const sha = release?.commit ?? run?.cause?.sha
  const number = shop.world.lists.deploymentSerial(id)
  if (!created || sha === undefined || number === undefined) return undefined
  const deployment: DeploymentFacts = {
    id: number,
    sha,
    ref: shortRef(run?.cause?.ref ?? sha),
    environment: created.environment,
    by: created.by,
    createdAt: created.at,
  }
  const view = deploymentSummary(shop, id)
  const status: DeploymentStatusFacts = {
    id: number,
    state: stateOf(view.status, view.conclusion),
    description: view.why.sentence.slice(0, 140),
    logUrl: `${shop.world.server.url}/deployments/${id}`,
    by: created.by,
    at: view.finishedAt ?? view.createdAt,
  }
  return { deployment, statuses: [status] }
}

function stateOf(status: string, conclusion: string | undefined): DeploymentStateName {
  if (conclusion !== undefined) return conclusion === 'success' ? 'success' : conclusion === 'failure' ? 'failure' : 'inactive'
  return status.startsWith('waiting') ? 'waiting' : 'in_progress'
}
