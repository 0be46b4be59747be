// Judges a new release by its traffic: the error rate and latency of its group against limits and the old group's same window.

import type { Analysis } from '../project/types.ts'
import { reason } from '../reason/reasons.ts'
import type { TrafficCounts, Verdict } from '../rollout/types.ts'
import type { Milliseconds } from '../text/ids.ts'

/** The chance of failing a release, at any look during a step, whose true error rate is within the limit. */
const falseAlarm = 0.001
/** The old group's numbers count from this many requests on. */
const minBaseline = 20
/** Latencies this close to the baseline's are the same: below it, noise is larger than any factor. */
const latencySlackMs = 10
/** Requests before latency alone may fail a release early, and only beyond twice its limit. */
const earlyLatencySample = 200

export interface JudgeInput {
  readonly analysis: Analysis
  readonly fresh: TrafficCounts | undefined
  readonly baseline?: TrafficCounts | undefined
  /** How long the present weight has been watched, pauses left out. */
  readonly elapsedMs: Milliseconds
  /** How long it is to be watched. */
  readonly forMs: Milliseconds
}

const silence: TrafficCounts = { requests: 0, errors: 0, p50Ms: 0, p95Ms: 0, sinceMs: 0 }

/**
 * The verdict over one window of traffic.
 *
 * - `fail` at once when the evidence is strong: an anytime-valid sequential test (a mixture of Wald's likelihood ratios,
 *   bounded by Ville's inequality), so looking every second does not add false alarms.
 * - `pass` only when the time is over, `minRequests` were served, and rate and latency are within their limits.
 * - Too little traffic when the time is over: as `analysis.noData` says.
 *
 * Numbers that are not finite count as 0.
 */
export function judge(input: JudgeInput): Verdict {
  const { analysis, elapsedMs, forMs } = input
  const fresh = clean(input.fresh ?? silence)
  const baseline = input.baseline && clean(input.baseline)
  const seen = { fresh, ...(baseline ? { baseline } : {}) }
  const allowed = allowedErrorRate(analysis, baseline)
  const slow = latencyLimit(analysis, baseline)

  if (isSurelyAbove(fresh, allowed)) return { outcome: 'fail', reason: errorRateHigh(fresh, baseline, analysis), ...seen }
  if (fresh.requests >= earlyLatencySample && fresh.p95Ms > 2 * slow) return { outcome: 'fail', reason: latencyHigh(fresh, slow), ...seen }
  if (elapsedMs < forMs) return { outcome: 'wait', reason: reason('error-rate-ok', rateFacts(fresh, allowed)), ...seen }
  if (fresh.requests < analysis.minRequests) return { ...withoutData(analysis, fresh), ...seen }
  if (errorRate(fresh) > allowed) return { outcome: 'fail', reason: errorRateHigh(fresh, baseline, analysis), ...seen }
  if (fresh.requests >= minBaseline && fresh.p95Ms > slow) return { outcome: 'fail', reason: latencyHigh(fresh, slow), ...seen }
  return { outcome: 'pass', reason: reason('judged-ok', { rate: errorRate(fresh), requests: fresh.requests, p95: fresh.p95Ms }), ...seen }
}

/** The share of requests that failed, 0..1; 0 when there were none. */
export function errorRate(counts: TrafficCounts): number {
  return counts.requests > 0 ? counts.errors / counts.requests : 0
}

/** A release is not blamed for what the old one does as well: the baseline's own rate is allowed, once it is known well enough. */
function allowedErrorRate(analysis: Analysis, baseline: TrafficCounts | undefined): number {
  if (!baseline || baseline.requests < minBaseline) return analysis.maxErrorRate
  return Math.max(analysis.maxErrorRate, errorRate(baseline))
}

function latencyLimit(analysis: Analysis, baseline: TrafficCounts | undefined): Milliseconds {
  const absolute = analysis.p95Ms ?? Number.POSITIVE_INFINITY
  if (analysis.p95Factor === undefined || !baseline || baseline.requests < minBaseline) return absolute
  return Math.min(absolute, Math.max(baseline.p95Ms * analysis.p95Factor, baseline.p95Ms + latencySlackMs))
}

