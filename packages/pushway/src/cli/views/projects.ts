// Projects and releases as text.

import type { EnvironmentView, LaneView, ProjectView, ReleaseView } from '@pushway/core/views/types.ts'
import { plainLine, shortCommit, shortRef } from '../format.ts'
import type { Shape } from '../output.ts'
import { type Screen, styleOf } from '../screen.ts'
import { renderFields, renderTable } from '../table.ts'

export const projectShape: Shape<ProjectView> = {
  name: (project) => `project/${project.name}`,
  none: 'There are no projects yet: pushway project create OWNER/NAME, or push one.',
  columns: [
    { title: 'PROJECT', text: (project) => project.name },
    { title: 'ENVIRONMENTS', text: (project) => project.environments.map(({ name, release }) => (release ? `${name}=v${release.number}` : name)).join(',') },
    { title: 'NEWEST', text: (project) => project.lanes[0] && `${shortCommit(project.lanes[0].commit)} ${project.lanes[0].message}` },
    { title: 'CLONE', text: (project) => project.cloneUrl, wide: true },
    { title: 'AGE', text: (project, screen) => screen.when(project.createdAt) },
    { title: 'WHY', text: (project) => waitingWhy(project.lanes[0]) },
  ],
}

/** A release with the environments where it is live. */
export interface PlacedRelease extends ReleaseView {
  readonly liveIn: readonly string[]
}

export const releaseShape: Shape<PlacedRelease> = {
  name: (release) => `release/v${release.number}`,
  none: 'There are no releases yet: a job with an `environment:` makes them.',
  columns: [
    { title: 'RELEASE', text: (release) => `v${release.number}` },
    { title: 'LIVE IN', text: (release) => release.liveIn.join(',') },
    { title: 'COMMIT', text: (release) => shortCommit(release.commit) },
    { title: 'MESSAGE', text: (release) => release.message },
    { title: 'SERVICES', text: (release) => release.services.map((service) => `${service.name}×${service.replicas}`).join(',') },
    { title: 'CONTENT', text: (release) => release.contentDigest.slice(0, 19), wide: true },
    { title: 'ID', text: (release) => release.id, wide: true },
    { title: 'AGE', text: (release, screen) => screen.when(release.createdAt) },
  ],
}

/** The releases that were deployed, newest first, once each. */
export function releasesOf(
  environments: readonly EnvironmentView[],
  histories: readonly (readonly { readonly release?: ReleaseView }[])[],
): readonly PlacedRelease[] {
  const all = [...histories.flat().flatMap(({ release }) => release ?? []), ...environments.flatMap(({ release }) => release ?? [])]
  const byId = new Map(all.map((release) => [release.id, release]))
  const liveIn = (id: string) => environments.filter(({ release }) => release?.id === id).map(({ name }) => name)
  return [...byId.values()].sort((a, b) => b.number - a.number).map((release) => ({ ...release, liveIn: liveIn(release.id) }))
}

/** A project with the ways of its newest commits. */
export function showProject(project: ProjectView, screen: Screen): string {
  const head = renderFields([
    ['Project', project.name],
    ['Clone', project.cloneUrl],
    ['Created', screen.when(project.createdAt)],
  ])
  if (project.lanes.length === 0) return head
  const lanes = renderTable(
    [
      { title: 'COMMIT', text: (lane: LaneView) => shortCommit(lane.commit) },
      { title: 'REF', text: (lane: LaneView) => shortRef(lane.ref) },
      { title: 'MESSAGE', text: (lane: LaneView) => lane.message },
      { title: 'WAY', text: (lane: LaneView) => lane.stations.map((station) => `${plainLine(station.name)}:${station.state}`).join(' → ') },
      { title: 'WHY', text: waitingWhy },
    ],
    project.lanes,
    screen,
  )
  return `${head}\n\n${lanes}`
}

function waitingWhy(lane: LaneView | undefined): string | undefined {
  return lane?.stations.find((station) => station.state === 'waiting' || station.state === 'failed')?.why?.sentence
}

/** A word in the colour of its state. */
export function paintState(state: string, screen: Screen): string {
  return screen.paint(styleOf(state), state)
}
