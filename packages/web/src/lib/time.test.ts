// Times and lengths as people read them.

import { describe, expect, it } from 'vitest'
import { absoluteTime, clockTime, formatLength, relativeTime } from './time.ts'

const now = Date.UTC(2026, 2, 10, 12, 0, 0)

describe('relativeTime', () => {
  it.each([
    [0, 'just now'],
    [9_000, 'just now'],
    [12_000, '12 s ago'],
    [4 * 60_000, '4 min ago'],
    [3 * 3_600_000, '3 h ago'],
    [47 * 3_600_000, '47 h ago'],
    [9 * 86_400_000, '9 d ago'],
    [40 * 86_400_000, '2026-01-29'],
    [-3 * 3_600_000, 'in 3 h'],
  ])('%i ms before', (away, text) => {
    expect(relativeTime(now - away, now)).toBe(text)
  })
})

describe('formatLength', () => {
  it.each([
    [0, '0 ms'],
    [340, '340 ms'],
    [4_290, '4.2 s'],
    [9_999, '9.9 s'],
    [59_999, '59 s'],
    [125_000, '2 m 05 s'],
    [4_320_000, '1 h 12 m'],
    [-1, ''],
    [Number.NaN, ''],
  ])('%d ms', (ms, text) => {
    expect(formatLength(ms)).toBe(text)
  })
})

describe('absolute times', () => {
  it('are UTC, and empty for what is no time', () => {
    expect(absoluteTime(now)).toBe('2026-03-10 12:00:00 UTC')
    expect(clockTime(now + 45)).toBe('12:00:00.045')
    expect(absoluteTime(Number.NaN)).toBe('')
    expect(clockTime(1e20)).toBe('')
  })
})
