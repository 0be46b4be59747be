import { expect, test } from 'vitest'
import { nextDue } from './schedule.ts'

const at = (text: string) => Date.parse(text)
const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 16))

test.each([
  ['0 0 * * *', undefined, '2026-03-01T12:00:00Z', '2026-03-02T00:00'],
  ['30 5 * * 1-5', undefined, '2026-03-06T06:00:00Z', '2026-03-09T05:30'],
  ['15 14 1 * *', undefined, '2026-01-31T00:00:00Z', '2026-02-01T14:15'],
  // A day of the month or a day of the week, as POSIX has it.
  ['0 0 13 * 5', undefined, '2026-03-01T00:00:00Z', '2026-03-06T00:00'],
  ['0 0 * * SUN', undefined, '2026-03-02T00:00:00Z', '2026-03-08T00:00'],
  ['0 0 29 2 *', undefined, '2026-03-02T00:00:00Z', '2028-02-29T00:00'],
  // In a zone; at the change to summer time a time that is left out advances to the next valid one.
  ['30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', '2026-03-29T01:00'],
  ['30 9 * * *', 'America/New_York', '2026-07-01T00:00:00Z', '2026-07-01T13:30'],
  ['0 0 30 2 *', undefined, '2026-03-02T00:00:00Z', undefined],
] as const)('%s in %s after %s: %s', (cron, timezone, since, expected) => {
  expect(iso(nextDue(timezone ? { cron, timezone } : { cron }, at(since), false))).toBe(expected)
})

test('the very minute it ran in does not count again', () => {
  expect(iso(nextDue({ cron: '0 * * * *' }, at('2026-03-01T12:00:00.400Z')))).toBe('2026-03-01T13:00')
})

test('runs of one entry are at least five minutes apart', () => {
  expect(iso(nextDue({ cron: '* * * * *' }, at('2026-03-01T12:00:00.400Z')))).toBe('2026-03-01T12:05')
  expect(iso(nextDue({ cron: '*/5 * * * *' }, at('2026-03-01T12:00:00.400Z')))).toBe('2026-03-01T12:05')
})

test('one that ran late does not put off the next', () => {
  expect(iso(nextDue({ cron: '*/5 * * * *' }, at('2026-03-01T12:18:20Z')))).toBe('2026-03-01T12:20')
  expect(iso(nextDue({ cron: '0 * * * *' }, at('2026-03-01T12:59:30Z')))).toBe('2026-03-01T13:00')
})

test('the first one comes at the first time after it was seen', () => {
  expect(iso(nextDue({ cron: '1 * * * *' }, at('2026-03-01T12:00:30Z'), false))).toBe('2026-03-01T12:01')
})

test('what was missed for days is one time, now', () => {
  const missed = nextDue({ cron: '0 * * * *' }, at('2026-03-01T12:00:00Z')) ?? 0
  expect(missed).toBeLessThan(at('2026-03-04T08:17:00Z'))
  expect(iso(nextDue({ cron: '0 * * * *' }, at('2026-03-04T08:17:00Z')))).toBe('2026-03-04T09:00')
})
