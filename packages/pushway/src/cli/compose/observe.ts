// The containers of a project, by the labels that Docker Compose and we give them.

import { composeLabel } from '@pushway/core/compose/run/labels.ts'
import type { FoundContainer } from '@pushway/core/compose/run/plan.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { type ContainerDetails, type ContainerSummary, containerDetails, containerSummary, type Engine } from '../../util/engine-api/index.ts'
import type { Situation } from './situation.ts'

export interface ProjectContainer extends FoundContainer {
  readonly summary: ContainerSummary
  readonly labels: Readonly<Record<string, string>>
}

interface Wanted {
  /** Also those that do not run; the default. */
  readonly all?: boolean
  readonly oneOff?: 'without' | 'with'
  readonly services?: readonly string[]
}

/** The project's containers in order of service and number. */
export async function findContainers({ engine, name }: Pick<Situation, 'engine' | 'name'>, wanted: Wanted = {}): Promise<readonly ProjectContainer[]> {
  const { all = true, oneOff = 'without', services = [] } = wanted
  const label = [`${composeLabel.project}=${name}`, ...(oneOff === 'without' ? [`${composeLabel.oneOff}=False`] : [])]
  const list = await engine.call(containerSummary.array(), { method: 'GET', path: '/containers/json', query: { all, filters: { label } } })
  return list
    .map(readContainer)
    .filter(({ service }) => services.length === 0 || services.includes(service))
    .toSorted((a, b) => (a.service < b.service ? -1 : a.service > b.service ? 1 : a.number - b.number))
}

function readContainer(summary: ContainerSummary): ProjectContainer {
  const labels = summary.Labels ?? {}
  return {
    id: summary.Id,
    name: (summary.Names?.find((name) => name.lastIndexOf('/') === 0) ?? summary.Id).replace(/^\//, ''),
    service: labels[composeLabel.service] ?? '',
    number: Number(labels[composeLabel.number] ?? 1),
    state: summary.State,
    hash: labels[composeLabel.hash],
    image: labels[composeLabel.image] ?? summary.ImageID,
    networks: Object.keys(summary.NetworkSettings?.Networks ?? {}),
    summary,
    labels,
  }
}

/** The container of a service that a command means: the first, or the one of that number. @throws PushwayError `usage` */
export async function oneContainer(situation: Situation, service: string, index?: string): Promise<ProjectContainer> {
  const found = await findContainers(situation, { services: [service] })
  const container = index === undefined ? (found.find(({ state }) => state === 'running') ?? found[0]) : found.find(({ number }) => number === Number(index))
  if (!container)
    throw fail('usage', {
      problem: `service "${service}" is not running${index === undefined ? '' : ` container #${index}`}.`,
      hint: 'Start it: pushway compose up -d.',
    })
  return container
}

/** All about one container; undefined when it is gone. */
export function inspectContainer(engine: Engine, id: string): Promise<ContainerDetails | undefined> {
  return engine.find(containerDetails, { method: 'GET', path: `/containers/${id}/json` })
}
