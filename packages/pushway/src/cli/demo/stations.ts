// The stations of a release as the demo shows them: a run with its jobs and logs, a deployment with its steps, an address that answers.

import { setTimeout as sleep } from 'node:timers/promises'
import type { DeploymentView, JobView, RunView } from '@pushway/core/views/types.ts'
import type { ApiClient } from '../../http/client.ts'
import { formatDuration } from '../format.ts'
import type { Station } from './progress.ts'
import { project } from './world.ts'

/** Who looks, where it is shown, and what ends it early. */
export interface Look {
  readonly client: ApiClient
  readonly station: Station
  readonly signal: AbortSignal
  /** Steps are shown while they go on, and leave no line. */
  readonly brief?: boolean | undefined
}

const lookMs = 200
const longestMs = 5 * 60_000

/** Asks until there is an answer. Throws when it takes longer than five minutes. */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  { signal, everyMs = lookMs }: { signal: AbortSignal; everyMs?: number },
): Promise<T> {
  const until = Date.now() + longestMs
  while (Date.now() < until) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await sleep(everyMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
  throw new Error(`${what} did not happen within ${longestMs / 60_000} minutes`)
}

/** The number of the run that a push of `commit` to `branch` started. */
export async function findRun({ client, signal }: Look, { branch, commit }: { branch: string; commit: string }): Promise<number> {
  const ref = `refs/heads/${branch}`
  const find = async () => (await client.runs(project, 20)).find((run) => run.sha === commit && run.ref === ref && run.event === 'push')?.number
  return waitFor(`the run of the push to ${branch}`, find, { signal })
}

/**
 * Shows a run's jobs, steps and log lines until `reached` or its end.
 * Throws when the run ends before in another way than success, with the step's last words.
 */
export async function followRun(look: Look, number: number, reached: (run: RunView) => boolean): Promise<RunView> {
  const { client, signal } = look
  const shown = new Set<string>()
  const logs = new Map<string, JobLog>()
  return waitFor(
    `the end of run ${number}`,
    async () => {
      const run = await client.run(project, number)
      for (const job of run.jobs) {
        const log = logs.get(job.key) ?? logs.set(job.key, { cursor: 0, words: new Map() }).get(job.key)
        if (log && job.phase !== 'pending' && !shown.has(job.key)) await readLog(look, { number, job, log })
        if (log) showJob(look, job, { shown, log })
      }
      if (reached(run)) return run
      if (run.status !== 'finished') return undefined
      throw new Error(`run ${number} ended with ${run.conclusion ?? 'nothing'}: ${whyFailed(run, logs)}`)
    },
    { signal },
  )
}

interface JobLog {
  cursor: number
  /** The line of each step that says most. */
  readonly words: Map<number, string>
}

async function readLog({ client, station }: Look, { number, job, log }: { number: number; job: JobView; log: JobLog }): Promise<void> {
  const page = await client.jobLog(project, number, { job: job.key, cursor: log.cursor, limit: 5_000 }).catch(() => undefined)
  if (!page) return
  log.cursor = page.cursor
  for (const { step, text } of page.lines) {
    const line = text.trim()
    if (line === '' || line.startsWith('##[')) continue
    const before = log.words.get(step)
    if (before === undefined || weight(line) >= weight(before)) log.words.set(step, line)
    if (job.phase === 'running') station.now(`${job.key} │ ${line}`)
  }
}

/** Which line of a step's log tells its outcome: a count or a digest before whatever came last. */
function weight(line: string): number {
  return /^Tests:|sha256:|^added \d+|all as expected|no problems/.test(line) ? 1 : 0
}

function showJob({ station, brief }: Look, job: JobView, { shown, log }: { shown: Set<string>; log: JobLog }): void {
  for (const step of job.steps) {
    const key = `${job.key} ${step.index}`
    if (shown.has(key) || step.status !== 'finished' || step.name.startsWith('Post ')) continue
    shown.add(key)
    const words = log.words.get(step.index)
    if (!brief)
      station.line(`${job.key} │ ${mark(step.conclusion)} ${step.name} ${formatDuration(step.durationMs ?? 0)}${words ? `  ${words.slice(0, 90)}` : ''}`)
  }
  if (job.phase !== 'finished' || shown.has(job.key)) return
  shown.add(job.key)
  const why = job.conclusion === 'success' ? '' : `  ${job.why?.sentence ?? job.conclusion}`
  if (!brief) station.line(`${mark(job.conclusion)} ${job.key} ${tookOf(job)}${why}`, job.conclusion === 'skipped' ? 'dim' : 'bold')
}

function tookOf({ startedAt, finishedAt }: JobView): string {
  return startedAt !== undefined && finishedAt !== undefined ? formatDuration(finishedAt - startedAt) : ''
}

/** The jobs that are over, each with its result: `test ✓ 12s, deploy-prod – skipped`. */
export function sayJobs(run: RunView): string {
  const over = run.jobs.filter((job) => job.phase === 'finished')
  return over.map((job) => `${job.key} ${mark(job.conclusion)} ${job.conclusion === 'success' ? tookOf(job) : job.conclusion}`).join(', ')
}

function mark(conclusion: string | undefined): string {
  return conclusion === 'success' ? '✓' : conclusion === 'skipped' ? '–' : '✗'
}

function whyFailed(run: RunView, logs: ReadonlyMap<string, JobLog>): string {
  const job = run.jobs.find((one) => one.conclusion !== 'success' && one.conclusion !== 'skipped')
  const step = job?.steps.find((one) => one.conclusion === 'failure')
  const words = job && step ? logs.get(job.key)?.words.get(step.index) : undefined
  return [job ? `job ${job.key}` : '', step ? `step "${step.name}"` : '', words ?? job?.why?.sentence ?? run.problems.join(' ')]
    .filter((part) => part !== '')
    .join(', ')
}

/** A job of a run by its key. */
export function jobOf(run: RunView, key: string): JobView | undefined {
  return run.jobs.find((job) => job.key === key)
}

interface Following {
  readonly reached?: (view: DeploymentView) => boolean
  /** Says more about the step that is worked on. */
  readonly detail?: (view: DeploymentView) => string
  /** The steps that have their line already. */
  readonly shown?: Set<number>
}

/** Shows a deployment's steps until `reached` or its end. */
export async function followDeployment(look: Look, id: string, { reached, detail, shown = new Set() }: Following): Promise<DeploymentView> {
  const { client, station, signal, brief } = look
  return waitFor(
    `the end of deployment ${id}`,
    async () => {
      const view = await client.deployment(id)
      const steps = view.rollout?.steps ?? []
      for (const [index, step] of steps.entries()) {
        if (step.state !== 'done' || shown.has(index)) continue
        shown.add(index)
        if (!brief) station.line(`✓ ${step.why?.sentence ?? step.text}`)
      }
      const active = steps.find((step) => step.state === 'active')
      station.now(`${active?.text ?? view.why.sentence}${detail ? `  ${detail(view)}` : ''}`)
      return view.status === 'done' || reached?.(view) ? view : undefined
    },
    { signal },
  )
}

/** Throws when a deployment that is over did not succeed. */
export function mustSucceed(view: DeploymentView): DeploymentView {
  if (view.status === 'done' && view.conclusion !== 'success')
    throw new Error(`the deployment to ${view.environment} ended with ${view.conclusion}: ${view.why.sentence}`)
  return view
}

/** Waits until an address answers with this version; gives the moment. */
export async function whenAnswers(url: string, version: string, signal: AbortSignal): Promise<number> {
  const ask = async () => ((await versionAt(url, signal)) === version ? Date.now() : undefined)
  return waitFor(`version ${version} at ${url}`, ask, { signal, everyMs: 50 })
}

/** The version that a running release says it is; undefined when nothing answers. */
export async function versionAt(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { signal })
    return ((await answer.json()) as { version?: string }).version
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}
