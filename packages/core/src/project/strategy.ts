// The strategy of an environment: rolling or canary, and what a new release is judged by.

import type { Mutable } from '../text/mutable.ts'
import { bad, type Field, notYet, readChoice, readDuration, readInteger, readKeys, readPercent } from './fields.ts'
import type { Analysis, CanaryStrategy, RollingStrategy, Strategy } from './types.ts'

/** Up to 5 % failed requests, or as many as the old release has; fifty requests to judge by; wait while there are fewer. */
export const defaultAnalysis: Analysis = { maxErrorRate: 0.05, minRequests: 50, noData: 'hold' }

/** One more instance at a time, none fewer; two minutes to become ready. */
export const defaultRolling: RollingStrategy = {
  kind: 'rolling',
  maxSurge: 1,
  maxUnavailable: 0,
  readyWithinMs: 120_000,
  watchMs: 0,
  analysis: defaultAnalysis,
}

/** A tenth, a third, then over half of the traffic, each watched for two minutes. */
export const defaultCanary: CanaryStrategy = {
  kind: 'canary',
  steps: [10, 30, 60],
  everyMs: 120_000,
  readyWithinMs: 120_000,
  analysis: { ...defaultAnalysis, maxErrorRate: 0.01 },
}

/** `strategy: rolling`, `strategy: canary`, or a mapping with one of them. */
export function readStrategy(field: Field): Strategy | undefined {
  const { reader, node, path } = field
  if (reader.kind(node) === 'scalar') {
    if (reader.scalar(node, path) === 'blue-green') return void notYet(field, 'The blue-green strategy')
    const kind = readChoice(field, ['rolling', 'canary'])
    return kind === 'canary' ? defaultCanary : kind === 'rolling' ? defaultRolling : undefined
  }
  const found: Strategy[] = []
  readKeys(
    field,
    {
      rolling: (value) => found.push(readRolling(value)),
      canary: (value) => found.push(readCanary(value)),
    },
    ['blue-green'],
  )
  if (found.length > 1) return bad(field, `${path} must name one strategy, not ${found.length}.`)
  return found[0]
}

function readRolling(field: Field): RollingStrategy {
  const strategy: Mutable<RollingStrategy> = { ...defaultRolling }
  if (field.reader.kind(field.node) === 'empty') return strategy
  readKeys(field, {
    'max-surge': (value) => set(strategy, 'maxSurge', readInteger(value, 0, 1000)),
    'max-unavailable': (value) => set(strategy, 'maxUnavailable', readInteger(value, 0, 1000)),
    'ready-within': (value) => set(strategy, 'readyWithinMs', readPositive(value)),
    watch: (value) => set(strategy, 'watchMs', readDuration(value)),
    analysis: (value) => set(strategy, 'analysis', readAnalysis(value, defaultRolling.analysis)),
  })
  if (strategy.maxSurge + strategy.maxUnavailable === 0)
    bad(field, `${field.path}: max-surge and max-unavailable can't both be 0, or nothing could ever be replaced.`)
  return strategy
}

function readCanary(field: Field): CanaryStrategy {
  const strategy: Mutable<CanaryStrategy> = { ...defaultCanary }
  if (field.reader.kind(field.node) === 'empty') return strategy
  readKeys(field, {
    steps: (value) => set(strategy, 'steps', readSteps(value)),
    every: (value) => set(strategy, 'everyMs', readPositive(value)),
    'ready-within': (value) => set(strategy, 'readyWithinMs', readPositive(value)),
    analysis: (value) => set(strategy, 'analysis', readAnalysis(value, defaultCanary.analysis)),
  })
  return strategy
}

function readSteps(field: Field): readonly number[] | undefined {
  const { reader, node, path } = field
  const items = reader.items(node, path)
  if (!items) return undefined
  if (items.length === 0) return bad(field, `${path} must have at least one share, such as 10%.`)
  const steps: number[] = []
  for (const [index, item] of items.entries()) {
    const at: Field = { reader, node: item, path: `${path}[${index}]` }
    const percent = readPercent(at)
    if (percent === undefined) continue
    if (percent <= (steps.at(-1) ?? 0)) bad(at, `${at.path} must be more than the step before it: shares of traffic only rise.`)
    steps.push(percent)
  }
  return steps
}

function readAnalysis(field: Field, defaults: Analysis): Analysis {
  const analysis: Mutable<Analysis> = { ...defaults }
  readKeys(field, {
    errors: (value) => set(analysis, 'maxErrorRate', readErrorLimit(value)),
    p95: (value) => Object.assign(analysis, readLatencyLimit(value)),
    'min-requests': (value) => set(analysis, 'minRequests', readInteger(value, 0)),
    'no-data': (value) => set(analysis, 'noData', readChoice(value, ['hold', 'pass', 'fail'])),
  })
  return analysis
}

/** `< 1%` → 0.01. */
function readErrorLimit(field: Field): number | undefined {
  const text = String(field.reader.scalar(field.node, field.path) ?? '')
  const match = /^\s*(?:<=?\s*)?(\d+(?:\.\d+)?)\s*%\s*$/.exec(text)
  const percent = match ? Number(match[1]) : Number.NaN
  return percent <= 100 ? percent / 100 : bad(field, `${field.path} must be a limit such as "< 1%", not "${text}".`)
}

/** `< 1.25x baseline` or `< 300ms`. */
function readLatencyLimit(field: Field): Pick<Analysis, 'p95Factor' | 'p95Ms'> {
  const text = String(field.reader.scalar(field.node, field.path) ?? '')
  const factor = /^\s*(?:<=?\s*)?(\d+(?:\.\d+)?)\s*x(?:\s+baseline)?\s*$/.exec(text)
  if (factor && Number(factor[1]) > 0) return { p95Factor: Number(factor[1]) }
  const time = /^\s*(?:<=?\s*)?(\d+(?:\.\d+)?)\s*(ms|s)\s*$/.exec(text)
  if (time && Number(time[1]) > 0) return { p95Ms: Number(time[1]) * (time[2] === 's' ? 1000 : 1) }
  bad(field, `${field.path} must be a limit such as "< 1.25x baseline" or "< 300ms", not "${text}".`)
  return {}
}

function readPositive(field: Field): number | undefined {
  const value = readDuration(field)
  return value === 0 ? bad(field, `${field.path} must be longer than nothing.`) : value
}

/** Sets a key when there is a value. */
export function set<T, K extends keyof T>(target: T, key: K, value: T[K] | undefined): void {
  if (value !== undefined) target[key] = value
}
