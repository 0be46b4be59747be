import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { answerWith, type Simulated, simulateRun } from '../../../../test/support/simulate-run.ts'
import { formatDiagnostic } from '../text/diagnostic.ts'
import { type CallReader, linkParsed } from '../workflow/link.ts'
import { parseWorkflow } from '../workflow/parse.ts'
import type { Workflow } from '../workflow/types.ts'
import { jobSpec } from './contexts.ts'
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
  /** Workflows that are called: `.github/workflows/x.yml`, or `owner/name/.github/workflows/x.yml@ref`. */
  readonly files?: Readonly<Record<string, string>>
  readonly secrets?: Readonly<Record<string, string>>
}

const cases = readdirSync(folder).filter((name) => name.endsWith('.yml'))

test.each(cases)('%s', async (name) => {
  const { options, workflow, expected } = readCase(name)
  const parsed = parseWorkflow(name, workflow)
  const { value, diagnostics, files } = await linkParsed(parsed, readerOf(options.files ?? {}))
  const cause: RunCause = {
    event: options.event ?? 'push',
    ref: options.ref ?? 'refs/heads/main',
    sha: 'a'.repeat(40),
    actor: 'ada',
    payload: {},
    ...(options.inputs ? { inputs: options.inputs } : {}),
  }
  const plan = value && planRun(value, cause, { vars: options.vars ?? {}, repository: 'ada/hello', files })
  const problems = [...diagnostics, ...(plan?.diagnostics ?? [])].map(
    ({ at, code, message }) => `${at.file === name ? '' : `${at.file}:`}${at.line}:${at.column} ${code}: ${message}`,
  )
  expect(problems).toEqual(expected.problems ?? [])
  if (!value || !plan?.value) return expect(plan?.diagnostics.map(formatDiagnostic) ?? problems).not.toEqual([])
  const events = [
    { type: 'RunRequested', project: 'ada/hello', number: 7, workflowFile: name, workflowName: 'CI', title: 't', cause } as const,
    { type: 'RunPlanned', plan: plan.value } as const,
  ]
  const run = simulateRun(value, events, answerAs(options), options.vars ?? {})
  const { problems: _problems, ...rest } = expected
  expect(narrow(describe(run, { plan: plan.value, value, options }), rest)).toEqual(rest)
})

function readCase(name: string) {
  const text = readFileSync(new URL(name, folder), 'utf8')
  const [options = '', workflow = '', expected = ''] = text.split(/^---\n/m)
  expect(parseAllDocuments(text)).toHaveLength(3)
  // The workflow keeps its own lines, so that an expected place is the one within it.
  return { options: parse(options) as Options, workflow, expected: parse(expected) as Record<string, unknown> }
}

function readerOf(files: Readonly<Record<string, string>>): CallReader {
  return async ({ repository, path, ref }) => {
    const name = repository === undefined ? path : `${repository}/${path}@${ref}`
    const text = files[name]
    if (text === undefined) return { problem: 'no such file' }
    const parsed = parseWorkflow(name, text)
    return repository === undefined ? { parsed } : { parsed, file: { repository, path, ref: ref ?? '', sha: 'b'.repeat(40), text } }
  }
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

function describe({ state, actions }: Simulated, { plan, value, options }: { plan: RunPlan; value: Workflow; options: Options }): Record<string, unknown> {
  const planned = state.plan?.jobs ?? []
  const entries = <T>(value: (key: string) => T | undefined) =>
    Object.fromEntries(planned.flatMap(({ key }) => (value(key) === undefined ? [] : [[key, value(key)] as const])))
  const spec = (key: string) => {
    const own = planned.find((one) => one.key === key && !one.layOut)
    return own && jobSpec({ state, workflow: value, key, attempt: 1, vars: options.vars ?? {}, secrets: { ...options.secrets, GITHUB_TOKEN: 't' } })
  }
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
    secrets: entries((key) => spec(key)?.contexts.secrets),
    inputs: entries((key) => spec(key)?.contexts.inputs),
    contexts: entries((key) => spec(key)?.contexts),
    permissions: entries((key) => spec(key)?.permissions),
    outputs: Object.fromEntries([...state.calls.values()].map((call) => [call.key, call.outputs])),
    conclusion: state.conclusion,
  }
}

/** The parts that the case names; of `labels`, `needs` and `environments` only the jobs that it names. */
function narrow(all: Record<string, unknown>, wanted: Record<string, unknown>) {
  const byJob = (name: string) => {
    const keys = Object.keys(wanted[name] ?? {})
    return Object.fromEntries(Object.entries(all[name] ?? {}).filter(([key]) => keys.includes(key)))
  }
  const partly = ['labels', 'needs', 'environments', 'secrets', 'inputs', 'permissions', 'outputs']
  const contexts = () =>
    Object.fromEntries(Object.entries(wanted.contexts ?? {}).map(([key, parts]) => [key, pick((all.contexts as Record<string, unknown>)[key], parts)]))
  return Object.fromEntries(Object.keys(wanted).map((name) => [name, name === 'contexts' ? contexts() : partly.includes(name) ? byJob(name) : all[name]]))
}

/** The parts of `value` that `wanted` has. */
function pick(value: unknown, wanted: unknown): unknown {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted) || typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(wanted).map(([name, part]) => [name, pick(Reflect.get(value, name), part)]))
}
