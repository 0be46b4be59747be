// /metrics in Prometheus' text format: the process, HTTP, and what runs and deployments came to since the start.

import type { ServerResponse } from 'node:http'
import type { StoredEvent } from '@pushway/core/event/types.ts'
import { type MetricHeading, renderLabels, renderMetric } from '../util/metrics-text.ts'

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export type Part = 'git' | 'registry' | 'results' | 'hooks' | 'api' | 'rest' | 'ui' | 'system'

/** Totals of the proxy since it began, per group. */
export interface TrafficTotals {
  readonly groups: Readonly<Record<string, { readonly requests: number; readonly errors: number }>>
}

export interface Metrics {
  /** Counts an answer when it has been sent. */
  watch(res: ServerResponse, part: Part, method: string): void
  count(events: readonly StoredEvent[]): void
  /** `traffic`: what the proxy counted; absent when it does not answer. `more`: lines of other parts. */
  render(traffic?: TrafficTotals, more?: readonly string[]): string
}

/** A set of counters; they begin at zero. */
export function createMetrics(version: string): Metrics {
  const requests = new Map<string, number>()
  const durations = new Map<Part, { counts: number[]; sum: number; total: number }>()
  const facts = new Map<string, number>()
  return {
    watch(res, part, method) {
      const started = process.hrtime.bigint()
      res.on('close', () => {
        add(requests, renderLabels({ part, method: /^(GET|HEAD|POST|PUT|PATCH|DELETE)$/.test(method) ? method : 'other', code: String(res.statusCode) }))
        observe(durations, part, Number(process.hrtime.bigint() - started) / 1e9)
      })
    },
    count(events) {
      for (const { body } of events) {
        if (body.type === 'RunFinished') add(facts, `pushway_runs_finished_total${renderLabels({ conclusion: body.conclusion })}`)
        else if (body.type === 'DeploymentClosed') add(facts, `pushway_deployments_finished_total${renderLabels({ conclusion: body.conclusion })}`)
        else if (body.type === 'RolloutAborted') add(facts, 'pushway_rollouts_aborted_total')
        else if (body.type === 'PushReceived') add(facts, `pushway_pushes_total${renderLabels({ source: body.source })}`)
        else if (body.type === 'RunRequested') add(facts, `pushway_runs_started_total${renderLabels({ event: body.cause.event })}`)
      }
    },
    render: (traffic, more = []) =>
      [...processLines(version), ...httpLines(requests, durations), ...factLines(facts), ...trafficLines(traffic), ...more].join('\n').concat('\n'),
  }
}

function processLines(version: string): readonly string[] {
  const memory = process.memoryUsage()
  const cpu = process.cpuUsage()
  return [
    ...renderMetric({ name: 'pushway_info', type: 'gauge', help: 'The version that runs.' }, [`pushway_info${renderLabels({ version })} 1`]),
    ...single({ name: 'process_cpu_seconds_total', type: 'counter', help: 'CPU time used, seconds.' }, (cpu.user + cpu.system) / 1e6),
    ...single({ name: 'process_resident_memory_bytes', type: 'gauge', help: 'Memory in use, bytes.' }, memory.rss),
    ...single({ name: 'process_start_time_seconds', type: 'gauge', help: 'Start, seconds since 1970.' }, Math.round(performance.timeOrigin / 1000)),
    ...single({ name: 'nodejs_heap_used_bytes', type: 'gauge', help: 'Heap in use, bytes.' }, memory.heapUsed),
    ...single(
      { name: 'nodejs_eventloop_active_seconds_total', type: 'counter', help: 'Time the event loop was busy, seconds.' },
      performance.eventLoopUtilization().active / 1000,
    ),
  ]
}

function httpLines(requests: ReadonlyMap<string, number>, durations: ReadonlyMap<Part, { counts: number[]; sum: number; total: number }>): readonly string[] {
  const name = 'pushway_http_request_duration_seconds'
  const histogram = [...durations].flatMap(([part, { counts, sum, total }]) => [
    ...SECONDS.map((le, i) => `${name}_bucket${renderLabels({ part, le: String(le) })} ${counts[i] ?? 0}`),
    `${name}_bucket${renderLabels({ part, le: '+Inf' })} ${total}`,
    `${name}_sum${renderLabels({ part })} ${sum}`,
    `${name}_count${renderLabels({ part })} ${total}`,
  ])
  return [
    ...renderMetric(
      { name: 'pushway_http_requests_total', type: 'counter', help: 'Answers sent.' },
      [...requests].map(([key, value]) => `pushway_http_requests_total${key} ${value}`),
    ),
    ...renderMetric({ name, type: 'histogram', help: 'Time to the end of the answer, seconds.' }, histogram),
  ]
}

function factLines(facts: ReadonlyMap<string, number>): readonly string[] {
  const names = [...new Set([...facts.keys()].map((key) => key.replace(/\{.*/, '')))].sort()
  return names.flatMap((name) => {
    const lines = [...facts].filter(([key]) => key.replace(/\{.*/, '') === name).map(([key, value]) => `${key} ${value}`)
    return renderMetric({ name, type: 'counter', help: 'Since the start of the server.' }, lines)
  })
}

function trafficLines(traffic: TrafficTotals | undefined): readonly string[] {
  const lines = (name: string, value: 'requests' | 'errors') =>
    Object.entries(traffic?.groups ?? {}).map(([group, counts]) => {
      const [environment = '', service = '', release = ''] = group.split('~')
      return `${name}${renderLabels({ environment, service, release })} ${counts[value]}`
    })
  const answered = { name: 'pushway_proxy_requests_total', type: 'counter', help: 'Requests to services, since the start of the proxy.' } as const
  const failed = { name: 'pushway_proxy_errors_total', type: 'counter', help: 'Of these, answered with 500 and above or not at all.' } as const
  return [...renderMetric(answered, lines(answered.name, 'requests')), ...renderMetric(failed, lines(failed.name, 'errors'))]
}

function observe(durations: Map<Part, { counts: number[]; sum: number; total: number }>, part: Part, seconds: number): void {
  const entry = durations.get(part) ?? { counts: SECONDS.map(() => 0), sum: 0, total: 0 }
  durations.set(part, entry)
  entry.sum += seconds
  entry.total += 1
  for (const [i, le] of SECONDS.entries()) if (seconds <= le) entry.counts[i] = (entry.counts[i] ?? 0) + 1
}

function single(heading: MetricHeading, value: number): readonly string[] {
  return renderMetric(heading, [`${heading.name} ${value}`])
}

function add(counters: Map<string, number>, key: string): void {
  counters.set(key, (counters.get(key) ?? 0) + 1)
}
