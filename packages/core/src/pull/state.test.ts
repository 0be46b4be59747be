import { describe, expect, test } from 'vitest'
import { evolvePull, isMergeable, pullFacts } from './state.ts'
import type { PullEvent, PullState } from './types.ts'

const [one, two, three] = ['1'.repeat(40), '2'.repeat(40), '3'.repeat(40)] as [string, string, string]
const opened: PullEvent = {
  type: 'PullRequestOpened',
  project: 'acme/hello',
  number: 1,
  title: 'Add',
  body: '',
  head: { ref: 'topic', sha: one },
  base: { ref: 'main', sha: two },
  draft: false,
  by: 'ada',
}
const tried = (commit: string | null, head = one, base = two): PullEvent => ({
  type: 'PullRequestMergeTried',
  head,
  base,
  commit,
  conflicts: commit ? [] : ['a'],
})
const fold = (...events: PullEvent[]) => events.reduce<PullState | undefined>((state, event, index) => evolvePull(state, event, index), undefined)

describe('a pull request', () => {
  test('is nothing before it is opened, and opened once', () => {
    expect(fold({ type: 'PullRequestClosed', by: 'x' })).toBeUndefined()
    expect(fold(opened, { ...opened, title: 'Other' })).toMatchObject({ title: 'Add', state: 'open', createdAt: 0 })
  })

  test.each([
    ['mergeable', [opened, tried(three)], true],
    ['in conflict', [opened, tried(null)], false],
    ['not known after a push', [opened, tried(three), { type: 'PullRequestSynchronized', before: one, after: three, by: 'ada' }], undefined],
    ['not known when it is closed', [opened, tried(three), { type: 'PullRequestClosed', by: 'ada' }], undefined],
  ] as const)('%s', (_, events, expected) => {
    expect(isMergeable(fold(...(events as readonly PullEvent[])) as PullState)).toBe(expected)
  })

  test('takes labels once, and edits', () => {
    const label = { type: 'PullRequestLabeled', by: 'ada', label: 'bug' } as const
    const state = fold(opened, label, label, { type: 'PullRequestEdited', by: 'bob', title: 'New' }, { type: 'PullRequestDraftSet', by: 'bob', draft: true })
    expect(state).toMatchObject({ labels: ['bug'], title: 'New', draft: true, updatedAt: 4 })
    expect(fold(opened, label, { ...label, type: 'PullRequestUnlabeled' })?.labels).toEqual([])
  })

  test('keeps comments, edited and deleted', () => {
    const say = (comment: number, body: string) => ({ type: 'PullRequestCommented', by: 'ada', comment, body }) as const
    const state = fold(
      opened,
      say(1, 'a'),
      say(2, 'b'),
      { type: 'PullRequestCommentEdited', by: 'ada', comment: 2, body: 'c' },
      { type: 'PullRequestCommentDeleted', by: 'ada', comment: 1 },
    )
    expect(state?.comments).toEqual([{ id: 2, by: 'ada', body: 'c', at: 2, editedAt: 3 }])
  })

  test('is closed, opened again where its branches stand then, and never opened again once it was merged', () => {
    const close: PullEvent = { type: 'PullRequestClosed', by: 'ada' }
    const reopen: PullEvent = { type: 'PullRequestReopened', by: 'ada', head: three, base: two }
    expect(fold(opened, close, reopen)).toMatchObject({ state: 'open', head: { ref: 'topic', sha: three } })
    expect(fold(opened, close, reopen)).not.toHaveProperty('closedAt')
    const merged = fold(opened, { type: 'PullRequestMerged', by: 'bob', commit: three, method: 'merge' }, reopen)
    expect(merged).toMatchObject({ state: 'closed', merged: { by: 'bob', commit: three, at: 1 } })
    expect(pullFacts(merged as PullState)).toMatchObject({ merged: { commit: three }, comments: 0 })
  })

  test('its runs are kept and change nothing else', () => {
    expect(fold(opened, { type: 'PullRequestRunsStarted', activity: 'opened', runs: ['r1'] })).toMatchObject({ runs: ['r1'], updatedAt: 0 })
  })
})
