// The timeline: the facts that people ask about, newest first, each linked to what led to it.

import type { PushwayEvent, StoredEvent } from '@pushway/core/event/types.ts'
import type { ReasonText } from '@pushway/core/reason/reasons.ts'
import type { ProjectName } from '@pushway/core/text/ids.ts'
import type { TimelineEntry } from '@pushway/core/views/types.ts'
import type { Workshop } from '../../model/workshop.ts'
import type { TimelineFilter } from '../../ports/service.ts'
import { sayEvent } from './say-event.ts'

/** How many events are looked at for one page. */
const lookBack = 5_000

interface Shown {
  readonly kind: TimelineEntry['kind']
  readonly state: TimelineEntry['state']
  readonly by?: string
}

/** The newest entries that pass the filter, newest first. */
export function timelineOf(shop: Workshop, filter: TimelineFilter): readonly TimelineEntry[] {
  const { store } = shop.world
  const last = store.lastPosition()
  const events = store.readAll(Math.max(0, last - lookBack), lookBack)
  const entries: TimelineEntry[] = []
  for (const event of events.toReversed()) {
    if (entries.length >= filter.limit) break
    const entry = entryOf(shop, event)
    if (entry && passes(entry, filter)) entries.push(entry)
  }
  return entries
}

function passes(entry: TimelineEntry, filter: TimelineFilter): boolean {
  return (
    (filter.project === undefined || entry.project === filter.project) &&
    (filter.environment === undefined || entry.environment === filter.environment) &&
    (filter.kind === undefined || entry.kind === filter.kind) &&
    (filter.by === undefined || entry.by === filter.by)
  )
}

function entryOf(shop: Workshop, event: StoredEvent): TimelineEntry | undefined {
  const shown = shownAs(event.body)
  if (!shown) return undefined
  const place = placeOf(shop, event)
  if (!place) return undefined
  const cause = causeOf(shop, event)
  return { id: `${event.stream}#${event.seq}`, at: event.at, ...shown, text: sayEvent(event.body), ...place, ...(cause ? { cause } : {}) }
}

/** Which facts are shown, and as what; the others are detail that explain shows. */
function shownAs(body: PushwayEvent): Shown | undefined {
  switch (body.type) {
    case 'PushReceived':
      return { kind: 'push', state: body.problems.length > 0 ? 'bad' : 'info', by: body.by }
    case 'RunRequested':
      return { kind: body.cause.verifies ? 'verify' : 'run', state: 'info', by: body.cause.actor }
    case 'RunRefused':
      return { kind: 'run', state: 'bad' }
    case 'RunFinished':
      return { kind: 'run', state: body.conclusion === 'success' ? 'good' : 'bad' }
    case 'RunApproved':
      return { kind: 'run', state: 'info', by: body.by }
    case 'PullRequestOpened':
    case 'PullRequestClosed':
    case 'PullRequestReopened':
      return { kind: 'pull', state: 'info', by: body.by }
    case 'PullRequestMerged':
      return { kind: 'pull', state: 'good', by: body.by }
    case 'PullRequestMergeTried':
      return body.commit === null ? { kind: 'pull', state: 'bad' } : undefined
    case 'TagReleaseChanged':
      return { kind: 'release', state: 'info', by: body.by }
    case 'SchedulesSet':
      return { kind: 'setting', state: 'info' }
    case 'ImagePushed':
      return { kind: 'image', state: 'info', by: body.by }
    case 'ImageNotAttested':
      return { kind: 'image', state: 'bad' }
    case 'ReleaseCreated':
      return { kind: 'release', state: 'info' }
    case 'SecretSet':
    case 'VariableSet':
    case 'ProjectCreated':
      return { kind: 'setting', state: 'info', by: body.by }
    case 'ReleaseLive':
      return { kind: body.kind === 'rollback' ? 'rollback' : 'rollout', state: 'good' }
    default:
      return shownDeployment(body)
  }
}

