// What the demo measured: the object of `--json` and the table at the end. Pure.

import type { ExplainView, TimelineEntry } from '@pushway/core/views/types.ts'
import { formatDuration, formatShare, plainLine } from '../format.ts'
import type { Screen } from '../screen.ts'
import { renderFields } from '../table.ts'
import type { Counted, Window } from './traffic.ts'

/** Times in milliseconds, shares 0..1. */
export interface DemoReport {
  /** From the first `git push` to develop to staging answering with that version: the first run of this server, with empty caches. */
  readonly pushToStagingMs: number
  /** From the `git push` of the better version to main to its deployment's end: approval, canary at 10, 50 and 100 %, the old release stopped. */
  readonly pushToProductionMs: number
  /** At production's address, from before the canary to the end, without those during the bad release's rollout. */
  readonly requests: Counted
  readonly bad: BadRelease
  /** The image of the better version in staging and in production (built twice, the same), and the bad one's. */
  readonly digests: { readonly staging: string; readonly production: string; readonly bad: string }
  /** Oldest first. */
  readonly timeline: readonly TimelineEntry[]
}

export interface BadRelease {
  /** From the first bad answer that a user got to the decision to go back. */
  readonly detectedMs: number
  /** From the first bad answer to the end of the way back: all traffic with the release before, the bad one's instances gone. */
  readonly rolledBackMs: number
  /** Bad answers over all answers from its first weight to its last. */
  readonly failedShare: number
}

/** The moments of a rollout that went back, from its facts. */
export interface BadRollout {
  /** Everything that the bad release may have answered lies in here. */
  readonly whole: Window
  /** From its first share of the traffic confirmed to all traffic back. */
  readonly weighted: Window
  /** How many shares of the traffic it was given: one when it was caught at the first. */
  readonly shares: number
  readonly detectedAt: number
  readonly rolledBackAt: number
}

/** Reads the moments out of a deployment's facts. Throws when it did not go back. */
export function readBadRollout({ facts }: ExplainView): BadRollout {
  const first = facts.findIndex((fact) => fact.type === 'WeightsSet')
  const aborting = facts.find((fact) => fact.type === 'RolloutAborting')
  const aborted = facts.find((fact) => fact.type === 'RolloutAborted')
  const shared = facts[first]
  if (!shared || !aborting || !aborted) throw new Error('the bad release was not taken back')
  const back = facts.filter((fact) => fact.type === 'WeightsSet' && fact.at >= aborting.at).at(-1) ?? aborted
  return {
    // The router has the weights a moment before the fact is written.
    whole: { from: facts[first - 1]?.at ?? shared.at, to: aborted.at },
    weighted: { from: shared.at, to: back.at },
    shares: facts.filter((fact) => fact.type === 'WeightsSet' && fact.at < aborting.at).length,
    detectedAt: aborting.at,
    rolledBackAt: aborted.at,
  }
}

/** The timeline as the demo prints it: time since the first entry, sign, sentence. */
export function renderTimeline(timeline: readonly TimelineEntry[], { paint }: Pick<Screen, 'paint'>): string {
  const start = timeline[0]?.at ?? 0
  // A verdict and the step that it ends say the same.
  return timeline
    .filter(({ text }, index) => !(timeline[index - 1]?.text ?? '').endsWith(text))
    .map(({ at, state, environment, text }) => {
      const time = `${((at - start) / 1000).toFixed(1).padStart(7)} s`
      const where = (environment ?? '').padEnd(10)
      return `${paint('dim', time)}  ${paint(styles[state], marks[state])} ${paint('dim', where)} ${plainLine(text)}`
    })
    .join('\n')
}

const marks = { info: '·', good: '✓', bad: '✗', waiting: '?' } as const
const styles = { info: 'dim', good: 'green', bad: 'red', waiting: 'yellow' } as const

/** The summary table. */
export function renderSummary(report: DemoReport): string {
  const { bad, digests, requests } = report
  return renderFields([
    ['push to staging answering', formatDuration(report.pushToStagingMs)],
    ['push to production done', `${formatDuration(report.pushToProductionMs)}, canary 10 → 50 → 100 %`],
    ['requests at production', `${requests.total}, ${requests.failed} failed`],
    ['bad release', `caught ${formatDuration(bad.detectedMs)} after its first bad answer, taken back after ${formatDuration(bad.rolledBackMs)}`],
    ['bad answers', `${formatShare(bad.failedShare)} of the requests while it had traffic`],
    ['image in staging', digests.staging],
    ['image in production', `${digests.production}${digests.production === digests.staging ? ' (the same)' : ''}`],
    ['bad image', digests.bad],
  ])
}
