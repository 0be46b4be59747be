import { describe, expect, test } from 'vitest'
import { pickWeighted } from './balance.ts'
import { addData, GroupCounts, mergeReports, sumCounts } from './counts.ts'
import { answeredHeaders, forwardedHeaders } from './headers.ts'
import { parseRoutesFile } from './schema.ts'

describe('pickWeighted', () => {
  test.each([
    [[90, 10], 100],
    [[50, 30, 20], 10],
    [[1, 99, 0], 100],
    [[100, 0], 7],
  ])('weights %j are exact over %d picks', (weights, picks) => {
    const all = weights.map((weight) => ({ weight, turn: 0 }))
    const got = all.map(() => 0)
    for (let i = 0; i < picks; i++) {
      const one = pickWeighted(all, () => true)
      if (one !== undefined) got[all.indexOf(one)] = (got[all.indexOf(one)] ?? 0) + 1
    }
    const sum = weights.reduce((a, b) => a + b, 0)
    expect(got).toEqual(weights.map((weight) => (weight * picks) / sum))
  })

  test('the share of one that is not usable goes to the others; nobody usable gives nobody', () => {
    const all = [
      { weight: 50, turn: 0 },
      { weight: 50, turn: 0 },
    ]
    expect(pickWeighted(all, (one) => one === all[1])).toBe(all[1])
    expect(pickWeighted(all, () => false)).toBeUndefined()
  })
})

describe('counts', () => {
  test('latencies are within 5 %, errors carry their first time, seconds before the window are left out', () => {
    const counts = new GroupCounts()
    counts.add(1_000_000, 5, false)
    for (let i = 1; i <= 100; i++) counts.add(2_000_000 + i, i * 10, i > 98)
    const sum = sumCounts([counts.data(2_000_000)], 2_000_000)
    expect(sum).toMatchObject({ requests: 100, errors: 2, firstErrorAt: 2_000_099, sinceMs: 2_000_000 })
    expect(Math.abs(sum.p50Ms / 500 - 1)).toBeLessThan(0.06)
    expect(Math.abs(sum.p95Ms / 950 - 1)).toBeLessThan(0.06)
    expect(counts.total).toMatchObject({ requests: 101, errors: 2 })
  })

  test('a second that comes round again after 15 minutes starts at zero', () => {
    const counts = new GroupCounts()
    counts.add(1000, 1, true)
    counts.add(1000 + 900_000, 1, false)
    expect(sumCounts([counts.data(0)], 0)).toMatchObject({ requests: 1, errors: 0 })
  })

  test('a repeated report is not counted twice; two processes add up', () => {
    const old = new GroupCounts()
    old.add(5000, 10, true)
    const first = old.data(0)
    old.add(5500, 10, false)
    const merged = mergeReports(first, old.data(5000))
    const fresh = new GroupCounts()
    fresh.add(5700, 10, false)
    expect(sumCounts([addData(fresh.data(0), merged)], 0)).toMatchObject({ requests: 3, errors: 1, firstErrorAt: 5000 })
  })
})

describe('headers', () => {
  test('what belongs to one connection stays there, both ways', () => {
    const asked = forwardedHeaders(['Connection', 'X-Mine', 'X-Mine', '1', 'TE', 'trailers', 'Accept', '*/*', 'X-Real-IP', '6.6.6.6'], '::ffff:10.0.0.7', 'h')
    expect(asked).toEqual(['Accept', '*/*', 'X-Forwarded-For', '10.0.0.7', 'X-Forwarded-Proto', 'http', 'X-Forwarded-Host', 'h'])
    const answered = answeredHeaders(
      ['Keep-Alive', 'timeout=5', 'Set-Cookie', 'a', 'Set-Cookie', 'b', 'Connection', 'keep-alive'].map((text) => Buffer.from(text)),
    )
    expect(answered).toEqual(['Set-Cookie', 'a', 'Set-Cookie', 'b'])
  })
})

describe('the routes file', () => {
  test.each([['{'], ['[]'], ['{"version":2,"routes":[]}'], ['{"version":1}']])('%s is none', (text) => {
    expect(parseRoutesFile(text)).toBeUndefined()
  })

  test('an entry that is no route is left out, the others stay', () => {
    const route = { id: 'r', environment: 'e', service: 's', listen: { host: '127.0.0.1', port: 0 }, protocol: 'http', groups: [], holdMs: 0 }
    const bad = { ...route, groups: [{ group: 'g', weight: 1, targets: ['http://x'] }] }
    expect(parseRoutesFile(JSON.stringify({ version: 1, revision: 7, routes: [bad, route] }))).toEqual({ version: 1, revision: 7, routes: [route] })
  })
})
