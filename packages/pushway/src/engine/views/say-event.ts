// Each kind of fact in one sentence, for explain and the timeline.

import type { PushwayEvent } from '@pushway/core/event/types.ts'
import { sayFindings } from '@pushway/core/images/scan.ts'
import type { PullEvent } from '@pushway/core/pull/types.ts'
import type { DeploymentEvent } from '@pushway/core/rollout/types.ts'
import type { RunEvent } from '@pushway/core/run/types.ts'
import { shortDigest } from '@pushway/core/text/ids.ts'
import { isPullEvent, sayPullEvent } from './say-pull.ts'

const short = (commit: string | null) => commit?.slice(0, 7) ?? 'nothing'
const branch = (ref: string) => ref.replace(/^refs\/(heads|tags)\//, '')
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

/** One sentence that says what happened. */
export function sayEvent(event: PushwayEvent): string {
  switch (event.type) {
    case 'ProjectCreated':
      return `${event.by} created the project ${event.project}.`
    case 'PushReceived':
      return event.after ? `${event.by} pushed ${short(event.after)} to ${branch(event.ref)}: ${event.message}` : `${event.by} deleted ${branch(event.ref)}.`
    case 'ImagePushed':
      return `Image ${event.repository}${event.tag ? `:${event.tag}` : ''} was pushed: ${shortDigest(event.digest)}.`
    case 'ImageAttested':
      return `Image ${event.repository}@${shortDigest(event.digest)} was signed${event.packages === undefined ? '' : `; it has ${event.packages} packages`}${event.findings ? ` (${sayFindings(event.findings)})` : ''}.`
    case 'ImageNotAttested':
      return `Image ${event.repository}@${shortDigest(event.digest)} could not be signed: ${event.problem}`
    case 'SecretSet':
      return `${event.by} set secret ${event.name}${event.environment ? ` of ${event.environment}` : ''} (version ${event.version}).`
    case 'VariableSet':
      return `${event.by} set variable ${event.name}${event.environment ? ` of ${event.environment}` : ''}.`
    case 'RolloutAdmitted':
      return 'The rollout may begin.'
    case 'RolloutLeft':
      return 'The environment is free for the next rollout.'
    case 'ReleaseLive':
      return event.kind === 'rollback' ? 'An earlier release is live again.' : 'The release is live.'
    case 'ReleaseVerified':
      return `Its images are proven here: ${event.digests.map(shortDigest).join(', ')}.`
    case 'ReleaseCreated':
      return `Release v${event.release.number} for ${event.release.environment}: commit ${short(event.release.commit)}.`
    case 'SchedulesSet':
      return event.schedules.length === 0
        ? 'No workflow is scheduled any more.'
        : `Scheduled: ${event.schedules.map(({ file, cron }) => `${file.split('/').at(-1)} at "${cron}"`).join(', ')}.`
    case 'TagReleaseChanged':
      return `${event.by} changed the release of tag ${event.tag}: ${event.activities.join(', ')}.`
    default:
      return isPullEvent(event) ? sayPullEvent(event) : isRunEvent(event) ? sayRunEvent(event) : sayDeploymentEvent(event)
  }
}

type Described = Exclude<
  Exclude<PushwayEvent, PullEvent>,
  {
    type:
      | 'ProjectCreated'
      | 'PushReceived'
      | 'ImagePushed'
      | 'ImageAttested'
      | 'ImageNotAttested'
      | 'SecretSet'
      | 'VariableSet'
      | 'SchedulesSet'
      | 'TagReleaseChanged'
      | 'RolloutAdmitted'
      | 'RolloutLeft'
      | 'ReleaseLive'
      | 'ReleaseVerified'
      | 'ReleaseCreated'
  }
>

const runTypes: ReadonlySet<string> = new Set<RunEvent['type']>([
  'RunRequested',
  'RunPlanned',
  'RunRefused',
  'JobLaidOut',
  'CallFinished',
  'ConcurrencyAsked',
  'ConcurrencyEntered',
  'JobUnwanted',
  'JobStarted',
  'StepStarted',
  'StepFinished',
  'JobStepsFinished',
  'DeploymentOpened',
  'JobFinished',
  'RunApproved',
  'CancelRequested',
  'RerunRequested',
  'RunFinished',
  'DeploymentEnded',
])

function isRunEvent(event: Described): event is RunEvent {
  return runTypes.has(event.type)
}

function sayRunEvent(event: RunEvent): string {
  switch (event.type) {
    case 'RunRequested':
      return `Run ${event.number} of ${event.workflowName} was asked for: ${event.title}`
    case 'RunPlanned':
      return `${event.plan.jobs.length} jobs are planned: ${event.plan.jobs.map((job) => job.key).join(', ')}.`
    case 'RunRefused':
      return `Refused: ${event.problems.join(' ')}`
    case 'JobLaidOut':
      return event.jobs.length === 1 ? `Job ${event.job} is laid out.` : `Job ${event.job} is laid out as ${event.jobs.length} jobs.`
    case 'CallFinished':
      return `The workflow that ${event.job} calls has ended.${event.problem ? ` ${event.problem}` : ''}`
    case 'ConcurrencyAsked':
      return `${event.job === undefined ? 'The run' : `Job ${event.job}`} asks for the concurrency group "${event.terms.group}".`
    case 'ConcurrencyEntered':
      return `${event.job === undefined ? 'The run' : `Job ${event.job}`} has entered its concurrency group.`
    case 'JobUnwanted':
      return `Job ${event.job} is to end: ${event.reason}`
    case 'JobStarted':
      return `Job ${event.job} started${event.attempt > 1 ? ` (attempt ${event.attempt})` : ''}.`
    case 'StepStarted':
      return `${event.job}: "${event.name}" started.`
    case 'StepFinished':
      return `${event.job}: "${event.name}" ended with ${event.conclusion} after ${seconds(event.durationMs)}.`
    case 'JobStepsFinished':
      return `The steps of job ${event.job} ended with ${event.conclusion}.${event.problem ? ` ${event.problem}` : ''}`
    case 'DeploymentOpened':
      return `Job ${event.job} asks to deploy to ${event.environment}.`
    case 'DeploymentCleared':
      return `Job ${event.job} may start: its environment's rules are satisfied.`
    case 'DeploymentEnded':
      return `The deployment of job ${event.job} ended with ${event.conclusion}: ${event.reason}`
    case 'JobFinished':
      return `Job ${event.job} ended with ${event.conclusion}.${event.reason ? ` ${event.reason}` : ''}`
    case 'RunApproved':
      return `${event.by} approved the run.`
    case 'CancelRequested':
      return event.reason ?? `${event.by} cancelled the run.`
    case 'RerunRequested':
      return `${event.by} asked to run again: ${event.jobs.join(', ')}.`
    case 'RunFinished':
      return `The run ended with ${event.conclusion}.`
  }
}

function sayDeploymentEvent(event: Exclude<Described, RunEvent> | Extract<DeploymentEvent, { type: 'DeploymentCleared' }>): string {
  switch (event.type) {
    case 'DeploymentCreated':
      return `${event.by} asked for a ${event.kind} to ${event.environment}.`
    case 'ApprovalRequested':
      return `An approval is asked for content ${shortDigest(event.contentDigest)} (${event.changes.length} changes).`
    case 'ApprovalGiven':
      return `${event.by} approved: ${event.why}`
    case 'ApprovalRejected':
      return `${event.by} rejected: ${event.why}`
    case 'ApprovalExpired':
      return 'The approval was not given in time.'
    case 'ApprovalVoided':
      return `The approval no longer holds: ${event.because}`
    case 'DeploymentCleared':
      return "The environment's rules are satisfied."
    case 'RolloutRequested':
      return 'The rollout is asked for.'
    case 'RolloutWaiting':
      return `Waiting for rollout ${event.behind} to end.`
    case 'RolloutStarted':
      return `The rollout began: ${event.plan.strategy.kind}, ${event.plan.steps.length} steps.`
    default:
      return sayRolloutEvent(event)
  }
}

type RolloutFact = Exclude<
  DeploymentEvent,
  {
    type:
      | 'DeploymentCreated'
      | 'ApprovalRequested'
      | 'ApprovalGiven'
      | 'ApprovalRejected'
      | 'ApprovalExpired'
      | 'ApprovalVoided'
      | 'DeploymentCleared'
      | 'RolloutRequested'
      | 'RolloutWaiting'
      | 'RolloutStarted'
  }
>

function sayRolloutEvent(event: RolloutFact): string {
  switch (event.type) {
    case 'StepCompleted':
    case 'RolloutAborting':
    case 'RolloutAborted':
      return event.reason.sentence
    case 'WeightsSet':
      return `The new release${event.service ? ` of ${event.service}` : ''} gets ${event.percent} % of the traffic.`
    case 'NewSideLost':
      return `No instance of the new release of ${event.service} is ready any more.`
    case 'NewSideBack':
      return `The new release of ${event.service} is ready again.`
    case 'VerdictReached':
      return `Judged: ${event.verdict.outcome}. ${event.verdict.reason.sentence}`
    case 'VerifyStarted':
      return 'The end-to-end check started.'
    case 'VerifyFinished':
      return event.ok ? 'The end-to-end check succeeded.' : 'The end-to-end check failed.'
    case 'Paused':
      return `${event.by} paused the rollout.`
    case 'Resumed':
      return `${event.by} resumed the rollout.`
    case 'AbortRequested':
      return `${event.by} aborted the rollout: ${event.why}`
    case 'RolloutCompleted':
      return 'The new release serves all traffic.'
    case 'DeploymentSuperseded':
      return `A newer deployment, ${event.by}, took its place.`
    case 'DeploymentClosed':
      return `Ended with ${event.conclusion}: ${event.reason.sentence}`
  }
}
