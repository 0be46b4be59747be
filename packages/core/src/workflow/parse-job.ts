// `jobs`: each job, and what it says about where and when it runs.

import { add, notYet } from './findings.ts'
import { readCall } from './parse-call.ts'
import { checkId, readCondition, readDefaults } from './parse-common.ts'
import { readConcurrency } from './parse-concurrency.ts'
import { readContainer, readServices } from './parse-container.ts'
import { readPermissions } from './parse-permissions.ts'
import { readSteps } from './parse-step.ts'
import { readStrategy } from './parse-strategy.ts'
import type { Job } from './types.ts'
import { type Entry, entriesOf, isMapValue, itemsOf, takeKeys, templateAt, templateMapOf, templateOf, textOf, type Value } from './yaml-node.ts'
import type { YamlSource } from './yaml-source.ts'

/** A job with the places of its `needs`, for the check of the graph. */
export interface ReadJob {
  readonly job: Job
  readonly needs: readonly Value[]
}

/** Reads all jobs. */
export function readJobs(source: YamlSource, value: Value): readonly ReadJob[] {
  return entriesOf(source, value).map((entry) => readJob(source, entry))
}

const jobKeys = [
  'name',
  'needs',
  'if',
  'runs-on',
  'env',
  'outputs',
  'environment',
  'container',
  'services',
  'strategy',
  'concurrency',
  'permissions',
  'defaults',
  'timeout-minutes',
  'continue-on-error',
  'steps',
  'uses',
  'with',
  'secrets',
] as const

function readJob(source: YamlSource, entry: Entry): ReadJob {
  checkId(source, entry.keyAt, ['job', entry.key])
  const keys = takeKeys(source, entry.value, jobKeys)
  const needs = itemsOf(source, keys.needs?.value)
  const steps = keys.steps ? readSteps(source, keys.steps.value) : []
  const call = keys.uses && readCall(source, keys.uses, keys)
  if (!call && steps.length === 0) add(source.findings, entry.keyAt, { code: 'schema', message: `Job \`${entry.key}\` has no steps. Add some.` })
  const [container, services] = [readContainer(source, keys.container), readServices(source, keys.services)]
  const job: Job = {
    id: entry.key,
    name: templateAt(keys.name),
    needs: [...new Set(needs.map(textOf))],
    if: keys.if && readCondition(source, keys.if.value, 'job'),
    ...readRunsOn(source, keys['runs-on']?.value),
    strategy: readStrategy(source, keys.strategy),
    concurrency: readConcurrency(source, keys.concurrency),
    permissions: readPermissions(source, keys.permissions),
    env: templateMapOf(source, keys.env?.value),
    outputs: templateMapOf(source, keys.outputs?.value),
    environment: readEnvironment(source, keys.environment?.value),
    defaults: readDefaults(source, keys.defaults),
    timeoutMinutes: templateAt(keys['timeout-minutes']),
    continueOnError: templateAt(keys['continue-on-error']),
    ...(container ? { container } : {}),
    ...(services ? { services } : {}),
    steps,
    ...(call ? { call } : {}),
    at: entry.keyAt,
  }
  return { job, needs }
}

/** A label, a list of labels, or `{ group, labels }`. */
function readRunsOn(source: YamlSource, value: Value | undefined): Pick<Job, 'runsOn' | 'runnerGroup'> {
  if (!value || !isMapValue(value)) return { runsOn: itemsOf(source, value).map(textOf) }
  const { group, labels } = takeKeys(source, value, ['group', 'labels'])
  return { runsOn: itemsOf(source, labels?.value).map(textOf), ...(group ? { runnerGroup: templateOf(group.value) } : {}) }
}

function readEnvironment(source: YamlSource, value: Value | undefined): Job['environment'] {
  if (!value) return undefined
  if (!isMapValue(value)) return textOf(value) === '' ? undefined : { name: templateOf(value) }
  const { name, url, deployment } = takeKeys(source, value, ['name', 'url', 'deployment'])
  // Protection rules and what is deployed hang on the deployment; without one there would be nothing that keeps to them.
  if (deployment && textOf(deployment.value) !== 'true') notYet(source.findings, deployment.keyAt, 'deployment: false')
  if (!name || textOf(name.value) === '') return undefined
  return { name: templateOf(name.value), url: templateAt(url) }
}
