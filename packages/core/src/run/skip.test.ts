import { expect, test } from 'vitest'
import { skipWord } from './skip.ts'

test.each([
  ['Fix it [skip ci]', '[skip ci]'],
  ['Fix it\n\nLong text\n[CI Skip] more', '[ci skip]'],
  ['[no ci] x', '[no ci]'],
  ['x [skip actions]', '[skip actions]'],
  ['x [actions skip]', '[actions skip]'],
  ['x\n\n\nSigned-off-by: Ada\nskip-checks: true', 'skip-checks: true'],
  ['x\n\n\nskip-checks:true\n', 'skip-checks: true'],
  ['skip-checks: true', undefined],
  ['x\n\nskip-checks: true\n\nmore', undefined],
  ['skip ci', undefined],
  ['[skip  ci]', undefined],
  ['', undefined],
])('%j', (message, expected) => {
  expect(skipWord(message)).toBe(expected)
})
