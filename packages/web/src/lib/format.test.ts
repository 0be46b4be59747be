// Small texts: shares, numbers, names, and what a search finds.

import { describe, expect, it } from 'vitest'
import { count, matchesQuery, percent, plural, shortHash, shortRef } from './format.ts'

describe('format', () => {
  it.each([
    [0, '0 %'],
    [0.0042, '0.42 %'],
    [0.125, '12.5 %'],
    [1, '100.0 %'],
    [Number.NaN, '–'],
  ])('a share of %d', (share, text) => {
    expect(percent(share)).toBe(text)
  })

  it('groups digits', () => {
    expect(count(1_234_567)).toBe('1,234,567')
    expect(plural(1, 'run')).toBe('1 run')
    expect(plural(2000, 'run')).toBe('2,000 runs')
  })

  it('shortens names', () => {
    expect(shortHash(`sha256:${'0123456789abcdef'.repeat(4)}`)).toBe('0123456789ab')
    expect(shortRef('refs/heads/feature/x')).toBe('feature/x')
    expect(shortRef('refs/tags/v1')).toBe('v1')
  })

  it('finds all words, in any of the texts, in any case', () => {
    expect(matchesQuery('', ['x'])).toBe(true)
    expect(matchesQuery('MAIN fix', ['refs/heads/main', undefined, 'a fix'])).toBe(true)
    expect(matchesQuery('main gone', ['refs/heads/main', 'a fix'])).toBe(false)
  })
})
