import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Answer, answerWith, foldRun, simulateRun } from '../../../../test/support/simulate-run.ts'
import { parseWorkflow } from '../workflow/parse.ts'
import type { Workflow } from '../workflow/types.ts'
import { decideRun } from './decide.ts'
import { ancestorsOf } from './graph.ts'
import { planRun } from './plan.ts'
import { jobReason } from './reason.ts'
import type { RunState } from './state.ts'
import { matchTrigger } from './trigger.ts'
import type { RunCause, RunEvent } from './types.ts'

const seedText = readFileSync(new URL('../../../../examples/hello/.github/workflows/ci-cd.yml', import.meta.url), 'utf8')
const sha = 'a'.repeat(40)

function workflowOf(text: string): Workflow {
  const { value, diagnostics } = parseWorkflow('.github/workflows/ci.yml', text)
  if (!value) throw new Error(JSON.stringify(diagnostics))
  return value
}

/** `jobs` as short lines: `b: { needs: a, if: always() }`. */
const jobsOf = (jobs: Readonly<Record<string, string>>) =>
  workflowOf(
    `on: push\njobs:\n${Object.entries(jobs)
      .map(([id, keys]) => `  ${id}: { runs-on: ubuntu-latest, steps: [{ run: x }]${keys && `, ${keys}`} }`)
      .join('\n')}`,
  )

function begin(workflow: Workflow, ref = 'refs/heads/main'): readonly RunEvent[] {
  const cause: RunCause = { event: 'push', ref, sha, actor: 'ada', payload: {} }
  const { value: plan } = planRun(workflow, cause, { vars: {}, repository: 'ada/hello' })
  if (!plan) throw new Error('no plan')
  const requested: RunEvent = {
    type: 'RunRequested',
    project: 'ada/hello',
    number: 7,
    workflowFile: workflow.file,
    workflowName: workflow.name,
    title: 'Change',
    cause,
  }
  return [requested, { type: 'RunPlanned', plan }]
}

const results = (state: RunState) => Object.fromEntries([...state.jobs.values()].map((job) => [job.key, job.conclusion]))
const never: Answer = () => []

describe('the seed workflow', () => {
  const seed = workflowOf(seedText)

  test.each([
    ['refs/heads/develop', true, { test: 'success', build: 'success', 'deploy-staging': 'success', 'deploy-prod': 'skipped' }],
    ['refs/heads/main', true, { test: 'success', build: 'success', 'deploy-staging': 'skipped', 'deploy-prod': 'success' }],
    ['refs/heads/feature/x', false, { test: 'success', build: 'success', 'deploy-staging': 'skipped', 'deploy-prod': 'skipped' }],
  ] as const)('on %s', (ref, triggers, expected) => {
    expect(matchTrigger(seed, { event: 'push', ref })).toBe(triggers)
    const { state, actions } = simulateRun(seed, begin(seed, ref), answerWith())
    expect(results(state)).toEqual(expected)
    expect(state.conclusion).toBe('success')
    expect(actions.filter(({ kind }) => kind === 'OpenDeployment').map(({ job }) => job)).toEqual(
      Object.entries(expected)
        .filter(([job, c]) => job.startsWith('deploy') && c === 'success')
        .map(([job]) => job),
    )
  })

  test('shows deploy-prod as skipped, and why', () => {
    const { state } = simulateRun(seed, begin(seed, 'refs/heads/develop'), answerWith())
    expect(jobReason(state, 'deploy-prod')?.sentence).toBe("Skipped: github.ref == 'refs/heads/main' is false.")
  })

  test('stops behind a failed test', () => {
    const { state, actions } = simulateRun(seed, begin(seed), answerWith({ test: 'failure' }))
    expect(results(state)).toEqual({ test: 'failure', build: 'skipped', 'deploy-staging': 'skipped', 'deploy-prod': 'skipped' })
    expect(state.conclusion).toBe('failure')
    expect(jobReason(state, 'build')?.sentence).toBe('Skipped because test did not succeed.')
    expect(actions.map(({ kind }) => kind)).toEqual(['StartJob'])
  })
})

