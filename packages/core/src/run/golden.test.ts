import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { answerWith, type Simulated, simulateRun } from '../../../../test/support/simulate-run.ts'
import { formatDiagnostic } from '../text/diagnostic.ts'
import { parseWorkflow } from '../workflow/parse.ts'
import { planRun } from './plan.ts'
import { jobReason } from './reason.ts'
import type { Conclusion, RunCause, RunPlan } from './types.ts'

// One file is one case: options, the workflow, what is expected of its run. Only what is named is compared.
const folder = new URL('../../../../test/golden/workflows/runs/', import.meta.url)

interface Options {
  readonly ref?: string
  readonly event?: RunCause['event']
  readonly vars?: Readonly<Record<string, string>>
  readonly inputs?: Readonly<Record<string, string>>
  /** By job key; `silent`: it runs until it is cancelled. */
  readonly answers?: Readonly<Record<string, { conclusion?: Conclusion | 'silent'; outputs?: Record<string, string> }>>
}

const cases = readdirSync(folder).filter((name) => name.endsWith('.yml'))

test.each(cases)('%s', (name) => {
  const { options, workflow, expected } = readCase(name)
  const { value, diagnostics } = parseWorkflow(name, workflow)
  const cause: RunCause = {
    event: options.event ?? 'push',
    ref: options.ref ?? 'refs/heads/main',
    sha: 'a'.repeat(40),
    actor: 'ada',
    payload: {},
    ...(options.inputs ? { inputs: options.inputs } : {}),
  }
  const plan = value && planRun(value, cause, { vars: options.vars ?? {}, repository: 'ada/hello' })
  const problems = [...diagnostics, ...(plan?.diagnostics ?? [])].map(({ at, code, message }) => `${at.line}:${at.column} ${code}: ${message}`)
  expect(problems).toEqual(expected.problems ?? [])
  if (!value || !plan?.value) return expect(plan?.diagnostics.map(formatDiagnostic) ?? problems).not.toEqual([])
  const events = [
    { type: 'RunRequested', project: 'ada/hello', number: 7, workflowFile: name, workflowName: 'CI', title: 't', cause } as const,
    { type: 'RunPlanned', plan: plan.value } as const,
  ]
  const run = simulateRun(value, events, answerAs(options), options.vars ?? {})
  const { problems: _problems, ...rest } = expected
  expect(narrow(describe(run, plan.value), rest)).toEqual(rest)
})

function readCase(name: string) {
  const text = readFileSync(new URL(name, folder), 'utf8')
  const [options = '', workflow = '', expected = ''] = text.split(/^---\n/m)
  expect(parseAllDocuments(text)).toHaveLength(3)
  // The workflow keeps its own lines, so that an expected place is the one within it.
  return { options: parse(options) as Options, workflow, expected: parse(expected) as Record<string, unknown> }
}

function answerAs({ answers = {} }: Options) {
  const ordinary = answerWith()
  return (...[action, state]: Parameters<typeof ordinary>) => {
    const answer = answers[action.job]
    if (action.kind !== 'StartJob' || !answer) return ordinary(action, state)
    const { conclusion = 'success', outputs = {} } = answer
    return conclusion === 'silent' ? [] : [{ type: 'JobStepsFinished', job: action.job, attempt: action.attempt, conclusion, outputs } as const]
  }
}

function describe({ state, actions }: Simulated, plan: RunPlan): Record<string, unknown> {
  const planned = state.plan?.jobs ?? []
  const entries = <T>(value: (key: string) => T | undefined) =>
    Object.fromEntries(planned.flatMap(({ key }) => (value(key) === undefined ? [] : [[key, value(key)] as const])))
  const job = (key: string) => planned.find((one) => one.key === key)
  return {
    legs: Object.fromEntries(plan.jobs.map(({ key, layOut }) => [key, layOut ? layOut.legs : 1])),
    names: planned.map(({ name }) => name),
    needs: entries((key) => job(key)?.needs),
    labels: entries((key) => job(key)?.runsOn),
    environments: entries((key) => job(key)?.environment),
    started: actions.filter(({ kind }) => kind === 'StartJob').map((action) => action.job),
    results: entries((key) => state.jobs.get(key)?.conclusion),
    reasons: entries((key) => jobReason(state, key)?.sentence),
    conclusion: state.conclusion,
  }
}

/** The parts that the case names; of `labels`, `needs` and `environments` only the jobs that it names. */
function narrow(all: Record<string, unknown>, wanted: Record<string, unknown>) {
  const byJob = (name: string) => {
    const keys = Object.keys(wanted[name] ?? {})
    return Object.fromEntries(Object.entries(all[name] ?? {}).filter(([key]) => keys.includes(key)))
  }
  return Object.fromEntries(Object.keys(wanted).map((name) => [name, ['labels', 'needs', 'environments'].includes(name) ? byJob(name) : all[name]]))
}
