import { expect, test } from 'vitest'
import { diffLines } from './diff-lines.ts'

test('each line of a patch is what its first character says', () => {
  expect(diffLines('@@ -1,2 +1,2 @@\n same\n-old\n+new\n\\ No newline at end of file').map(({ kind }) => kind)).toEqual([
    'hunk',
    'same',
    'removed',
    'added',
    'same',
  ])
})