function shownDeployment(body: PushwayEvent): Shown | undefined {
  switch (body.type) {
    case 'ApprovalRequested':
      return { kind: 'approval', state: 'waiting' }
    case 'ApprovalGiven':
      return { kind: 'approval', state: 'good', by: body.by }
    case 'ApprovalRejected':
      return { kind: 'approval', state: 'bad', by: body.by }
    case 'ApprovalExpired':
    case 'ApprovalVoided':
      return { kind: 'approval', state: 'bad' }
    case 'VerifyFinished':
      return { kind: 'verify', state: body.ok ? 'good' : 'bad' }
    case 'RolloutStarted':
    case 'StepCompleted':
      return { kind: 'rollout', state: 'info' }
    case 'VerdictReached':
      return { kind: 'rollout', state: body.verdict.outcome === 'fail' ? 'bad' : 'good' }
    case 'RolloutAborting':
      return { kind: 'rollback', state: 'bad' }
    case 'RolloutAborted':
      return { kind: 'rollback', state: rolledBack(body.reason) }
    case 'AbortRequested':
    case 'Paused':
    case 'Resumed':
      return { kind: 'rollout', state: 'waiting', by: body.by }
    default:
      return undefined
  }
}

function rolledBack({ code }: ReasonText): TimelineEntry['state'] {
  return code === 'failed' ? 'bad' : 'good'
}

function placeOf(shop: Workshop, { stream, body }: StoredEvent): Pick<TimelineEntry, 'project' | 'environment' | 'href'> | undefined {
  const kind = stream.slice(0, stream.indexOf('/'))
  const id = stream.slice(stream.indexOf('/') + 1)
  switch (kind) {
    case 'project':
      return { project: id, href: `/${id}` }
    case 'run': {
      const { project, number } = shop.states.run(id).state
      return project === undefined ? undefined : { project, href: `/${project}/runs/${number}` }
    }
    case 'deployment': {
      const { created } = shop.states.deployment(id).state
      return created && { project: created.project, environment: created.environment, href: `/deployments/${id}` }
    }
    case 'pull': {
      const cut = id.lastIndexOf('/')
      return { project: id.slice(0, cut), href: `/${id.slice(0, cut)}/pulls/${id.slice(cut + 1)}` }
    }
    case 'release':
      return body.type === 'ReleaseCreated' ? { project: body.release.project, environment: body.release.environment } : undefined
    case 'environment': {
      const cut = id.lastIndexOf('/')
      const project: ProjectName = id.slice(0, cut)
      return { project, environment: id.slice(cut + 1), href: `/${project}/environments/${id.slice(cut + 1)}` }
    }
    default:
      return undefined
  }
}

/** The entry that led to this one: the one before it in its stream, or the first of the stream that caused it. */
function causeOf(shop: Workshop, event: StoredEvent): string | undefined {
  const { body } = event
  if (body.type === 'RunRequested' && body.cause.pull !== undefined) return event.cause && `${event.cause}#1`
  if (body.type === 'RunRequested' && !body.cause.verifies) return pushOf(shop, body.project, event)
  if (body.type === 'ImagePushed') return body.run ? `run/${body.run}#1` : undefined
  if (body.type === 'ReleaseLive') return `deployment/${body.deployment}#1`
  if (body.type === 'PullRequestOpened') return undefined
  if (event.cause !== undefined && event.seq === 1) return `${event.cause}#1`
  return event.seq > 1 ? `${event.stream}#${event.seq - 1}` : undefined
}

/** The push that started a run: it is recorded just after the runs that it names. */
function pushOf(shop: Workshop, project: ProjectName, event: StoredEvent): string | undefined {
  const run = event.stream.slice('run/'.length)
  const push = shop.world.store.read(`project/${project}`).findLast(({ body }) => body.type === 'PushReceived' && body.runs.includes(run))
  return push && `${push.stream}#${push.seq}`
}
