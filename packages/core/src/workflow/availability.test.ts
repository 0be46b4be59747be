import { describe, expect, test } from 'vitest'
import { contextNames } from './expression.ts'
import { parseWorkflow } from './parse.ts'

// GitHub's own table of which contexts and special functions each key may use; nothing else is allowed there.
// https://docs.github.com/actions/reference/workflows-and-actions/contexts#context-availability

const early = 'github inputs vars'
const job = 'github needs strategy matrix vars inputs'
const step = `${job} job runner env secrets steps`
const status = 'always() cancelled() success() failure()'

const root = (lines: string) => `on: push\n${lines}\njobs: { a: { runs-on: x, steps: [{ run: a }] } }`
const inJob = (lines: string) =>
  `on: push\njobs:\n  b: { runs-on: x, steps: [{ run: b }] }\n  a:\n    needs: b\n    runs-on: x\n    ${lines}\n    steps: [{ run: a }]`
const inCall = (lines: string) => `on: push\njobs:\n  a:\n    uses: ./.github/workflows/x.yml\n    ${lines}`
const inStep = (lines: string) => `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: a\n        ${lines}`
const inUses = (lines: string) => `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: ./a\n        ${lines}`
const inTrigger = (lines: string) => `on:\n  workflow_call:\n    ${lines}\njobs: { a: { runs-on: x, steps: [{ run: a }] } }`

/** Key, the contexts and special functions that it may use, a file in which `E` stands for the expression. */
const table: readonly (readonly [key: string, allowed: string, file: string])[] = [
  ['run-name', early, root('run-name: E')],
  ['concurrency', early, root('concurrency: E')],
  ['env', `${early} secrets`, root('env: { A: E }')],
  ['jobs.<id>.concurrency', job, inJob('concurrency: E')],
  ['jobs.<id>.continue-on-error', job, inJob('continue-on-error: E')],
  ['jobs.<id>.defaults.run', `${job} env`, inJob('defaults: { run: { working-directory: E } }')],
  ['jobs.<id>.env', `${job} secrets`, inJob('env: { A: E }')],
  ['jobs.<id>.environment', job, inJob('environment: E')],
  ['jobs.<id>.environment.url', `${job} job runner env steps`, inJob('environment: { name: e, url: E }')],
  ['jobs.<id>.if', `github needs vars inputs ${status}`, inJob('if: E')],
  ['jobs.<id>.name', job, inJob('name: E')],
  ['jobs.<id>.outputs', step, inJob('outputs: { o: E }')],
  ['jobs.<id>.runs-on', job, 'on: push\njobs: { b: { runs-on: x, steps: [{ run: b }] }, a: { needs: b, runs-on: E, steps: [{ run: a }] } }'],
  ['jobs.<id>.secrets', `${job} secrets`, inCall('secrets: { s: E }')],
  ['jobs.<id>.with', job, inCall('with: { w: E }')],
  ['jobs.<id>.steps.continue-on-error', `${step} hashFiles('x')`, inStep('continue-on-error: E')],
  ['jobs.<id>.steps.env', `${step} hashFiles('x')`, inStep('env: { A: E }')],
  ['jobs.<id>.steps.if', `${job} job runner env steps ${status} hashFiles('x')`, inStep('if: E')],
  ['jobs.<id>.steps.name', `${step} hashFiles('x')`, inStep('name: E')],
  ['jobs.<id>.steps.run', `${step} hashFiles('x')`, 'on: push\njobs: { a: { runs-on: x, steps: [{ run: E }] } }'],
  ['jobs.<id>.steps.timeout-minutes', `${step} hashFiles('x')`, inStep('timeout-minutes: E')],
  ['jobs.<id>.steps.with', `${step} hashFiles('x')`, inUses('with: { w: E }')],
  ['jobs.<id>.steps.working-directory', `${step} hashFiles('x')`, inStep('working-directory: E')],
  ['jobs.<id>.strategy', 'github needs vars inputs', inJob('strategy: { matrix: { v: E } }')],
  ['jobs.<id>.strategy.fail-fast', 'github needs vars inputs', inJob('strategy: { fail-fast: E, matrix: { v: [1] } }')],
  ['jobs.<id>.timeout-minutes', job, inJob('timeout-minutes: E')],
  ['on.workflow_call.inputs.<id>.default', early, inTrigger('inputs: { i: { type: string, default: E } }')],
  ['on.workflow_call.outputs.<id>.value', `${early} jobs`, inTrigger('outputs: { o: { value: E } }')],
]

const special = [...status.split(' '), "hashFiles('x')"]

describe('where each context is allowed', () => {
  test.each(table)('%s: %s', (key, allowed, file) => {
    const taken = [...contextNames, ...special].filter((name) => {
      const expression = name.includes('(') ? name : `${name}.x`
      const { diagnostics } = parseWorkflow('ci.yml', file.replace(/\bE\b/, `"\${{ ${expression} }}"`))
      const refused = diagnostics.some((one) => one.code === 'expression-invalid')
      expect(
        diagnostics.every((one) => one.code === 'expression-invalid' || one.severity === 'warning'),
        `${key} ${name}: ${JSON.stringify(diagnostics)}`,
      ).toBe(true)
      return !refused
    })
    expect(taken.toSorted()).toEqual(allowed.split(' ').toSorted())
  })

  test.each(['on.push.branches', 'jobs.<id>.needs', 'jobs.<id>.steps.uses', 'jobs.<id>.steps.id', 'permissions', 'jobs.<id>.uses'])(
    '%s takes no expression',
    (key) => {
      const files: Readonly<Record<string, string>> = {
        'on.push.branches': 'on: { push: { branches: [E] } }\njobs: { a: { runs-on: x, steps: [{ run: a }] } }',
        'jobs.<id>.needs': 'on: push\njobs: { a: { needs: E, runs-on: x, steps: [{ run: a }] } }',
        'jobs.<id>.steps.uses': 'on: push\njobs: { a: { runs-on: x, steps: [{ uses: E }] } }',
        'jobs.<id>.steps.id': inStep('id: E'),
        permissions: root('permissions: E'),
        'jobs.<id>.uses': 'on: push\njobs: { a: { uses: E } }',
      }
      const { value, diagnostics } = parseWorkflow('ci.yml', (files[key] ?? '').replace(/\bE\b/, '"${{ github.ref }}"'))
      expect(value).toBeUndefined()
      expect(diagnostics).not.toEqual([])
    },
  )
})
