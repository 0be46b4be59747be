// Annotations: of workflow commands, of problem matchers; summaries and their limit.

import { describe, expect, test } from 'vitest'
import { jobSpec, runSpec } from '../../../../test/support/job.ts'
import { addMatchers, createMatching, type Matchers, removeMatchers } from './matchers.ts'

function matchers(...list: readonly object[]): Matchers {
  const made: Matchers = { list: [] }
  addMatchers(made, JSON.stringify({ problemMatcher: list }))
  return made
}

const tsc = {
  owner: 'tsc',
  pattern: [{ regexp: '^(\\S+)\\((\\d+),(\\d+)\\): (error|warning) (TS\\d+): (.*)$', file: 1, line: 2, column: 3, severity: 4, code: 5, message: 6 }],
}
const eslint = {
  owner: 'eslint',
  severity: 'warning',
  pattern: [
    { regexp: '^(/\\S+)$', file: 1 },
    { regexp: '^\\s+(\\d+):(\\d+)\\s+(error|warning)?\\s*(.*)$', line: 1, column: 2, severity: 3, message: 4, loop: true },
  ],
}

describe('a problem matcher', () => {
  test('takes places, codes and colours of one line', () => {
    const problems = createMatching(matchers(tsc)).match([
      'nothing',
      '\u001b[31msrc/a.ts(3,7): error TS2304: no name\u001b[0m',
      'src/b.ts(1,1): warning TS1: w',
    ])
    expect(problems).toEqual([
      undefined,
      { severity: 'error', message: 'no name', file: 'src/a.ts', line: 3, column: 7, code: 'TS2304' },
      { severity: 'warning', message: 'w', file: 'src/b.ts', line: 1, column: 1, code: 'TS1' },
    ])
  })

  test('goes on over lines, also from one batch to the next, and loops', () => {
    const matching = createMatching(matchers(eslint))
    expect(matching.match(['/x/a.js'])).toEqual([undefined])
    const found = matching.match(['  1:2  error  first', '  3:4   second', '', '  5:6  error  of nothing', '/x/b.js', '/x/c.js', '  7:8  error  third'])
    expect(found.map((problem) => problem && `${problem.severity} ${problem.file}:${problem.line} ${problem.message}`)).toEqual([
      'error /x/a.js:1 first',
      'warning /x/a.js:3 second',
      undefined,
      undefined,
      undefined,
      undefined,
      'error /x/c.js:7 third',
    ])
  })

  test('is replaced and removed by its owner', () => {
    const all = matchers(tsc, eslint)
    addMatchers(all, JSON.stringify({ problemMatcher: [{ owner: 'TSC', pattern: [{ regexp: '^(x)$', message: 1 }] }] }))
    expect(
      createMatching(all)
        .match(['x', 'a(1,1): error TS1: y'])
        .map((problem) => problem?.message),
    ).toEqual(['x', undefined])
    removeMatchers(all, 'tsc')
    expect(createMatching(all).match(['x'])).toEqual([undefined])
  })

  test('that backtracks without end is ended', () => {
    const matching = createMatching(matchers({ owner: 'slow', pattern: [{ regexp: '^(a+)+$', message: 1 }] }))
    expect(() => matching.match([`${'a'.repeat(60)}!`])).toThrow(/timed out/)
  })

  test.each([
    ['{}', 'problemMatcher'],
    ['{"problemMatcher":[{"owner":"a","pattern":[]}]}', 'pattern'],
    ['{"problemMatcher":[{"owner":"a","pattern":[{"regexp":"("}]}]}', 'Invalid regular expression'],
    ['{"problemMatcher":[{"owner":"a","pattern":[{"regexp":"a"}]}]}', "No pattern of 'a' sets a message"],
    ['{"problemMatcher":[{"owner":"a","pattern":[{"regexp":"a","message":0,"loop":true},{"regexp":"b"}]}]}', 'Only the last pattern'],
    ['no json', 'JSON'],
  ])('%s is refused', (text, says) => expect(() => addMatchers({ list: [] }, text)).toThrow(says))
})

describe('annotations of a job', () => {
  test('come from commands and from matchers, which stay for later steps; at most ten of a level', async () => {
    const run = await runSpec(
      jobSpec(
        `
        steps:
          - run: |
              echo '::error file=src/a.js,line=3,endLine=4,col=5,endColumn=6,title=Bad::it is very-secret'
              echo '::notice::plain'
              echo '${JSON.stringify({ problemMatcher: [tsc] })}' > m.json
              echo '::add-matcher::m.json'
              echo '::add-matcher::/etc/hostname'
              echo '::add-matcher::none.json'
          - run: |
              echo "$PWD/src/b.ts(1,2): error TS9: found"
              echo '::remove-matcher owner=tsc::'
              echo 'src/c.ts(1,2): error TS9: not seen'
              for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "::warning::w$i"; done
      `,
        { contexts: { secrets: { S: 'very-secret' } } },
      ),
    )
    expect(run.conclusion).toBe('success')
    const annotations = run.reports.filter((report) => report.type === 'annotation').map(({ type: _, at: __, ...rest }) => rest)
    expect(annotations.slice(0, 3)).toEqual([
      { step: 0, level: 'error', message: 'it is ***', title: 'Bad', file: 'src/a.js', line: 3, endLine: 4, column: 5, endColumn: 6 },
      { step: 0, level: 'notice', message: 'plain' },
      { step: 1, level: 'error', message: 'found', file: 'src/b.ts', line: 1, column: 2 },
    ])
    expect(annotations).toHaveLength(13)
    expect(run.text).toMatch(/##\[error\]\/.*b\.ts\(1,2\): error TS9: found/)
    expect(run.text).toContain('\nsrc/c.ts(1,2)')
    expect(run.text).toContain('The issue matchers of /etc/hostname could not be added')
    expect(run.text).toContain('The issue matchers of none.json could not be added: it is not there')
  })

  test('a summary over the limit is left out by name, and the step succeeds', async () => {
    const run = await runSpec(jobSpec(`steps: [{ run: 'head -c 1048577 /dev/zero | tr "\\\\0" x >> $GITHUB_STEP_SUMMARY' }]`))
    expect(run.text).toContain('$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got 1025k.')
    expect(run.conclusion).toBe('success')
  })
})
