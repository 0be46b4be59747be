// The cases of test/golden/workflows/jobs, run by the real runner: options, the workflow, what is expected of its log and results.

import { readdirSync, readFileSync } from 'node:fs'
import { planRun } from '@pushway/core/run/plan.ts'
import type { RunCause } from '@pushway/core/run/types.ts'
import { formatDiagnostic } from '@pushway/core/text/diagnostic.ts'
import { parseWorkflow } from '@pushway/core/workflow/parse.ts'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { tempDir } from '../../../../../test/support/temp.ts'
import { runWorkflow } from './run-workflow.ts'
import { localServices } from './services.ts'

const folder = new URL('../../../../../test/golden/workflows/jobs/', import.meta.url)
const cases = readdirSync(folder).filter((name) => name.endsWith('.yml'))

interface Options {
  readonly vars?: Readonly<Record<string, string>>
  readonly secrets?: Readonly<Record<string, string>>
}

interface Expected {
  /** Job → its steps by name, each with what became of it. */
  readonly steps?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly outputs?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly urls?: Readonly<Record<string, string>>
  readonly why?: Readonly<Record<string, string>>
  /** Lines that are in the log, in this order; `/…/` is a pattern. */
  readonly log?: readonly string[]
  /** Texts that are nowhere in it. */
  readonly nowhere?: readonly string[]
  readonly conclusion: string
}

test.each(cases)('%s', async (name) => {
  const [options = '', workflow = '', expected = ''] = readFileSync(new URL(name, folder), 'utf8').split(/^---\n/m)
  const { run, steps, lines } = await runCase(name, workflow, (parse(options) ?? {}) as Options)
  const wanted = parse(expected) as Expected
  const byKey = <T>(value: (job: (typeof run.jobs)[number]) => T | undefined) =>
    Object.fromEntries(run.jobs.flatMap((job) => (value(job) === undefined ? [] : [[job.key, value(job)] as const])))
  if (wanted.steps) expect(steps).toEqual(wanted.steps)
  if (wanted.outputs) expect(byKey(({ outputs }) => outputs)).toEqual(wanted.outputs)
  if (wanted.urls) expect(byKey(({ environmentUrl }) => environmentUrl)).toEqual(wanted.urls)
  if (wanted.why) expect(byKey(({ why }) => why)).toEqual(wanted.why)
  const text = lines.join('\n')
  let at = -1
  for (const line of wanted.log ?? []) {
    const fits = (one: string) => (/^\/.+\/$/.test(line) ? new RegExp(line.slice(1, -1)).test(one) : one === line)
    const next = lines.findIndex((one, index) => index > at && fits(one))
    expect(next, `"${line}" is not in the log after line ${at + 1}:\n${text}`).toBeGreaterThan(at)
    at = next
  }
  // Scripts themselves are in the log, as what a step runs.
  const printed = text.replace(/^##\[group\]Run [\s\S]*?^##\[endgroup\]$/gm, '')
  for (const piece of wanted.nowhere ?? []) expect(printed).not.toContain(piece)
  expect(run.conclusion, text).toBe(wanted.conclusion)
})

async function runCase(name: string, text: string, { vars = {}, secrets = {} }: Options) {
  const { value, diagnostics } = parseWorkflow(name, text)
  if (!value) throw new Error(diagnostics.map(formatDiagnostic).join('\n'))
  const cause: RunCause = { event: 'push', ref: 'refs/heads/main', sha: 'a'.repeat(40), actor: 'ada', payload: {} }
  const plan = planRun(value, cause, { vars, repository: 'ada/hello' })
  if (!plan.value) throw new Error(plan.diagnostics.map(formatDiagnostic).join('\n'))
  const lines: string[] = []
  const steps: Record<string, Record<string, string>> = {}
  const never = new AbortController().signal
  const treeDir = tempDir('golden')
  const services = localServices({ cacheDir: tempDir('golden-cache'), treeDir })
  const run = await runWorkflow({
    services,
    id: 'local',
    workflow: value,
    plan: plan.value,
    cause,
    repository: 'ada/hello',
    treeDir,
    vars,
    secrets,
    env: [],
    legs: new Map(),
    actions: [],
    sinkFor: (job) => ({
      report(report) {
        if (report.type === 'step-finished') steps[job] = { ...steps[job], [report.name]: report.conclusion }
      },
      lines: (_, texts) => lines.push(...texts),
      flush: () => undefined,
    }),
    cancel: never,
    force: never,
  })
  await services.close(undefined)
  return { run, steps, lines }
}
