// Which topics an event is about: what a tab subscribes to.

import type { StoredEvent } from '@pushway/core/event/types.ts'
import type { ProjectName } from '@pushway/core/text/ids.ts'

/** Every topic of every project the caller may see. */
export const ALL = 'all'

export interface TopicOwner {
  /** The project of a run or deployment. */
  readonly ownerOf: (id: string) => ProjectName | undefined
}

/** The project an event belongs to; undefined when nobody knows any more. */
export function projectOfEvent(event: StoredEvent, { ownerOf }: TopicOwner): ProjectName | undefined {
  const [kind = '', first = '', second = ''] = event.stream.split('/')
  if (event.body.type === 'ReleaseCreated') return event.body.release.project
  return kind === 'run' || kind === 'deployment' ? ownerOf(first) : `${first}/${second}`
}

/** The topics of an event: its own thing's and its project's. */
export function topicsOfEvent(event: StoredEvent, owner: TopicOwner): readonly string[] {
  const slash = event.stream.indexOf('/')
  const kind = event.stream.slice(0, slash)
  const rest = event.stream.slice(slash + 1)
  const project = projectOfEvent(event, owner)
  const own = kind === 'project' ? [] : [`${kind}:${rest}`]
  const { body } = event
  const environment = body.type === 'DeploymentCreated' ? [`environment:${body.project}/${body.environment}`] : []
  return [...own, ...environment, ...(project === undefined ? [] : [`project:${project}`])]
}

/** The project whose reading a topic needs; undefined: there is no such thing. */
export function projectOfTopic(topic: string, { ownerOf }: TopicOwner): ProjectName | undefined {
  const colon = topic.indexOf(':')
  const kind = topic.slice(0, colon)
  const rest = topic.slice(colon + 1)
  const parts = rest.split('/')
  switch (kind) {
    case 'project':
      return parts.length === 2 ? rest : undefined
    case 'environment':
      return parts.length === 3 ? `${parts[0]}/${parts[1]}` : undefined
    case 'run':
    case 'deployment':
      return ownerOf(rest)
    default:
      return undefined
  }
}
