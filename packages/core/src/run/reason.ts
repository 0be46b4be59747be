// Why a job waits or ended as it did, in one sentence, for CLI and UI.

import { type ReasonText, reason } from '../reason/reasons.ts'
import { type Claim, claimsOf, sayClaim, turnOf } from './concurrency.ts'
import { needsApproval } from './decide-turn.ts'
import { isNameFinished, plannedJob } from './graph.ts'
import { mayStartInParallel } from './legs.ts'
import type { RunState } from './state.ts'
import type { JobState } from './types.ts'

/** Why the job is where it is; undefined when that is plain (it runs, it succeeded) or there is no such job. `others`: the project's other claims on groups. */
export function jobReason(state: RunState, key: string, others: readonly Claim[] = []): ReasonText | undefined {
  const job = state.jobs.get(key)
  if (!job) return undefined
  const environment = state.plan?.jobs.find((planned) => planned.key === key)?.environment ?? ''
  switch (job.phase) {
    case 'pending':
      return groupReason(state, key, [...others, ...claimsOf(state)]) ?? pendingReason(state, job, environment)
    case 'waiting':
      return reason('waiting-for-clearance', { environment })
    case 'running':
      return undefined
    case 'deploying':
      return reason('deploying-to', { environment })
    case 'finished':
      return job.reason ? reason('failed', { problem: job.reason }) : undefined
  }
}

/** Which run or job it waits for, in its own concurrency group, its call's or its run's. */
function groupReason(state: RunState, key: string, claims: readonly Claim[]): ReasonText | undefined {
  const around = plannedJob(state.plan, key)?.within ?? []
  const isMine = ({ job }: Claim) => job === undefined || job === key || around.includes(job)
  const mine = claims.find((claim) => claim.run === state.id && !claim.held && isMine(claim))
  const turn = mine && turnOf(mine, claims)
  return turn?.kind === 'wait' ? reason('waiting-for-group', { group: turn.behind.group, ahead: sayClaim(turn.behind) }) : undefined
}

function pendingReason(state: RunState, job: JobState, environment: string): ReasonText {
  if (needsApproval(state)) return reason('waiting-for-run-approval', { by: state.cause?.actor ?? '' })
  const needs = state.plan?.jobs.find((planned) => planned.key === job.key)?.needs ?? []
  const open = needs.filter((need) => !isNameFinished(state, need))
  if (open.length > 0) return reason('waiting-for-job', { jobs: open.join(', ') })
  const group = state.plan?.jobs.find((planned) => planned.key === job.key)
  if (group && !mayStartInParallel(state, group)) return reason('waiting-for-leg', { most: group.leg?.strategy['max-parallel'] ?? 1 })
  return environment === '' ? reason('waiting-for-runner') : reason('waiting-for-clearance', { environment })
}

/** What the run as a whole is at. */
export function runReason(state: RunState): ReasonText {
  if (state.finished) return reason('run-finished', { conclusion: state.conclusion ?? 'success' })
  const phases = [...state.jobs.values()].map((job) => job.phase)
  const count = (...wanted: readonly JobState['phase'][]) => phases.filter((phase) => wanted.includes(phase)).length
  return reason('run-moves-on', { running: count('running', 'deploying'), waiting: count('pending', 'waiting') })
}
