import { describe, expect, test } from 'vitest'
import type { RefUpdate } from '../ports/service.ts'
import { missedUpdates } from './catch-up.ts'

const [a, b] = ['a'.repeat(40), 'b'.repeat(40)] as [string, string]

describe('what git has and no fact says', () => {
  test.each<{ when: string; recorded: Record<string, string>; present: [string, string][]; gives: RefUpdate[] }>([
    { when: 'everything is recorded', recorded: { 'refs/heads/main': a }, present: [['refs/heads/main', a]], gives: [] },
    {
      when: 'a branch has moved',
      recorded: { 'refs/heads/main': a },
      present: [['refs/heads/main', b]],
      gives: [{ ref: 'refs/heads/main', before: a, after: b }],
    },
    { when: 'a tag is new', recorded: {}, present: [['refs/tags/v1', a]], gives: [{ ref: 'refs/tags/v1', before: null, after: a }] },
    { when: 'a branch is gone', recorded: { 'refs/heads/x': a }, present: [], gives: [{ ref: 'refs/heads/x', before: a, after: null }] },
    { when: 'a ref is neither branch nor tag', recorded: {}, present: [['refs/pushway/keep', a]], gives: [] },
  ])('$when', ({ recorded, present, gives }) => {
    expect(missedUpdates(recorded, new Map(present))).toEqual(gives)
  })
})
