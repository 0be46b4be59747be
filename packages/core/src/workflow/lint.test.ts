import { describe, expect, test } from 'vitest'
import { evaluateOne } from './evaluate-one.ts'
import { lintWorkflow, untrustedContext } from './lint.ts'
import { parseWorkflow } from './parse.ts'

const at = { file: 'ci.yml', line: 1, column: 1 }

describe('script injection', () => {
  test.each([
    'echo ${{ github.event.issue.title }}',
    "echo ${{ github['event'].pull_request['title'] }}",
    'echo ${{ github.head_ref || github.ref }}',
    'echo ${{ github.event.commits[0].message }}',
    "echo ${{ join(github.event.commits.*.message, ' ') }}",
    'echo ${{ toJSON(github.event) }} ok',
    'echo ${{ toJson(github) }}',
    'echo ${{ GitHub.Event.Comment.Body }}',
  ])('%s', (value) => expect(untrustedContext({ value, at })).toBeDefined())

  test.each([
    'echo ${{ github.sha }} ${{ github.event.issue.number }}',
    "echo ${{ contains(github.event.issue.title, 'x') }}",
    "echo ${{ format('{0}', 'github.head_ref') }}",
    'echo github.head_ref $HEAD',
    'echo ${{ toJSON(github.event.inputs) }}',
    'echo ${{ unclosed',
  ])('is not %s', (value) => expect(untrustedContext({ value, at })).toBeUndefined())

  test('is a warning at the script, as are actions that may change, in the order of the file', () => {
    const text =
      'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: some/thing@v1\n      - uses: actions/checkout@v4\n      - uses: some/thing@0123456789012345678901234567890123456789\n      - run: echo ${{ github.head_ref }}\n        env: { A: "${{ github.head_ref }}" }\n      - uses: actions/github-script@0123456789012345678901234567890123456789\n        with: { script: "x(`${{ github.event.issue.body }}`)" }\n'
    const { value } = parseWorkflow('ci.yml', text)
    if (!value) throw new Error('refused')
    expect(lintWorkflow(value, text).map(({ severity, code, at: place }) => `${severity} ${place.line} ${code}`)).toEqual([
      'warning 6 action-unpinned',
      'warning 9 script-injection',
      'warning 12 script-injection',
    ])
  })

  test('and triggers for strangers are found in the text', () => {
    const { value } = parseWorkflow('ci.yml', 'on: push\njobs: { a: { runs-on: x, steps: [{ run: a }] } }')
    if (!value) throw new Error('refused')
    const strange = { ...value, on: [{ event: 'pull_request_target' }] } as unknown as typeof value
    expect(lintWorkflow(strange, '# pull_request_target\non: [pull_request_target]')).toMatchObject([{ code: 'trigger-dangerous', at: { line: 2, column: 6 } }])
  })
})

describe('one expression', () => {
  test.each([
    ['1 + 1', { error: expect.stringContaining('1 + 1') }],
    ["'a'", { value: 'a', kind: 'string' }],
    ['1.5', { value: 1.5, kind: 'number' }],
    ['NaN', { value: 'NaN', kind: 'number' }],
    ['null', { value: null, kind: 'null' }],
    ['github.none', { value: null, kind: 'null' }],
    ['!true', { value: false, kind: 'boolean' }],
    ['github', { value: { a: [1, 'b'] }, kind: 'object' }],
    ['github.a', { value: [1, 'b'], kind: 'array' }],
    ['${{ github.a[0] }}', { value: 1, kind: 'number' }],
    ['v${{ github.a[0] }}', { value: 'v1', kind: 'string' }],
    ['nope()', { error: expect.stringContaining('nope') }],
    [`${'('.repeat(100_000)}1`, { error: expect.any(String) }],
  ])('%.40s', (expression, expected) => expect(evaluateOne(expression, { contexts: { github: { a: [1, 'b'] } }, status: 'success' })).toEqual(expected))
})
