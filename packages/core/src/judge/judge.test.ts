// Verdicts: when a release passes, fails at once, or waits.

import { describe, expect, test } from 'vitest'
import type { Analysis } from '../project/types.ts'
import type { TrafficCounts } from '../rollout/types.ts'
import { errorRate, judge, sumTraffic } from './judge.ts'

const analysis: Analysis = { maxErrorRate: 0.01, p95Factor: 1.25, minRequests: 50, noData: 'hold' }

function counts(requests: number, errors = 0, p95Ms = 20): TrafficCounts {
  return { requests, errors, p50Ms: p95Ms / 2, p95Ms, sinceMs: 0 }
}

describe('a verdict', () => {
  test.each([
    { when: 'all is well and the time is over', fresh: counts(100), left: 0, outcome: 'pass', because: 'judged-ok' },
    { when: 'all is well and time is left', fresh: counts(100), left: 1, outcome: 'wait', because: 'error-rate-ok' },
    { when: 'a fifth of twenty fail', fresh: counts(20, 4), left: 50, outcome: 'fail', because: 'error-rate-high' },
    { when: 'one of two fails, early', fresh: counts(2, 1), left: 50, outcome: 'wait', because: 'error-rate-ok' },
    { when: 'two of a hundred failed when the time is over', fresh: counts(100, 2), left: 0, outcome: 'fail', because: 'error-rate-high' },
    { when: 'the old one fails as often', fresh: counts(100, 5), baseline: counts(1000, 50), left: 0, outcome: 'pass', because: 'judged-ok' },
    {
      when: 'the old one fails as often, but is hardly known',
      fresh: counts(100, 50),
      baseline: counts(4, 2),
      left: 0,
      outcome: 'fail',
      because: 'error-rate-high',
    },
    { when: 'it is slower than the factor', fresh: counts(100, 0, 100), baseline: counts(1000, 0, 50), left: 0, outcome: 'fail', because: 'latency-high' },
    { when: 'it is slower by noise', fresh: counts(100, 0, 9), baseline: counts(1000, 0, 2), left: 0, outcome: 'pass', because: 'judged-ok' },
    { when: 'it is far slower, early', fresh: counts(300, 0, 500), baseline: counts(1000, 0, 50), left: 5, outcome: 'fail', because: 'latency-high' },
    { when: 'too few came', fresh: counts(10), left: 0, outcome: 'wait', because: 'too-little-traffic' },
    { when: 'nothing is known', fresh: undefined, left: 0, outcome: 'wait', because: 'too-little-traffic' },
    { when: 'the numbers are nonsense', fresh: counts(Number.NaN, Number.NaN, Number.NaN), left: 0, outcome: 'wait', because: 'too-little-traffic' },
  ])('when $when: $outcome, $because', ({ fresh, baseline, left, outcome, because }) => {
    const verdict = judge({ analysis, fresh, ...(baseline ? { baseline } : {}), elapsedMs: 100 - left, forMs: 100 })
    expect(verdict.outcome).toBe(outcome)
    expect(verdict.reason.code).toBe(because)
    expect(verdict.reason.sentence).not.toContain('NaN')
  })

  test.each([
    { noData: 'hold', outcome: 'wait' },
    { noData: 'pass', outcome: 'pass' },
    { noData: 'fail', outcome: 'fail' },
  ] as const)('with too little traffic and no-data: $noData is $outcome', ({ noData, outcome }) => {
    expect(judge({ analysis: { ...analysis, noData }, fresh: counts(1), elapsedMs: 1, forMs: 1 }).outcome).toBe(outcome)
  })

  test('an absolute latency limit holds without a baseline', () => {
    const absolute: Analysis = { maxErrorRate: 0.01, p95Ms: 300, minRequests: 10, noData: 'hold' }
    expect(judge({ analysis: absolute, fresh: counts(50, 0, 301), elapsedMs: 1, forMs: 1 }).reason.code).toBe('latency-high')
    expect(judge({ analysis: absolute, fresh: counts(50, 0, 299), elapsedMs: 1, forMs: 1 }).outcome).toBe('pass')
  })

  test('a release exactly at its limit is not failed early more often than promised, however often one looks', () => {
    let seed = 7
    function random(): number {
      seed = (seed * 48271) % 2147483647
      return seed / 2147483647
    }
    let failed = 0
    for (let rollout = 0; rollout < 2000; rollout++) {
      let errors = 0
      for (let requests = 1; requests <= 400; requests++) {
        if (random() < 0.01) errors += 1
        if (judge({ analysis, fresh: counts(requests, errors), elapsedMs: 0, forMs: 1 }).outcome === 'fail') {
          failed += 1
          break
        }
      }
    }
    expect(failed).toBeLessThanOrEqual(8)
  })

  test('several groups are counted as one', () => {
    expect(sumTraffic([counts(10, 1, 10), counts(30, 2, 30)])).toMatchObject({ requests: 40, errors: 3, p95Ms: 25 })
    expect(sumTraffic([])).toBeUndefined()
    expect(errorRate(counts(0))).toBe(0)
  })
})