/**
 * Whether the true error rate is above `limit`, so surely that looking again and again is wrong at most once in 1/falseAlarm rollouts.
 * Wald, "Sequential Tests of Statistical Hypotheses" (1945), with several alternatives mixed: the mean of their likelihood
 * ratios is a non-negative martingale while the rate is within the limit, and Ville's inequality (1939) bounds its maximum.
 */
function isSurelyAbove(counts: TrafficCounts, limit: number): boolean {
  if (counts.errors === 0 || limit >= 1) return false
  if (limit <= 0) return true
  const alternatives = [2, 5, 20, 60].map((factor) => Math.min(limit * factor, (1 + limit) / 2))
  const evidence = alternatives.map((rate) => Math.exp(logLikelihoodRatio(counts, limit, rate)))
  return evidence.reduce((sum, one) => sum + one, 0) / evidence.length >= 1 / falseAlarm
}

function logLikelihoodRatio(counts: TrafficCounts, limit: number, rate: number): number {
  const good = counts.requests - counts.errors
  return counts.errors * Math.log(rate / limit) + good * Math.log((1 - rate) / (1 - limit))
}

function withoutData(analysis: Analysis, fresh: TrafficCounts): Pick<Verdict, 'outcome' | 'reason'> {
  const facts = { requests: fresh.requests, wanted: analysis.minRequests }
  switch (analysis.noData) {
    case 'hold':
      return { outcome: 'wait', reason: reason('too-little-traffic', facts) }
    case 'pass':
      return { outcome: 'pass', reason: reason('no-traffic-passed', { requests: fresh.requests }) }
    case 'fail':
      return { outcome: 'fail', reason: reason('no-traffic-failed', facts) }
  }
}

function rateFacts(fresh: TrafficCounts, limit: number) {
  return { rate: errorRate(fresh), limit, requests: fresh.requests }
}

function errorRateHigh(fresh: TrafficCounts, baseline: TrafficCounts | undefined, analysis: Analysis) {
  return reason('error-rate-high', { ...rateFacts(fresh, analysis.maxErrorRate), baseline: baseline ? errorRate(baseline) : 0 })
}

function latencyHigh(fresh: TrafficCounts, limit: Milliseconds) {
  return reason('latency-high', { p95: fresh.p95Ms, limit })
}

/** Counts that can be computed with: finite, not negative, no more errors than requests. */
function clean(counts: TrafficCounts): TrafficCounts {
  const number = (value: number) => (Number.isFinite(value) && value > 0 ? value : 0)
  const requests = number(counts.requests)
  return { ...counts, requests, errors: Math.min(number(counts.errors), requests), p50Ms: number(counts.p50Ms), p95Ms: number(counts.p95Ms) }
}

/** The counts of several groups as one. The percentiles are means weighted by requests: an approximation, exact for one group. */
export function sumTraffic(all: readonly TrafficCounts[]): TrafficCounts | undefined {
  const counts = all.map(clean)
  const [first] = counts
  if (!first || counts.length === 1) return first
  const requests = counts.reduce((sum, one) => sum + one.requests, 0)
  const mean = (pick: (one: TrafficCounts) => number) => (requests === 0 ? 0 : counts.reduce((sum, one) => sum + pick(one) * one.requests, 0) / requests)
  const firstErrors = counts.flatMap((one) => (one.firstErrorAt === undefined ? [] : [one.firstErrorAt]))
  return {
    requests,
    errors: counts.reduce((sum, one) => sum + one.errors, 0),
    p50Ms: mean((one) => one.p50Ms),
    p95Ms: mean((one) => one.p95Ms),
    sinceMs: Math.min(...counts.map((one) => one.sinceMs)),
    ...(firstErrors.length > 0 ? { firstErrorAt: Math.min(...firstErrors) } : {}),
  }
}
