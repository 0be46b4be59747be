import { describe, expect, test } from 'vitest'
import { outputsProblem } from './outputs.ts'

const half = 'x'.repeat(512 * 1024)

describe('outputs of jobs', () => {
  test.each([
    ['1 MB as UTF-16', { a: half, b: 'x' }, [], undefined],
    ['one byte more', { a: 'x', b: `${half}x` }, [], /^The output b has 1048578 bytes \(UTF-16\), and 1048576 are the most\./],
    ['50 MB in a run', { a: half }, Array.from({ length: 49 }, () => ({ o: half })), undefined],
    ['more than 50 MB in a run', { a: 'x' }, Array.from({ length: 50 }, () => ({ o: half })), /^The outputs of this run's jobs have more than 52428800 bytes/],
  ])('%s', (_what, outputs, others, problem) => {
    if (problem === undefined) expect(outputsProblem(outputs, others)).toBeUndefined()
    else expect(outputsProblem(outputs, others)).toMatch(problem)
  })
})