describe('conditions see what came before, as on GitHub', () => {
  test.each([
    ['a job behind a skipped one is skipped', { a: 'if: false', b: 'needs: a' }, {}, { a: 'skipped', b: 'skipped' }, 'skipped'],
    [
      'also behind an always() job in between',
      { a: 'if: false', b: 'needs: a, if: always()', c: 'needs: b' },
      {},
      { a: 'skipped', b: 'success', c: 'skipped' },
      'success',
    ],
    [
      'failure() sees any ancestor',
      { a: '', b: 'needs: a, if: always()', c: 'needs: b, if: failure()' },
      { a: 'failure' },
      { a: 'failure', b: 'success', c: 'success' },
      'failure',
    ],
    ['failure() is false when nothing failed', { a: 'if: false', b: 'needs: a, if: failure()' }, {}, { a: 'skipped', b: 'skipped' }, 'skipped'],
    [
      'continue-on-error counts as success',
      { a: 'continue-on-error: true', b: "needs: a, if: needs.a.result == 'success'" },
      { a: 'failure' },
      { a: 'failure', b: 'success' },
      'success',
    ],
    [
      'a timeout is a failure for others',
      { a: '', b: "needs: a, if: failure() && needs.a.result == 'failure'" },
      { a: 'timed_out' },
      { a: 'timed_out', b: 'success' },
      'failure',
    ],
  ] as const)('%s', (_, jobs, conclusions, expected, conclusion) => {
    const workflow = jobsOf(jobs)
    const { state } = simulateRun(workflow, begin(workflow), answerWith(conclusions))
    expect(results(state)).toEqual(expected)
    expect(state.conclusion).toBe(conclusion)
  })

  test('outputs of needs reach the condition, and a condition that breaks fails the job with its reason', () => {
    const workflow = jobsOf({ a: '', b: "needs: a, if: needs.a.outputs.go == 'yes'", c: 'needs: a, if: fromJSON(needs.a.outputs.go)' })
    const { state } = simulateRun(workflow, begin(workflow), answerWith({}, { go: 'yes' }))
    expect(results(state)).toEqual({ a: 'success', b: 'success', c: 'failure' })
    expect(jobReason(state, 'c')?.sentence).toContain("can't be evaluated")
  })
})

