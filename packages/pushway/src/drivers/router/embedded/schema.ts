// What the proxy answers, checked: it may be another build than ours.

import type { TrafficCounts } from '@pushway/core/rollout/types.ts'
import { z } from 'zod'
import type { RouteStatus } from '../../../ports/router.ts'
import type { ProxyHello } from '../../../util/control-socket.ts'

const address = z.object({ host: z.string(), port: z.number() })

const route: z.ZodType<RouteStatus> = z.object({
  id: z.string(),
  environment: z.string(),
  service: z.string(),
  listen: address,
  from: z.array(z.string()).optional(),
  protocol: z.enum(['http', 'tcp']),
  groups: z.array(z.object({ group: z.string(), weight: z.number(), targets: z.array(z.string()) })),
  holdMs: z.number(),
  bound: address.optional(),
  problem: z.string().optional(),
  inFlight: z.record(z.string(), z.number()),
})

const counts: z.ZodType<TrafficCounts> = z.object({
  requests: z.number(),
  errors: z.number(),
  p50Ms: z.number(),
  p95Ms: z.number(),
  sinceMs: z.number(),
  firstErrorAt: z.number().optional(),
})

const hello: z.ZodType<ProxyHello> = z.object({
  program: z.literal('pushway-proxy'),
  protocol: z.number(),
  build: z.string(),
  pid: z.number(),
  startedAt: z.number(),
})

/** Totals since the proxy began, for `/metrics`. */
export interface ProxyMetrics {
  readonly groups: Readonly<Record<string, { readonly requests: number; readonly errors: number; readonly ms: number }>>
  readonly routes: number
  readonly revision: number
  readonly connections: number
}

const metrics: z.ZodType<ProxyMetrics> = z.object({
  groups: z.record(z.string(), z.object({ requests: z.number(), errors: z.number(), ms: z.number() })),
  routes: z.number(),
  revision: z.number(),
  connections: z.number(),
})

const failure = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

export const readStatus = (value: unknown): RouteStatus => route.parse(value)
export const readStatuses = (value: unknown): readonly RouteStatus[] => z.array(route).parse(value)
export const readCounts = (value: unknown): Readonly<Record<string, TrafficCounts>> => z.record(z.string(), counts).parse(value)
export const readHello = (value: unknown): ProxyHello => hello.parse(value)
export const readMetrics = (value: unknown): ProxyMetrics => metrics.parse(value)

/** The code and sentence of a refusal. */
export function readFailure(value: unknown): { readonly code: string; readonly message: string } {
  const read = failure.safeParse(value)
  return read.success ? read.data.error : { code: 'unknown', message: 'its answer is not understood' }
}
