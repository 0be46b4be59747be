// `jobs`: each job, and what it says about where and when it runs.

import { add, notYet } from './findings.ts'
import { checkId, readCondition, readDefaults } from './parse-common.ts'
import { readSteps } from './parse-step.ts'
import type { Job, Template } from './types.ts'
import { type Entry, entriesOf, isMapValue, itemsOf, readKeys, templateMapOf, templateOf, textOf, type Value } from './yaml-node.ts'
import type { YamlSource } from './yaml-source.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** A job with the places of its `needs`, for the check of the graph. */
export interface ReadJob {
  readonly job: Job
  readonly needs: readonly Value[]
}

/** Reads all jobs. */
export function readJobs(source: YamlSource, value: Value): readonly ReadJob[] {
  return entriesOf(source, value).map((entry) => readJob(source, entry))
}

function readJob(source: YamlSource, entry: Entry): ReadJob {
  checkId(source, entry.keyAt, 'job', entry.key)
  const job: Mutable<Job> = { id: entry.key, needs: [], runsOn: [], env: [], outputs: [], defaults: {}, steps: [], at: entry.keyAt }
  let needs: readonly Value[] = []
  const called = entriesOf(source, entry.value).some((e) => e.key === 'uses')
  readKeys(source, entry.value, {
    name: (v) => void (job.name = templateOf(v)),
    needs: (v) => void (needs = itemsOf(source, v)),
    if: (v) => void (job.if = readCondition(source, v, 'job')),
    'runs-on': (v) => void (job.runsOn = readRunsOn(source, v)),
    env: (v) => void (job.env = templateMapOf(source, v)),
    outputs: (v) => void (job.outputs = templateMapOf(source, v)),
    environment: (v) => assignEnvironment(source, v, job),
    defaults: (v) => void (job.defaults = readDefaults(source, v)),
    'timeout-minutes': (v) => void (job.timeoutMinutes = templateOf(v)),
    'continue-on-error': (v) => void (job.continueOnError = templateOf(v)),
    steps: (v) => void (job.steps = readSteps(source, v)),
    uses: (v) => notYet(source.findings, v.at, 'jobs.<id>.uses', 'Calls of reusable workflows are not carried; write the job here'),
    with: () => undefined,
    secrets: () => undefined,
  })
  if (!called && job.steps.length === 0) add(source.findings, entry.keyAt, { code: 'schema', message: `Job \`${job.id}\` has no steps. Add some.` })
  job.needs = [...new Set(needs.map(textOf))]
  return { job, needs }
}

function readRunsOn(source: YamlSource, value: Value): readonly string[] {
  if (isMapValue(value)) {
    notYet(source.findings, value.at, 'runs-on as a map', 'Write a label or a list of labels')
    return []
  }
  return itemsOf(source, value).map((label) => {
    const text = textOf(label)
    if (text.includes('${{')) notYet(source.findings, label.at, 'an expression in runs-on', 'Write the label itself')
    return text
  })
}

function assignEnvironment(source: YamlSource, value: Value, job: Mutable<Job>): void {
  if (!isMapValue(value)) {
    if (textOf(value) !== '') job.environment = { name: templateOf(value) }
    return
  }
  let name: Template | undefined
  let url: Template | undefined
  readKeys(source, value, {
    name: (v) => void (name = templateOf(v)),
    url: (v) => void (url = templateOf(v)),
  })
  if (name) job.environment = { name, ...(url && { url }) }
}