describe('a job with an environment', () => {
  const workflow = jobsOf({ a: 'environment: staging' })
  const opened: RunEvent = { type: 'DeploymentOpened', job: 'a', deployment: 'd1', environment: 'staging' }

  test('waits for its clearance, runs, goes on with the deployment and ends with it', () => {
    const { actions, events } = simulateRun(workflow, begin(workflow), answerWith())
    expect(actions.map(({ kind }) => kind)).toEqual(['OpenDeployment', 'StartJob', 'ContinueDeployment'])
    expect(events.map(({ type }) => type).slice(2)).toEqual([
      'DeploymentOpened',
      'DeploymentCleared',
      'JobStarted',
      'JobStepsFinished',
      'DeploymentEnded',
      'JobFinished',
      'RunFinished',
    ])
    const waiting = foldRun([...begin(workflow), opened])
    expect(waiting.jobs.get('a')?.phase).toBe('waiting')
    expect(jobReason(waiting, 'a')?.code).toBe('waiting-for-clearance')
    expect(decideRun(waiting, workflow).actions).toEqual([])
  })

  test('fails with the reason when it is rejected before it starts', () => {
    const rejected: RunEvent = { type: 'DeploymentEnded', job: 'a', deployment: 'd1', conclusion: 'failure', reason: 'Rejected by eve: no.' }
    const { state, actions } = simulateRun(workflow, [...begin(workflow), opened, rejected], never)
    expect(state.jobs.get('a')).toMatchObject({ conclusion: 'failure', reason: 'Rejected by eve: no.' })
    expect(actions).toEqual([])
  })

  test('closes the deployment when its steps fail', () => {
    const { state, actions } = simulateRun(workflow, begin(workflow), answerWith({ a: 'failure' }))
    expect(actions.map(({ kind }) => kind)).toEqual(['OpenDeployment', 'StartJob', 'CloseDeployment'])
    expect(state.conclusion).toBe('failure')
  })

  test('fails when its rollout was undone', () => {
    const undone: Answer = (action, state) =>
      action.kind === 'ContinueDeployment'
        ? [{ type: 'DeploymentEnded', job: 'a', deployment: action.deployment, conclusion: 'failure', reason: 'Rolled back.' }]
        : answerWith()(action, state)
    const { state } = simulateRun(workflow, begin(workflow), undone)
    expect(state.jobs.get('a')).toMatchObject({ conclusion: 'failure', reason: 'Rolled back.' })
  })

  test('a deployment that is opened after the job was cancelled is closed', () => {
    const { state, actions } = simulateRun(workflow, [...begin(workflow), { type: 'CancelRequested', by: 'ada', force: false }], never)
    expect([state.conclusion, actions]).toEqual(['cancelled', []])
    const late = foldRun([
      ...begin(workflow),
      { type: 'CancelRequested', by: 'ada', force: false },
      ...simulateRun(workflow, [...begin(workflow), { type: 'CancelRequested', by: 'ada', force: false }], never).events.slice(3),
      opened,
    ])
    expect(decideRun(late, workflow).actions).toMatchObject([{ kind: 'CloseDeployment', deployment: 'd1', conclusion: 'cancelled' }])
  })
})

describe('cancelling', () => {
  const workflow = jobsOf({ a: '', keep: 'if: always()', b: 'needs: a', clean: 'needs: b, if: always()', env: 'environment: staging' })
  const started = simulateRun(workflow, begin(workflow), (action) =>
    action.kind === 'OpenDeployment' ? [{ type: 'DeploymentOpened', job: 'env', deployment: 'd', environment: 'staging' }] : [],
  )
  const cancel = (force: boolean): RunEvent => ({ type: 'CancelRequested', by: 'ada', force })

  test('stops running and waiting jobs; always() jobs go on and start', () => {
    const { actions, state } = simulateRun(workflow, [...started.events, cancel(false)], answerWith())
    expect(actions).toMatchObject([
      { kind: 'CancelJob', job: 'a', force: false },
      { kind: 'CloseDeployment', job: 'env' },
      { kind: 'StartJob', job: 'clean' },
    ])
    expect(results(state)).toEqual({ a: 'cancelled', keep: undefined, b: 'cancelled', clean: 'success', env: 'cancelled' })
    expect(jobReason(state, 'b')?.sentence).toBe('Cancelled by ada.')
    expect(state.finished).toBe(false)
  })

  test('by force stops everything', () => {
    const { actions, state } = simulateRun(workflow, [...started.events, cancel(false), cancel(true)], answerWith())
    expect(actions.filter(({ kind }) => kind === 'CancelJob')).toMatchObject([
      { job: 'a', force: true },
      { job: 'keep', force: true },
    ])
    expect(state.conclusion).toBe('cancelled')
    expect(new Set(Object.values(results(state)))).toEqual(new Set(['cancelled']))
  })
})

