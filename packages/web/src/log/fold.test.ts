// Folding of logs: steps, groups, permalinks, the error that counts.

import type { StepView } from '@pushway/core/views/types.ts'
import { describe, expect, it } from 'vitest'
import { annotations, defaultOpen, type Folding, findRows, foldRows, keysToSee, type LogLine, lastError, stepsOf } from './fold.ts'

const lines = (step: number, ...texts: readonly string[]): readonly LogLine[] => texts.map((text, index) => ({ at: index, step, text }))
const step = (index: number, conclusion?: StepView['conclusion']): StepView => ({
  index,
  name: `step ${index}`,
  status: conclusion ? 'finished' : 'running',
  ...(conclusion ? { conclusion } : {}),
})
const closed: Folding = { chosen: new Map(), openSteps: new Set(), all: false }
const nested = lines(0, '##[group]outer', 'a', '##[group]inner', 'b', '##[endgroup]', 'c', '##[endgroup]', 'after')

describe('foldRows', () => {
  it('shows closed steps alone', () => {
    const rows = foldRows([step(0, 'success'), step(1)], new Map([[0, nested]]), closed)
    expect(rows.map((row) => row.kind)).toEqual(['step', 'step'])
    expect(rows[0]).toMatchObject({ open: false, lines: 8 })
  })

  it('hides what is in a closed group, nested ones too, and goes on after it', () => {
    const rows = foldRows([step(0)], new Map([[0, nested]]), { ...closed, openSteps: new Set([0]) })
    expect(rows.slice(1)).toMatchObject([
      { kind: 'group', title: 'outer', number: 1, open: false },
      { kind: 'line', number: 8 },
    ])
  })

  it('numbers lines by their place in the step, whatever is folded', () => {
    const rows = foldRows([step(0)], new Map([[0, nested]]), { ...closed, openSteps: new Set([0]), chosen: new Map([['0:1', true]]) })
    expect(rows.slice(1)).toMatchObject([
      { kind: 'group', number: 1, depth: 0, open: true },
      { kind: 'line', number: 2, depth: 1 },
      { kind: 'group', number: 3, depth: 1, open: false },
      { kind: 'line', number: 6, depth: 1 },
      { kind: 'line', number: 8, depth: 0 },
    ])
  })

  it('lets the reader close what is open by itself', () => {
    const rows = foldRows([step(0)], new Map([[0, nested]]), { all: false, openSteps: new Set([0]), chosen: new Map([['0', false]]) })
    expect(rows).toHaveLength(1)
  })

  it('opens everything for a search', () => {
    const rows = foldRows([step(0)], new Map([[0, nested]]), { ...closed, all: true })
    expect(rows).toHaveLength(1 + 6)
    expect(findRows(rows, 'INNER')).toEqual([3])
    expect(findRows(rows, '')).toEqual([])
  })

  it('survives groups that are never closed or never opened', () => {
    const odd = lines(0, '##[endgroup]', '##[group]x', 'y')
    expect(foldRows([step(0)], new Map([[0, odd]]), { ...closed, all: true })).toHaveLength(3)
  })
})

describe('keysToSee', () => {
  it('names the step and the groups around a line', () => {
    expect(keysToSee(nested, 0, 4)).toEqual(['0', '0:1', '0:3'])
    expect(keysToSee(nested, 0, 6)).toEqual(['0', '0:1'])
    expect(keysToSee(nested, 0, 8)).toEqual(['0'])
  })
})

describe('stepsOf', () => {
  it("puts the job's own lines first and keeps steps that only the log knows", () => {
    const all = stepsOf(
      { steps: [step(1)] },
      new Map([
        [-1, []],
        [2, []],
      ]),
    )
    expect(all.map(({ index }) => index)).toEqual([-1, 1, 2])
  })
})

describe('defaultOpen', () => {
  it('opens failed steps, else the running one', () => {
    expect([...defaultOpen({ phase: 'finished', conclusion: 'failure', steps: [step(0, 'success'), step(1, 'failure')] })]).toEqual([1])
    expect([...defaultOpen({ phase: 'running', steps: [step(0, 'success'), step(1)] })]).toEqual([1])
    expect([...defaultOpen({ phase: 'finished', conclusion: 'success', steps: [step(0, 'success')] })]).toEqual([])
    expect([...defaultOpen({ phase: 'finished', conclusion: 'failure', steps: [] })]).toEqual([-1])
  })
})

describe('lastError', () => {
  it('prefers an error to the exit code', () => {
    expect(lastError(lines(2, 'x', '##[error]a.js:3: broken', 'y', '##[error]Process completed with exit code 1.'), 2)).toEqual({
      step: 2,
      number: 2,
      text: 'a.js:3: broken',
    })
  })

  it('takes the last words before a bare exit code', () => {
    expect(lastError(lines(2, 'expected 2, got 3', '', '##[error]Process completed with exit code 1.'), 2)).toMatchObject({ number: 1 })
    expect(lastError(lines(2, '##[error]Process completed with exit code 1.'), 2)).toMatchObject({ number: 1 })
    expect(lastError([], 2)).toBeUndefined()
  })
})

describe('annotations', () => {
  it('are the errors and warnings of all steps, without colours', () => {
    const all = annotations(
      [step(0), step(1)],
      new Map([
        [0, lines(0, '##[warning]\u001b[33mold\u001b[0m', '::notice::x')],
        [1, lines(1, '::error file=a.js,line=1::bad', 'plain ##[error]')],
      ]),
    )
    expect(all).toEqual([
      { kind: 'warning', step: 0, number: 1, text: 'old' },
      { kind: 'error', step: 1, number: 1, text: 'bad' },
    ])
  })
})

describe('100,000 lines', () => {
  it('are all folded', () => {
    const many = new Map([[0, Array.from({ length: 100_000 }, (_, index) => ({ at: index, step: 0, text: `line ${index}` }))]])
    expect(foldRows([step(0)], many, { ...closed, all: true })).toHaveLength(100_001)
  })
})
