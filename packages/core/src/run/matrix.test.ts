import { describe, expect, test } from 'vitest'
import { answerWith, foldRun, simulateRun } from '../../../../test/support/simulate-run.ts'
import { parseWorkflow } from '../workflow/parse.ts'
import { combinationsOf, legKeys, legText } from './matrix.ts'
import { planRun } from './plan.ts'
import { evolveRun } from './state.ts'
import type { RunEvent } from './types.ts'

describe('combinations', () => {
  test.each([
    ['the first dimension changes slowest', { a: [1, 2], b: ['x', 'y'] }, ['1, x', '1, y', '2, x', '2, y']],
    ['only include', { include: [{ a: 1 }, { a: 2, b: true }] }, ['1', '2, true']],
    [
      'exclude is a partial match, of objects too',
      {
        os: [
          { n: 'l', v: 1 },
          { n: 'm', v: 1 },
        ],
        x: [1],
        exclude: [{ os: { n: 'm' } }],
      },
      ['l, 1, 1'],
    ],
    ['an excluded leg can come back', { a: [1, 2], exclude: [{ a: 2 }], include: [{ a: 2, b: 9 }] }, ['1', '2, 9']],
    ['what include added may be replaced, what was there not', { a: [1], include: [{ b: 1 }, { b: 2 }, { a: 3 }] }, ['1, 2', '3']],
  ])('%s', (_name, matrix, expected) => {
    const made = combinationsOf(matrix)
    expect('legs' in made && made.legs.map(legText)).toEqual(expected)
  })

  test.each([
    ['x', 'not an object'],
    [{}, 'no combination'],
    [{ a: 'x' }, 'not a list'],
    [{ a: [] }, 'no values'],
    [{ a: [1], include: 'x' }, 'lists of objects'],
    [{ a: [1], exclude: [{ a: 1 }] }, 'no combination'],
    [{ a: Array(257).fill(1) }, '257 jobs'],
    [{ a: Array(300).fill(1), b: Array(300).fill(1), c: Array(300).fill(1) }, '27000000 jobs'],
  ])('%j is refused', (matrix, problem) => {
    const made = combinationsOf(matrix)
    expect('problem' in made && made.problem).toContain(problem)
  })

  test('keys are safe in paths and differ in any case', () => {
    const legs = [{ a: '../../etc' }, { a: 'X y/z' }, { a: 'x Y z' }, { a: '' }, { a: '.' }, { a: 'é'.repeat(90) }, { a: 'a'.repeat(200) }]
    const keys = legKeys('job', legs)
    expect(keys).toEqual(['job.etc', 'job.X-y-z', 'job.x-Y-z.3', 'job.4', 'job.5', 'job.6', `job.${'a'.repeat(50)}`])
    expect(new Set(keys.map((key) => key.toLowerCase())).size).toBe(legs.length)
  })
})

describe('running legs again', () => {
  const text = `on: push
jobs:
  list: { runs-on: x, steps: [{ run: a }] }
  test:
    needs: list
    runs-on: x
    strategy: { fail-fast: false, matrix: { v: "\${{ fromJSON(needs.list.outputs.v) }}" } }
    steps: [{ run: a }]
  after: { needs: test, runs-on: x, steps: [{ run: a }] }`
  const { value: workflow } = parseWorkflow('ci.yml', text)
  if (!workflow) throw new Error('refused')
  const cause = { event: 'push', ref: 'refs/heads/main', sha: 'a', actor: 'ada', payload: {} } as const
  const { value: plan } = planRun(workflow, cause, { vars: {}, repository: 'ada/hello' })
  if (!plan) throw new Error('no plan')
  const begin: readonly RunEvent[] = [
    { type: 'RunRequested', project: 'ada/hello', number: 1, workflowFile: 'ci.yml', workflowName: 'CI', title: 't', cause },
    { type: 'RunPlanned', plan },
  ]
  const first = simulateRun(workflow, begin, answerWith({ 'test.2': 'failure' }, { v: '[1, 2]' }))

  test('a failed leg alone, with what needs it', () => {
    const again = evolveRun(first.state, { type: 'RerunRequested', by: 'ada', jobs: ['test.2'] }, 99)
    expect([...again.jobs.values()].filter((job) => job.phase === 'pending').map((job) => job.key)).toEqual(['test.2', 'after'])
    const { state } = simulateRun(workflow, [...first.events, { type: 'RerunRequested', by: 'ada', jobs: ['test.2'] }], answerWith({}, { v: '[1, 2]' }))
    expect([...state.jobs.values()].map((job) => [job.key, job.attempt, job.conclusion])).toEqual([
      ['list', 1, 'success'],
      ['test.1', 1, 'success'],
      ['test.2', 2, 'success'],
      ['after', 2, 'success'],
    ])
  })

  test('what the legs come from runs again: they are laid out anew', () => {
    const rerun: RunEvent = { type: 'RerunRequested', by: 'ada', jobs: ['list'] }
    const { state } = simulateRun(workflow, [...first.events, rerun], answerWith({}, { v: '[7]' }))
    expect([...state.jobs.values()].map((job) => [job.key, job.attempt])).toEqual([
      ['list', 2],
      ['test.7', 2],
      ['after', 2],
    ])
    expect(foldRun([...first.events, rerun]).plan?.jobs.map((job) => job.key)).toEqual(['list', 'test', 'after'])
  })

  test('a cancelled run ends the legs that wait', () => {
    const cancel: RunEvent = { type: 'CancelRequested', by: 'ada', force: false }
    const { state } = simulateRun(workflow, [...begin, cancel], answerWith())
    expect([...state.jobs.values()].map((job) => job.conclusion)).toEqual(['cancelled', 'cancelled', 'cancelled'])
  })
})
