import { describe, expect, test } from 'vitest'
import { foldRun } from '../../../../test/support/simulate-run.ts'
import { PushwayError } from '../reason/errors.ts'
import { parseWorkflow } from '../workflow/parse.ts'
import { githubContext, jobSpec, needsContext } from './contexts.ts'
import { planRun } from './plan.ts'
import type { RunCause } from './types.ts'

const sha = 'b'.repeat(40)
const text = (timeout: string) => `name: CI
run-name: To \${{ inputs.where }} by \${{ github.actor }}
on:
  workflow_dispatch:
    inputs:
      where: { required: true, type: choice, options: [here, there] }
      dry: { type: boolean }
      count: { type: number, default: 3 }
jobs:
  a:
    name: Job on \${{ github.ref_name }}
    runs-on: ubuntu-latest
    timeout-minutes: ${timeout}
    environment: \${{ vars.TARGET }}
    steps: [{ run: x }]
  b:
    needs: a
    runs-on: ubuntu-latest
    steps: [{ run: x }]
`

function workflowOf(timeout = '5') {
  const { value, diagnostics } = parseWorkflow('.github/workflows/ci.yml', text(timeout))
  if (!value) throw new Error(JSON.stringify(diagnostics))
  return value
}

const cause: RunCause = {
  event: 'workflow_dispatch',
  ref: 'refs/heads/feature/x',
  sha,
  actor: 'ada',
  payload: { inputs: {} },
  inputs: { where: 'here', dry: 'true' },
}
const options = { vars: { TARGET: 'staging' }, repository: 'ada/hello' }

describe('planning', () => {
  test('evaluates names, environments and the run name', () => {
    const { value } = planRun(workflowOf(), cause, options)
    expect(value).toEqual({
      jobs: [
        { key: 'a', name: 'Job on feature/x', needs: [], runsOn: ['ubuntu-latest'], environment: 'staging' },
        { key: 'b', name: 'b', needs: ['a'], runsOn: ['ubuntu-latest'] },
      ],
      runName: 'To here by ada',
    })
  })

  test.each([
    [{ where: '' }, 'Input `where` is required'],
    [{ where: 'nowhere' }, 'one of here, there'],
    [{ where: 'here', dry: 'perhaps' }, 'true or false'],
    [{ where: 'here', count: 'many' }, 'a number'],
    [{ where: 'here', other: 'x' }, 'no input `other`'],
  ])('refuses inputs %j', (inputs, problem) => {
    const { value, diagnostics } = planRun(workflowOf(), { ...cause, inputs }, options)
    expect(value).toBeUndefined()
    expect(diagnostics.map(({ message }) => message).join()).toContain(problem)
  })

  test("refuses an environment's name that leads elsewhere", () => {
    const { diagnostics } = planRun(workflowOf(), cause, { ...options, vars: { TARGET: '../x' } })
    expect(diagnostics).toMatchObject([{ code: 'environment-name', at: { line: 14 } }])
  })
})

describe('contexts', () => {
  const workflow = workflowOf()
  const { value: plan } = planRun(workflow, cause, options)
  const state = foldRun([
    { type: 'RunRequested', project: 'ada/hello', number: 7, workflowFile: workflow.file, workflowName: 'CI', title: 't', cause },
    { type: 'RunPlanned', plan: plan ?? { jobs: [] } },
    { type: 'JobFinished', job: 'a', attempt: 1, conclusion: 'failure', outputs: { x: '1' }, tolerated: true },
  ])

  test('github has what GitHub gives', () => {
    const github = githubContext({
      project: 'ada/hello',
      cause,
      run: { id: 'r1', number: 7, attempt: 2 },
      workflow,
      job: 'a',
      serverUrl: 'http://s',
      workspace: '/w',
    })
    expect(github).toMatchObject({
      ref: 'refs/heads/feature/x',
      ref_name: 'feature/x',
      ref_type: 'branch',
      sha,
      repository: 'ada/hello',
      repository_owner: 'ada',
      actor: 'ada',
      triggering_actor: 'ada',
      event_name: 'workflow_dispatch',
      event: { inputs: {} },
      workflow: 'CI',
      job: 'a',
      run_id: 'r1',
      run_number: '7',
      run_attempt: '2',
      server_url: 'http://s',
      api_url: 'http://s/api/v3',
      base_ref: '',
      head_ref: '',
      workspace: '/w',
      workflow_ref: 'ada/hello/.github/workflows/ci.yml@refs/heads/feature/x',
    })
  })

  test('needs has results and outputs; a tolerated failure is a success', () => {
    expect(needsContext(state, 'b')).toEqual({ a: { result: 'success', outputs: { x: '1' } } })
    expect(needsContext(state, 'nope')).toEqual({})
    expect(state.title).toBe('To here by ada')
  })

  test('a job spec has everything but the token', () => {
    const job = workflow.jobs[0]
    if (!job) throw new Error('no job')
    const spec = jobSpec({ state, workflow, key: job.id, attempt: 1, vars: options.vars, secrets: { S: 'x' } })
    expect(spec).toMatchObject({
      run: 'run-1',
      runNumber: 7,
      attempt: 1,
      timeoutMs: 300_000,
      contexts: { secrets: { S: 'x' }, inputs: { where: 'here', dry: true, count: 3 } },
    })
    expect(spec.contexts.github).not.toHaveProperty('token')
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec)
  })

  test('a timeout that is no number of minutes is refused with its place', () => {
    const bad = workflowOf('${{ vars.NOT_SET }}')
    const job = bad.jobs[0]
    if (!job) throw new Error('no job')
    let caught: unknown
    try {
      jobSpec({ state, workflow: bad, key: job.id, attempt: 1, vars: {}, secrets: {} })
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(PushwayError)
    expect(caught).toMatchObject({ code: 'workflow-invalid', diagnostics: [{ at: { line: 13 } }] })
  })
})
