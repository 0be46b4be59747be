import { describe, expect, test } from 'vitest'
import { type Claim, turnOf, whyUnwanted } from './concurrency.ts'

const claim = (number: number, over: Partial<Claim> = {}): Claim => ({
  group: 'deploy',
  cancelInProgress: false,
  queue: 'single',
  at: number,
  held: false,
  run: `r${number}`,
  number,
  ...over,
})
const held = (number: number, over: Partial<Claim> = {}) => claim(number, { held: true, ...over })

describe('the turn of a claim that waits', () => {
  test.each([
    ['a free group is entered', claim(1), [], 'enter'],
    ['another group does not count', claim(2), [held(1, { group: 'other' })], 'enter'],
    ['names are compared without case', claim(2), [held(1, { group: 'Deploy' })], 'wait behind run 1'],
    ['the oldest enters first', claim(2), [claim(1)], 'wait behind run 1'],
    ['a newer one that waits as well does not stop it', claim(1), [claim(2)], 'enter'],
    ['a newer one replaces it while the group is taken', claim(2), [held(1), claim(3)], 'leave: run 3 came after it'],
    ['a newer one that queues does not', claim(2), [held(1), claim(3, { queue: 'max' })], 'wait behind run 1'],
    ['asked at once: the lower run number first', claim(2, { at: 5 }), [claim(1, { at: 5 })], 'wait behind run 1'],
    ['a job behind a job', claim(2, { job: 'b' }), [held(1, { job: 'a' })], 'wait behind job a of run 1'],
    ['a full queue', claim(200, { queue: 'max' }), [held(1), ...Array.from({ length: 100 }, (_, i) => claim(i + 2, { queue: 'max' }))], 'leave: 100 wait'],
  ] as const)('%s', (_name, mine, others, expected) => {
    const turn = turnOf(mine, [...others, mine])
    const text = turn.kind === 'wait' ? `wait behind ${turn.behind.job ? `job ${turn.behind.job} of ` : ''}run ${turn.behind.number}` : turn.kind
    const whole = turn.kind === 'leave' ? `leave: ${turn.why.replace('Cancelled because ', '')}` : text
    expect(whole.startsWith(expected), whole).toBe(true)
  })
})

test('what is in progress ends only for one that waits with cancel-in-progress', () => {
  const mine = held(1)
  expect(whyUnwanted(mine, [mine, claim(2)])).toBeUndefined()
  expect(whyUnwanted(mine, [mine, claim(2, { cancelInProgress: true, group: 'x' })])).toBeUndefined()
  expect(whyUnwanted(mine, [mine, claim(2, { cancelInProgress: true })])).toContain('run 2 wants the concurrency group "deploy"')
})
