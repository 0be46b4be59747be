import { describe, expect, test } from 'vitest'
import { EvaluationError, evaluateCondition, evaluateMap, evaluateText, evaluateValue, type Scope } from './evaluate.ts'
import type { Template } from './types.ts'

const at = { file: 'ci.yml', line: 3, column: 7 }
const template = (value: string): Template => ({ value, at })

const scope: Scope = {
  status: 'success',
  contexts: {
    github: { ref: 'refs/heads/main', actor: 'Ada', event: { commits: [{ id: 'a1' }, { id: 'b2' }], constructor: 'kept' } },
    env: { REGISTRY: 'ghcr.io', EMPTY: '' },
    needs: { build: { result: 'success', outputs: { image: 'hello:main' } } },
    matrix: { node: 18 },
  },
  hashFiles: (patterns) => `hash-of-${patterns.join('+')}`,
}

describe('text', () => {
  test.each([
    ['plain text', 'plain text'],
    ['', ''],
    ['${{ env.REGISTRY }}/${{ github.actor }}', 'ghcr.io/Ada'],
    ['${{ ENV.registry }} ${{ GitHub.REF }}', 'ghcr.io refs/heads/main'],
    ['${{ needs.build.outputs.image }}', 'hello:main'],
    ["${{ needs['build'].outputs['image'] }}", 'hello:main'],
    ['${{ matrix.node }}', '18'],
    ['${{ github.missing.deeper }}', ''],
    ['${{ secrets.NOT_GIVEN }}', ''],
    ['${{ true }} ${{ null }} ${{ 1.50 }} ${{ 0xff }} ${{ -0 }}', 'true  1.5 255 0'],
    ['${{ github.event }} ${{ github.event.commits }}', 'Object Array'],
    ["${{ join(github.event.commits.*.id, ', ') }}", 'a1, b2'],
    ["${{ format('{0} {{literal}} {1}', 'a', 2) }}", 'a {literal} 2'],
    ["${{ 'it''s Bob''s and Eve''s' }}", "it's Bob's and Eve's"],
    ["${{ 'a }} b' }}", 'a }} b'],
    ["${{ contains('Hello', 'ELL') }} ${{ startsWith('Abc', 'aB') }} ${{ endsWith('abC', 'Bc') }}", 'true true true'],
    ['${{ contains(fromJSON(\'["x","Y"]\'), \'y\') }}', 'true'],
    ['${{ fromJSON(\'{"a":{"b":[1,2]}}\').a.b[1] }}', '2'],
    ['${{ toJSON(fromJSON(\'{"a":1}\')) }}', '{\n  "a": 1\n}'],
    ["${{ github.ref == 'REFS/HEADS/MAIN' }}", 'true'],
    ["${{ '1' == 1 }} ${{ null == 0 }} ${{ true == 1 }} ${{ 'x' == 0 }}", 'true true true false'],
    ["${{ env.EMPTY || 'default' }} ${{ env.REGISTRY && 'set' }}", 'default set'],
    ["${{ case(matrix.node == 18, 'eighteen', 'other') }}", 'eighteen'],
    ["${{ hashFiles('a', '**/b') }}", 'hash-of-a+**/b'],
    ['${{ github.event.constructor }}', 'kept'],
    ['a ${{env.REGISTRY}} b\n${{ env.EMPTY }}c', 'a ghcr.io b\nc'],
    ['$HOME ${VAR} $${{ 1 }}', '$HOME ${VAR} $1'],
  ])('%s', (text, expected) => {
    expect(evaluateText(template(text), scope)).toBe(expected)
  })

  test('values of a map do not see each other', () => {
    const map = [
      ['A', template('${{ env.REGISTRY }}')],
      ['B', template('${{ env.A }}')],
    ] as const
    expect(evaluateMap(map, scope)).toEqual({ A: 'ghcr.io', B: '' })
  })

  test('a value keeps its type when the template is one expression', () => {
    expect(evaluateValue(template('${{ matrix.node }}'), scope)).toBe(18)
    expect(evaluateValue(template("${{ fromJSON('[1,null]') }}"), scope)).toEqual([1, null])
    expect(evaluateValue(template('v${{ matrix.node }}'), scope)).toBe('v18')
  })
})

describe('conditions', () => {
  test.each([
    [undefined, 'success', true],
    [undefined, 'failure', false],
    [undefined, 'cancelled', false],
    ['', 'failure', false],
    ["github.ref == 'refs/heads/main'", 'success', true],
    ["github.ref == 'refs/heads/main'", 'failure', false],
    ["${{ github.ref == 'refs/heads/main' }}", 'success', true],
    ["  ${{ github.ref == 'refs/heads/develop' }}  ", 'success', false],
    ['success()', 'success', true],
    ['failure()', 'failure', true],
    ['failure()', 'success', false],
    ['failure()', 'skipped', false],
    ['success()', 'skipped', false],
    ['cancelled()', 'cancelled', true],
    ['always()', 'cancelled', true],
    ["always() && github.ref == 'nope'", 'success', false],
    ["ALWAYS() && needs.build.result == 'success'", 'failure', true],
    ['!cancelled()', 'failure', true],
    ['!cancelled()', 'cancelled', false],
    ["contains('success()', 'x')", 'failure', false],
    ['true', 'success', true],
    ['0', 'success', false],
    ['text ${{ false }}', 'success', true],
  ] as const)('%s with status %s is %s', (condition, status, expected) => {
    expect(evaluateCondition(condition === undefined ? undefined : template(condition), { ...scope, status })).toBe(expected)
  })
})

describe('mistakes are findings with their place', () => {
  test.each([
    ['${{ unknown.thing }}', 'Unrecognized named-value'],
    ['${{ nope() }}', 'Unrecognized function'],
    ['${{ 1 + 2 }}', 'Unexpected symbol'],
    ['${{ github.ref', 'not closed'],
    ['${{ }}', 'An expression was expected'],
    ["${{ fromJSON('{') }}", 'Error parsing JSON'],
    ['${{ contains() }}', 'Too few parameters'],
    ['${{ hashFiles() }}', 'Too few parameters'],
  ])('%s', (text, problem) => {
    let caught: unknown
    try {
      evaluateText(template(text), scope)
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(EvaluationError)
    if (caught instanceof EvaluationError) {
      expect(caught.diagnostic).toMatchObject({ severity: 'error', code: 'expression-invalid', at })
      expect(caught.message).toContain(problem)
    }
  })
})