describe('running again', () => {
  const workflow = jobsOf({ a: '', b: 'needs: a', c: 'needs: b', d: '' })

  test('the named jobs and what needs them run again as the next attempt; the others keep their result', () => {
    const first = simulateRun(workflow, begin(workflow), answerWith({ b: 'failure' }))
    const again = simulateRun(workflow, [...first.events, { type: 'RerunRequested', by: 'eve', jobs: ['b'] }], answerWith())
    expect([...again.state.jobs.values()].map((job) => [job.key, job.attempt, job.conclusion])).toEqual([
      ['a', 1, 'success'],
      ['b', 2, 'success'],
      ['c', 2, 'success'],
      ['d', 1, 'success'],
    ])
    expect(again.state).toMatchObject({ attempt: 2, conclusion: 'success', rerunBy: 'eve' })
    expect(again.actions.map((action) => `${action.kind} ${action.job} ${action.attempt}`)).toEqual(['StartJob b 2', 'StartJob c 2'])
  })

  test('is ignored while the run is active, and for unknown jobs', () => {
    const active = foldRun([...begin(workflow), { type: 'RerunRequested', by: 'eve', jobs: ['a'] }])
    expect(active.attempt).toBe(1)
    const done = simulateRun(workflow, begin(workflow), answerWith())
    expect(foldRun([...done.events, { type: 'RerunRequested', by: 'eve', jobs: ['nope'] }]).finished).toBe(true)
  })
})

test('a refused run ends at once', () => {
  const workflow = jobsOf({ a: '' })
  const [requested] = begin(workflow)
  const { state } = simulateRun(workflow, [...(requested ? [requested] : []), { type: 'RunRefused', problems: ['ci.yml:1:1: error'] }], never)
  expect(state).toMatchObject({ finished: true, conclusion: 'failure', problems: ['ci.yml:1:1: error'] })
})

describe('whatever the graph, the answers and the interruptions', () => {
  const conditions = ['', 'if: always()', 'if: failure()', 'if: "!cancelled()"', 'if: false', 'environment: e', 'continue-on-error: true']
  const anyJob = fc.record({ keys: fc.constantFrom(...conditions), needs: fc.array(fc.nat(6), { maxLength: 3 }) })
  const anyRun = fc.record({
    jobs: fc.array(anyJob, { minLength: 1, maxLength: 6 }),
    ends: fc.array(fc.constantFrom('success', 'failure', 'timed_out', 'cancelled'), { minLength: 6, maxLength: 6 }),
    cancelAt: fc.option(fc.nat(12)),
    force: fc.boolean(),
  })

  test('jobs start after their needs, end once per attempt, the run ends, and replay and repetition agree', () => {
    fc.assert(
      fc.property(anyRun, ({ jobs, ends, cancelAt, force }) => {
        const entries = jobs.map(({ keys, needs }, i) => {
          const before = [...new Set(needs.filter((need) => need < i))].map((need) => `j${need}`)
          return [`j${i}`, [keys, before.length > 0 ? `needs: [${before.join(', ')}]` : ''].filter(Boolean).join(', ')] as const
        })
        const workflow = jobsOf(Object.fromEntries(entries))
        const conclusions = Object.fromEntries(ends.map((end, i) => [`j${i}`, end]))
        let asked = 0
        const answer: Answer = (action, state) => {
          const cancels: readonly RunEvent[] = asked++ === cancelAt ? [{ type: 'CancelRequested', by: 'x', force }] : []
          return [...cancels, ...answerWith(conclusions)(action, state)]
        }
        const { state, events } = simulateRun(workflow, begin(workflow), answer)
        expect(state.finished).toBe(true)
        expect(foldRun(events)).toEqual(state)
        const finished = events.flatMap((event) => (event.type === 'JobFinished' ? [event.job] : []))
        expect(finished.toSorted()).toEqual(entries.map(([id]) => id).toSorted())
        const plan = state.plan?.jobs ?? []
        events.forEach((event, i) => {
          const soFar = foldRun(events.slice(0, i))
          if (event.type === 'JobStarted') for (const need of ancestorsOf(plan, event.job)) expect(soFar.jobs.get(need)?.phase).toBe('finished')
          expect(decideRun(soFar, workflow)).toEqual(decideRun(soFar, workflow))
        })
      }),
      { numRuns: 60 },
    )
  })
})
