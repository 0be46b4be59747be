import { describe, expect, test } from 'vitest'
import { formatDiagnostic } from '../text/diagnostic.ts'
import { parseAction } from './parse.ts'
import { parseReference } from './reference.ts'

const run = (text: string) => parseAction('action.yml', text)

describe('action.yml', () => {
  test('of a JavaScript action', () => {
    const { value, diagnostics } = run(
      'name: A\nauthor: x\nbranding: { icon: y }\ninputs: { Who To: { required: true, default: "${{ github.actor }}" }, b: { deprecationMessage: gone } }\noutputs: { o: { description: d } }\nruns: { using: node20, main: dist/i.js, post: p.js, post-if: success() }',
    )
    expect(diagnostics).toEqual([])
    expect(value).toMatchObject({
      name: 'A',
      inputs: [
        { name: 'who to', required: true, default: { value: '${{ github.actor }}' } },
        { name: 'b', required: false, deprecation: 'gone' },
      ],
      outputs: [{ name: 'o' }],
      runs: { using: 'node', node: 'node20', main: 'dist/i.js', post: 'p.js', postIf: { value: 'success()' } },
    })
  })

  test('of a composite action', () => {
    const { value, diagnostics } = run(
      'name: A\noutputs: { o: { value: "${{ steps.s.outputs.x }}" } }\nruns:\n  using: composite\n  steps:\n    - { id: s, run: echo, shell: bash, working-directory: a, continue-on-error: true }\n    - { uses: ./b, with: { c: "${{ inputs.d }}" }, if: always() }\n',
    )
    expect(diagnostics).toEqual([])
    expect(value).toMatchObject({
      outputs: [{ name: 'o' }],
      runs: {
        using: 'composite',
        steps: [
          { kind: 'run', id: 's' },
          { kind: 'uses', uses: './b' },
        ],
      },
    })
  })

  test.each([
    ['', '1:1', 'is not a map'],
    ['a: [', '1:5', ''],
    ['name: A', '1:1', '`runs` is missing'],
    ['runs: { main: a }', '1:1', 'says not what it is `using`'],
    ['runs: { using: ruby }', '1:16', '`using: ruby` is not known'],
    ['runs: { using: node20 }', '1:1', 'needs `main`'],
    ['runs: { using: node20, main: a, steps: [] }', '1:33', '`steps` is not supported'],
    ['runs: { using: composite }', '1:1', 'needs `steps`'],
    ['runs: { using: composite, steps: [{ run: echo }] }', '1:35', '`shell` is required'],
    ['runs: { using: composite, steps: [{ name: a }] }', '1:35', 'needs `run` or `uses`'],
    ['runs: { using: composite, steps: [{ uses: nothing }] }', '1:43', 'names no action'],
    ['runs: { using: composite, steps: [{ run: a, shell: sh, timeout-minutes: 1 }] }', '1:56', '`timeout-minutes`'],
    ['runs: { using: composite, steps: [{ run: "${{ secrets.X }}", shell: sh }] }', '1:42', "Unrecognized named-value: 'secrets'"],
    ['runs: { using: composite, steps: [{ id: a, run: x, shell: sh }, { id: A, run: x, shell: sh }] }', '1:65', 'Two steps have the id'],
    ['inputs: { a: { default: "${{ inputs.b }}" } }\nruns: { using: docker }', '1:25', "Unrecognized named-value: 'inputs'"],
  ])('%s is refused', (text, place, says) => {
    const { value, diagnostics } = run(text)
    expect(value).toBeUndefined()
    expect(diagnostics.map(formatDiagnostic).join('\n')).toContain(`action.yml:${place}: error:`)
    expect(diagnostics.map(formatDiagnostic).join('\n')).toContain(says)
  })

  test('YAML aliases that expand to very much are not expanded', () => {
    const bomb = [
      'a: &a [x, x]',
      ...'bcdefghijklmnopqrstuvwxyz'.split('').map((c, i) => `${c}: &${c} [*${'abcdefghijklmnopqrstuvwxyz'[i]}, *${'abcdefghijklmnopqrstuvwxyz'[i]}]`),
    ]
    expect(run([...bomb, 'runs: { using: composite, steps: *z }'].join('\n')).value).toBeUndefined()
  })
})

describe('uses', () => {
  test.each([
    ['./a/b', { kind: 'local', path: 'a/b' }],
    ['./', { kind: 'local', path: '' }],
    ['a/b@v1', { kind: 'repository', owner: 'a', name: 'b', path: '', ref: 'v1' }],
    ['a/b/c/d@refs/x', { kind: 'repository', owner: 'a', name: 'b', path: 'c/d', ref: 'refs/x' }],
    ['docker://alpine:3', { kind: 'docker', image: 'alpine:3' }],
  ])('%s', (uses, reference) => expect(parseReference(uses)).toEqual(reference))

  test.each(['a', 'a/b', '../a', './../a', '-a/b@v', 'a/-b@v', 'a/b@-v', 'a/b@', 'a/b@v..w', 'a/../b@v', 'a/b/../c@v', 'a/b@v w', '@v', 'a/b@/etc'])(
    '%s names nothing',
    (uses) => expect(parseReference(uses)).toHaveProperty('problem'),
  )
})
